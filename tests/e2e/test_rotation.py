"""A new value, however it comes, reaches the Secret in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import encoded, git, passwords, registry

if TYPE_CHECKING:
    from tests.e2e.support import Json, Organization

ENTRY = {"username": "bot", "server_address": "ghcr.io"}


def assert_rotated(org: Organization, name: str, before: Json, slot_before: Json, password: str) -> Json:
    """The Secret holds `password`, is the same object, and the slot tells of the new version once."""

    def check() -> Json:
        slot = org.ready(name)
        assert slot["status"]["vault"] != slot_before["status"]["vault"]
        return slot

    slot = eventually(check)
    after = org.secret(name)
    assert passwords(after) == {"ghcr.io": password}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    event = org.event(name, "Rotated")
    assert event["type"] == "Normal"
    assert f"version {slot['status']['vault']['version']}" in event["message"]
    return slot


def assert_tells_the_entry(org: Organization, name: str, slot: Json) -> None:
    """The status names the version that Vault holds, and when it was made."""
    metadata = org.vault.metadata(org.entry(name))
    assert metadata is not None
    version = metadata["current_version"]
    created = metadata["versions"][str(version)]["created_time"]
    assert slot["status"]["vault"] == {
        "path": f"{org.vault.mount}/{org.entry(name)}",
        "version": version,
        "createdTime": created,
    }
    assert slot["status"]["updatedAt"] == created


def test_an_inline_value_set_again_reaches_the_secret_in_place(org: Organization) -> None:
    first = org.made("pull", registry("one"))
    before = org.secret("pull")
    assert org.events("pull") == []
    org.edit("pull", registry("two"))
    slot = assert_rotated(org, "pull", before, first, "two")
    assert_tells_the_entry(org, "pull", slot)
    assert slot["status"]["vault"]["version"] == 2
    assert slot["status"]["createdAt"] == first["status"]["createdAt"] == first["status"]["updatedAt"]
    assert "password" not in slot["spec"]["registry"]


def test_a_rotation_writes_the_secret_once(org: Organization) -> None:
    first = org.made("pull", registry("one"))
    before = org.secret("pull")
    mark = org.mark()
    org.edit("pull", registry("two"))
    assert_rotated(org, "pull", before, first, "two")
    org.barrier()
    assert org.calls(mark, "secrets", "pull") == ["patch"]
    assert org.events("pull") == ["Rotated"]


def test_the_same_value_set_again_makes_no_version_and_no_rotation(org: Organization) -> None:
    first = org.made("pull", registry("one"))
    before = org.secret("pull")
    mark = org.mark()
    org.edit("pull", registry("one"))
    eventually(lambda: "password" not in org.slot("pull")["spec"]["registry"])
    slot = org.ready("pull")
    org.barrier()
    assert org.vault.version(org.entry("pull")) == 1
    assert slot["status"]["vault"] == first["status"]["vault"]
    assert org.secret("pull") == before
    assert org.calls(mark, "secrets", "pull") == []
    assert org.events("pull") == []


def source(org: Organization, value: str, *, watched: bool) -> Json:
    labels = {"slotwarden.io/watch": "true"} if watched else {}
    metadata = {"name": "source", "labels": labels}
    org.kube.create(core(org.namespace, "secrets"), {"metadata": metadata, "data": {"key": encoded(value)}})
    spec = registry(refreshInterval="1h")
    spec["registry"]["passwordFrom"] = {"secretKeyRef": {"name": "source", "key": "key"}}
    return spec


def test_a_watched_source_that_changes_rotates_at_once(org: Organization) -> None:
    first = org.made("pull", source(org, "one", watched=True))
    before = org.secret("pull")
    org.patch_secret("source", {"data": {"key": encoded("two")}})
    slot = assert_rotated(org, "pull", before, first, "two")
    assert_tells_the_entry(org, "pull", slot)
    assert slot["status"]["sourceMac"] != first["status"]["sourceMac"]


def test_an_unlabelled_source_that_changed_rotates_at_a_refresh(org: Organization) -> None:
    first = org.made("pull", source(org, "one", watched=False))
    before = org.secret("pull")
    org.patch_secret("source", {"data": {"key": encoded("two")}})
    org.refreshed("pull")
    assert passwords(org.secret("pull")) == {"ghcr.io": "two"}
    assert_rotated(org, "pull", before, first, "two")


def test_an_unlabelled_source_is_looked_at_every_refresh_interval(org: Organization) -> None:
    spec = source(org, "one", watched=False) | {"refreshInterval": "1s"}
    first = org.made("pull", spec)
    before = org.secret("pull")
    org.patch_secret("source", {"data": {"key": encoded("two")}})
    assert_rotated(org, "pull", before, first, "two")


def test_a_version_written_by_someone_else_is_found_at_the_refresh(org: Organization) -> None:
    first = org.made("pull", registry("one", refreshInterval="1s"))
    before = org.secret("pull")
    org.vault.write(org.entry("pull"), {**ENTRY, "password": "two"})
    slot = assert_rotated(org, "pull", before, first, "two")
    assert_tells_the_entry(org, "pull", slot)


def test_a_refresh_that_was_asked_for_is_answered_when_the_secret_holds_the_new_value(org: Organization) -> None:
    first = org.made("pull", registry("v0"))
    before = org.secret("pull")
    for number in range(1, 6):
        org.vault.write(org.entry("pull"), {**ENTRY, "password": f"v{number}"})
        slot = org.refreshed("pull")
        after = org.secret("pull")
        assert passwords(after) == {"ghcr.io": f"v{number}"}
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        assert slot["status"]["vault"]["version"] == first["status"]["vault"]["version"] + number
        assert_tells_the_entry(org, "pull", slot)


def test_a_refresh_without_a_change_is_answered_and_changes_nothing_else(org: Organization) -> None:
    first = org.made("pull", git("one"))
    before = org.secret("pull")
    mark = org.mark()
    slot = org.refreshed("pull")
    org.barrier()
    assert org.calls(mark, "secrets", "pull") == []
    assert org.secret("pull") == before
    assert slot["status"]["vault"] == first["status"]["vault"]
    assert slot["status"]["conditions"] == first["status"]["conditions"]
    assert org.events("pull") == []


def test_an_entry_purged_and_written_anew_is_noticed_although_its_version_is_the_same(org: Organization) -> None:
    first = org.made("pull", registry("one", refreshInterval="1s"))
    before = org.secret("pull")
    path = org.entry("pull")
    owner = (org.vault.metadata(path) or {})["custom_metadata"]
    org.vault.purge(path)
    org.vault.write(path, {**ENTRY, "password": "two"})
    org.vault.set_custom_metadata(path, owner)
    slot = assert_rotated(org, "pull", before, first, "two")
    assert slot["status"]["vault"]["version"] == first["status"]["vault"]["version"] == 1
    assert slot["status"]["vault"]["createdTime"] != first["status"]["vault"]["createdTime"]
    assert_tells_the_entry(org, "pull", slot)


def test_an_entry_purged_and_written_by_hand_is_taken_as_the_slots_own(org: Organization) -> None:
    first = org.made("pull", registry("one"))
    before = org.secret("pull")
    org.vault.purge(org.entry("pull"))
    org.vault.write(org.entry("pull"), {**ENTRY, "password": "two"})
    org.ask_refresh("pull")
    assert_rotated(org, "pull", before, first, "two")
    metadata = org.vault.metadata(org.entry("pull")) or {}
    assert metadata["custom_metadata"]["slotwarden.io/object-uid"] == first["metadata"]["uid"]
