"""A projected Secret that somebody changed is made right at once, from what is known; what others added to it stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from testbed.wait import eventually
from tests.e2e.support import MANAGED_BY, OWNER, WATCH, auths, data, encoded, git, projected, registry

if TYPE_CHECKING:
    from testbed.clients.audit import Mark
    from tests.e2e.support import Json, Organization

DOCUMENT = ".dockerconfigjson"
VAULT_WRITES = {"create", "update", "delete", "patch"}


def is_as(before: Json, after: Json) -> bool:
    """Whether a Secret is what it was, but for its version and what the API server keeps on it."""

    def essence(secret: Json) -> Json:
        metadata = {key: secret["metadata"].get(key) for key in ("labels", "annotations", "ownerReferences")}
        return {"type": secret["type"], "data": secret["data"], **metadata}

    return essence(before) == essence(after)


def assert_made_right(org: Organization, before: Json) -> None:
    """The Secret is again as it was, the same object, after one write; the slot never said otherwise."""
    name = before["metadata"]["name"]

    def check() -> Json:
        now = org.secret(name)
        assert is_as(before, now), now["metadata"]
        return now

    after = eventually(check, message=f"the Secret {name} is made right")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


def vault_writes(org: Organization, since: Mark) -> list[str]:
    """What was written to this organization's entries."""
    asked = org.session.vault_audit.requests(f"{org.prefix}/{org.namespace}", since=since)
    return [request["path"] for request in asked if request["operation"] in VAULT_WRITES]


def test_an_edited_or_removed_key_of_a_basic_auth_secret_is_made_right(org: Organization) -> None:
    changes = [{"username": encoded("edited")}, {"password": encoded("edited")}, {"password": None}]
    org.made("token", git("one"))
    before = org.secret("token")
    for change in changes:
        mark = org.mark()
        org.patch_secret("token", {"data": change})
        assert_made_right(org, before)
        org.barrier()
        assert org.calls(mark, "secrets", "token") == ["patch"]
    assert org.ready("token")["status"]["projections"][0]["uid"] == before["metadata"]["uid"]
    assert org.events("token") == []


def tampered(secret: Json, **entries: Json | None) -> str:
    """The document of a dockerconfigjson Secret with entries added, changed or (None) removed."""
    merged = auths(secret) | {server.replace("_", "."): entry for server, entry in entries.items()}
    return json.dumps({"auths": {server: entry for server, entry in merged.items() if entry is not None}})


FOREIGN = {"username": "eve", "password": "eve", "auth": encoded("eve:eve")}


def test_a_document_that_was_edited_is_made_right_without_a_write_to_vault(org: Organization) -> None:
    org.made("pull", registry("one"))
    before = org.secret("pull")
    vault_mark = org.session.vault_audit.mark()
    documents = {
        "an entry added": tampered(before, evil_example=FOREIGN),
        "the entry changed": tampered(before, ghcr_io=FOREIGN),
        "the entry replaced": tampered(before, ghcr_io=None, evil_example=FOREIGN),
        "no entries": '{"auths":{}}',
        "nothing": "{ }",
        "another form of the same": '{"auths":{"ghcr.io":{"auth":"Ym90Om9uZQ=="}}}',
    }
    for document in documents.values():
        org.patch_secret("pull", {"data": {DOCUMENT: encoded(document)}})
        assert_made_right(org, before)
    assert vault_writes(org, vault_mark) == []


def test_a_deleted_secret_is_made_anew(org: Organization) -> None:
    first = org.made("pull", registry("one"))
    before = org.secret("pull")
    vault_mark = org.session.vault_audit.mark()
    org.delete_secret("pull")

    def check() -> Json:
        now = org.secret("pull")
        assert is_as(before, now)
        return now

    after = eventually(check)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    uid = after["metadata"]["uid"]
    eventually(lambda: org.slot("pull")["status"]["projections"][0]["uid"] == uid)
    assert vault_writes(org, vault_mark) == []
    assert org.slot("pull")["status"]["vault"] == first["status"]["vault"]


OURS = [MANAGED_BY, OWNER, WATCH]


