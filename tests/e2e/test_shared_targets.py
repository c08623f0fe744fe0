"""Several slots on one Secret: each has its own part, and of two that claim one part the older keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.wait import eventually
from tests.e2e.support import (
    OWNER,
    auths,
    condition,
    data,
    encoded,
    git,
    has_condition,
    passwords,
    projected,
    registry,
)

if TYPE_CHECKING:
    from tests.e2e.support import Json, Organization

SHARED = projected("shared")
CALLS = {"get", "list", "create", "patch", "update", "delete"}


def two_registries(org: Organization) -> None:
    """Slots `ghcr` and `quay` on the Secret `shared`."""
    org.create("quay", registry("q1", server="quay.io", **SHARED))
    org.create("ghcr", registry("g1", server="ghcr.io", **SHARED))
    org.ready("quay")
    org.ready("ghcr")
    holds(org, {"ghcr.io": "g1", "quay.io": "q1"})


def holds(org: Organization, expected: dict[str, str]) -> Json:
    """The Secret `shared`, once it holds these passwords."""

    def check() -> Json:
        secret = org.secret("shared")
        assert passwords(secret) == expected
        return secret

    return eventually(check)


def owners(secret: Json) -> set[str]:
    return {owner["uid"] for owner in secret["metadata"].get("ownerReferences", [])}


def by_age(org: Organization, *names: str) -> list[Json]:
    """Slots, the older first."""
    found = [org.slot(name)["metadata"] for name in names]
    return sorted(found, key=lambda metadata: (metadata["creationTimestamp"], metadata["uid"]))


def test_two_registries_share_one_secret_in_the_order_of_their_servers(org: Organization) -> None:
    two_registries(org)
    secret = org.secret("shared")
    assert list(auths(secret)) == ["ghcr.io", "quay.io"]
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    assert secret["metadata"]["labels"][OWNER].startswith("shared-")
    older, younger = by_age(org, "ghcr", "quay")
    references = secret["metadata"]["ownerReferences"]
    assert [(owner["uid"], owner["controller"]) for owner in references] == [
        (older["uid"], True),
        (younger["uid"], False),
    ]
    for name in ("ghcr", "quay"):
        (projection,) = org.slot(name)["status"]["projections"]
        assert projection["uid"] == secret["metadata"]["uid"]
        assert projection["reason"] == "Ready"


def test_rotating_one_leaves_the_others_entry_and_status_alone(org: Organization) -> None:
    two_registries(org)
    org.barrier()
    before, other = org.secret("shared"), org.slot("quay")
    mark, vault_mark = org.mark(), org.session.vault_audit.mark()
    org.edit("ghcr", registry("g2"))
    after = holds(org, {"ghcr.io": "g2", "quay.io": "q1"})
    org.event("ghcr", "Rotated")
    org.barrier()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert auths(after)["quay.io"] == auths(before)["quay.io"]
    assert org.slot("quay") == other
    calls = org.calls(mark, "secrets", "shared", CALLS)
    assert calls in (["get", "patch"], ["patch"])
    assert org.calls(mark, "secretslots/status", "quay") == []
    assert org.session.vault_audit.requests(org.entry("quay"), since=vault_mark) == []
    assert org.events("quay") == []


def test_drift_of_one_entry_of_several_is_made_right(org: Organization) -> None:
    two_registries(org)
    before = org.secret("shared")
    broken = before["data"] | {".dockerconfigjson": encoded('{"auths":{"ghcr.io":{"auth":"ZXZlOmV2ZQ=="}}}')}
    org.patch_secret("shared", {"data": broken})
    after = holds(org, {"ghcr.io": "g1", "quay.io": "q1"})
    assert after["data"] == before["data"]


def test_deleting_one_removes_its_entry_alone(org: Organization) -> None:
    two_registries(org)
    before = org.secret("shared")
    ghcr = org.slot("ghcr")
    org.delete_slot("quay")
    after = holds(org, {"ghcr.io": "g1"})
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert owners(after) == {ghcr["metadata"]["uid"]}
    assert after["metadata"]["labels"][OWNER] == ghcr["metadata"]["uid"]
    assert org.ready("ghcr")["status"]["vault"] == ghcr["status"]["vault"]


def test_deleting_the_last_removes_the_secret(org: Organization) -> None:
    two_registries(org)
    org.delete_slot("quay")
    holds(org, {"ghcr.io": "g1"})
    org.delete_slot("ghcr")
    eventually(lambda: org.find_secret("shared") is None)


def test_a_slot_without_a_value_adds_nothing_to_anothers_secret_and_does_not_keep_it(org: Organization) -> None:
    theirs = projected("shared", annotations={"example.com/copy-to": "elsewhere"}, labels={"example.com/a": "b"})
    org.create("idle", registry(server="quay.io", **theirs))
    org.told("idle", "AwaitingValue")
    org.create("ghcr", registry("g1", **SHARED))
    org.ready("ghcr")
    org.create("later", registry(server="docker.io", **theirs))
    org.told("later", "AwaitingValue")
    org.barrier()
    metadata = holds(org, {"ghcr.io": "g1"})["metadata"]
    assert "example.com/copy-to" not in metadata.get("annotations", {})
    assert "example.com/a" not in metadata["labels"]
    assert [owner["name"] for owner in metadata["ownerReferences"]] == ["ghcr"]
    org.delete_slot("ghcr")
    eventually(lambda: org.find_secret("shared") is None, message="the Secret goes with its only owner")


def test_a_slot_that_leaves_takes_its_entry_along(org: Organization) -> None:
    two_registries(org)
    before = org.secret("shared")
    org.edit("quay", projected("own"))
    org.ready("quay")
    after = holds(org, {"ghcr.io": "g1"})
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert passwords(org.secret("own")) == {"quay.io": "q1"}


def test_an_entry_joins_a_secret_in_place_when_its_value_comes(org: Organization) -> None:
    org.made("ghcr", registry("g1", **SHARED))
    before = org.secret("shared")
    org.create("quay", registry(server="quay.io", **SHARED))
    org.told("quay", "AwaitingValue")
    assert passwords(org.secret("shared")) == {"ghcr.io": "g1"}
    org.edit("quay", registry("q1", server="quay.io"))
    after = holds(org, {"ghcr.io": "g1", "quay.io": "q1"})
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


def test_an_entry_whose_value_was_deleted_in_vault_stays_when_another_rotates(org: Organization) -> None:
    two_registries(org)
    org.vault.soft_delete(org.entry("quay"))
    org.refreshed("quay")
    org.told("quay", "VersionDeleted")
    org.edit("ghcr", registry("g2"))
    holds(org, {"ghcr.io": "g2", "quay.io": "q1"})


def test_an_address_changed_without_a_value_leaves_a_shared_secret_alone(org: Organization) -> None:
    two_registries(org)
    before = org.secret("shared")
    mark = org.mark()
    org.edit("quay", registry(server="evil.example"))
    org.told("quay", "AddressMismatch")
    org.barrier()
    assert passwords(org.secret("shared")) == passwords(before)
    assert org.calls(mark, "secrets", "shared") == []


def disputed(org: Organization, first: Json, second: Json) -> tuple[str, str]:
    """Two slots that claim one part, once both are told of; the older and the younger."""
    org.create("one", first)
    org.create("two", second)
    older, younger = (metadata["name"] for metadata in by_age(org, "one", "two"))
    slot = org.told(younger, "TargetConflict")
    assert condition(slot)["status"] == "False"
    assert condition(slot, "Stalled")["reason"] == "TargetConflict"
    assert older in condition(slot)["message"]
    assert org.event(younger, "TargetConflict")["type"] == "Warning"

    def kept() -> bool:
        keeper = org.ready(older)
        assert younger in keeper["status"]["projections"][0].get("message", "")
        assert younger in condition(keeper)["message"]
        return not has_condition(keeper, "Stalled")

    eventually(kept)
    assert owners(org.secret("shared")) == {org.slot(older)["metadata"]["uid"]}
    return older, younger


PASSWORD = {"one": "p1", "two": "p2"}


def test_of_two_with_the_same_server_the_older_keeps_the_entry_and_both_say_so(org: Organization) -> None:
    older, _ = disputed(org, registry("p1", **SHARED), registry("p2", **SHARED))
    assert passwords(org.secret("shared")) == {"ghcr.io": PASSWORD[older]}


def test_the_younger_takes_over_when_the_older_is_deleted(org: Organization) -> None:
    older, younger = disputed(org, registry("p1", **SHARED), registry("p2", **SHARED))
    org.delete_slot(older)
    slot = org.ready(younger)
    assert not has_condition(slot, "Stalled")
    holds(org, {"ghcr.io": PASSWORD[younger]})
    assert "message" not in slot["status"]["projections"][0]


def test_the_younger_recovers_when_it_names_another_server(org: Organization) -> None:
    older, younger = disputed(org, registry("p1", **SHARED), registry("p2", **SHARED))
    org.edit(younger, registry("p3", server="quay.io"))
    org.ready(younger)
    holds(org, {"ghcr.io": PASSWORD[older], "quay.io": "p3"})
    eventually(lambda: "message" not in org.slot(older)["status"]["projections"][0])


def test_of_two_types_on_one_secret_the_olders_holds(org: Organization) -> None:
    first = registry("p1", **SHARED)
    second = registry("p2", server="quay.io", **projected("shared", type="basic-auth"))
    older, younger = disputed(org, first, second)
    kinds = {"one": "kubernetes.io/dockerconfigjson", "two": "kubernetes.io/basic-auth"}
    assert org.secret("shared")["type"] == kinds[older]
    org.delete_slot(older)
    org.ready(younger)
    eventually(lambda: org.secret("shared")["type"] == kinds[younger])


def test_of_two_git_slots_on_one_secret_the_older_keeps_it(org: Organization) -> None:
    older, younger = disputed(org, git("p1", **SHARED), git("p2", url="https://gitlab.com", **SHARED))
    assert data(org.secret("shared")) == {"username": "bot", "password": PASSWORD[older]}
    org.delete_slot(older)
    org.ready(younger)
    eventually(lambda: data(org.secret("shared")) == {"username": "bot", "password": PASSWORD[younger]})