def test_labels_that_were_stripped_are_put_back(org: Organization) -> None:
    org.made("pull", registry("one"))
    org.made("token", git("one"))
    for name in ("pull", "token"):
        before = org.secret(name)
        for labels in ([WATCH], [OWNER], [MANAGED_BY], [MANAGED_BY, OWNER], OURS):
            org.patch_secret(name, {"metadata": {"labels": dict.fromkeys(labels)}})
            assert_made_right(org, before)


def test_labels_that_were_edited_are_made_right(org: Organization) -> None:
    org.made("pull", registry("one"))
    before = org.secret("pull")
    org.patch_secret("pull", {"metadata": {"labels": dict.fromkeys([*OURS, "app.kubernetes.io/name"], "edited")}})
    assert_made_right(org, before)


def test_owner_references_that_were_stripped_are_put_back(org: Organization) -> None:
    org.made("pull", registry("one"))
    before = org.secret("pull")
    org.patch_secret("pull", {"metadata": {"ownerReferences": None}})
    assert_made_right(org, before)


def test_a_secret_stripped_of_all_that_says_whose_it_is_is_made_right(org: Organization) -> None:
    org.made("pull", registry("one"))
    before = org.secret("pull")
    bare = {"labels": None, "annotations": None, "ownerReferences": None}
    org.patch_secret("pull", {"metadata": bare, "data": {DOCUMENT: encoded('{"auths":{}}')}})
    assert_made_right(org, before)


def test_declared_labels_and_annotations_that_were_edited_are_made_right(org: Organization) -> None:
    declared = {"labels": {"team": "blue"}, "annotations": {"tekton.dev/git-0": "https://github.com"}}
    org.made("token", git("one", **projected("token", **declared)))
    before = org.secret("token")
    edited = {"labels": {"team": "red"}, "annotations": {"tekton.dev/git-0": "https://evil.example"}}
    org.patch_secret("token", {"metadata": edited})
    assert_made_right(org, before)
    org.patch_secret("token", {"metadata": {"labels": {"team": None}, "annotations": None}})
    assert_made_right(org, before)
    record = "slotwarden.io/declared-keys"
    assert record in before["metadata"]["annotations"]
    for edited_record in ('{"labels":["app"]}', "no JSON", None):
        org.patch_secret("token", {"metadata": {"annotations": {record: edited_record}}})
        assert_made_right(org, before)


def test_what_others_added_stays_through_a_repair_and_a_rotation(org: Organization) -> None:
    org.made("token", git("one"))
    theirs = {"labels": {"others": "label"}, "annotations": {"others": "annotation"}}
    org.patch_secret("token", {"metadata": theirs, "data": {"known_hosts": encoded("github.com ssh-ed25519 AAAA")}})
    org.barrier()
    org.patch_secret("token", {"data": {"password": encoded("edited")}, "metadata": {"labels": {OWNER: None}}})

    def holds(password: str) -> bool:
        secret = org.secret("token")
        assert data(secret) == {
            "username": "bot",
            "password": password,
            "known_hosts": "github.com ssh-ed25519 AAAA",
        }
        assert secret["metadata"]["labels"]["others"] == "label"
        assert secret["metadata"]["annotations"]["others"] == "annotation"
        return OWNER in secret["metadata"]["labels"]

    eventually(lambda: holds("one"))
    org.edit("token", git("two"))
    eventually(lambda: holds("two"))


def test_what_others_added_causes_no_write(org: Organization) -> None:
    org.made("token", git("one"))
    mark = org.mark()
    org.patch_secret("token", {"metadata": {"labels": {"others": "label"}}, "data": {"extra": encoded("x")}})
    org.barrier()
    assert org.calls(mark, "secrets", "token") == []


def test_drift_while_the_operator_was_down_is_made_right_at_its_start(org: Organization) -> None:
    org.made("pull", registry("one"))
    org.made("token", git("one"))
    pull, token = org.secret("pull"), org.secret("token")
    org.operator.stop()
    org.patch_secret("pull", {"metadata": {"labels": dict.fromkeys(OURS), "ownerReferences": None}})
    org.patch_secret("token", {"data": {"password": encoded("edited")}})
    org.operator.start()
    assert_made_right(org, pull)
    assert_made_right(org, token)
