"""A spec that asks for another Secret: another name, type, kind, or other labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import condition, data, git, passwords, projected, registry

if TYPE_CHECKING:
    from tests.e2e.support import Json, Organization


def test_a_renamed_target_is_made_and_the_former_one_cleaned_up(org: Organization) -> None:
    org.made("pull", registry("one"))
    former = org.secret("pull")
    org.edit("pull", projected("renamed"))
    slot = org.ready("pull")
    assert passwords(org.secret("renamed")) == {"ghcr.io": "one"}
    eventually(lambda: org.find_secret("pull") is None, message="the former Secret is gone")
    (projection,) = slot["status"]["projections"]
    assert projection["secretName"] == "renamed"
    assert projection["uid"] == org.secret("renamed")["metadata"]["uid"] != former["metadata"]["uid"]
    assert slot["status"]["vault"]["version"] == 1


def test_a_target_renamed_and_back_leaves_one_secret(org: Organization) -> None:
    org.made("pull", registry("one"))
    for name in ("renamed", "pull", "again"):
        org.edit("pull", projected(name))
    org.ready("pull")
    eventually(lambda: org.find_secret("pull") is None and org.find_secret("renamed") is None)
    assert passwords(org.secret("again")) == {"ghcr.io": "one"}


def test_the_former_secret_stays_until_the_one_of_the_new_name_can_be_made(org: Organization) -> None:
    org.made("pull", registry("one"))
    former = org.secret("pull")
    org.kube.create(core(org.namespace, "secrets"), {"metadata": {"name": "taken"}})
    org.edit("pull", projected("taken"))
    org.told("pull", "ForeignSecret")
    org.barrier()
    assert org.secret("pull") == former
    org.operator.restart()
    org.told("pull", "ForeignSecret")
    org.barrier()
    assert org.secret("pull") == former
    org.delete_secret("taken")
    org.ready("pull")
    assert passwords(org.secret("taken")) == {"ghcr.io": "one"}
    eventually(lambda: org.find_secret("pull") is None, message="the former Secret is gone")


def test_a_target_renamed_while_the_operator_was_down_is_cleaned_up(org: Organization) -> None:
    org.made("pull", registry("one"))
    org.operator.stop()
    org.edit("pull", projected("renamed"))
    org.operator.start()
    org.ready("pull")
    assert passwords(org.secret("renamed")) == {"ghcr.io": "one"}
    eventually(lambda: org.find_secret("pull") is None)


def test_a_changed_type_replaces_the_secret(org: Organization) -> None:
    org.made("pull", registry("one"))
    before = org.secret("pull")
    org.edit("pull", projected("pull", type="basic-auth"))
    slot = org.ready("pull")
    after = org.secret("pull")
    assert after["type"] == "kubernetes.io/basic-auth"
    assert data(after) == {"username": "bot", "password": "one"}
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    event = org.event("pull", "Replaced")
    assert "kubernetes.io/dockerconfigjson" in event["message"]
    assert "kubernetes.io/basic-auth" in event["message"]
    assert slot["status"]["projections"][0]["type"] == "basic-auth"
    assert slot["status"]["projections"][0]["uid"] == after["metadata"]["uid"]
    assert org.vault.version(org.entry("pull")) == 1
    assert org.events("pull") == ["Replaced"]


def test_a_changed_kind_needs_the_value_again_and_then_replaces_the_secret(org: Organization) -> None:
    org.made("pull", registry("one"))
    before = org.secret("pull")
    org.edit("pull", {"registry": None, **git()})
    slot = org.told("pull", "AddressMismatch")
    message = condition(slot)["message"]
    assert "ghcr.io" in message
    assert "https://github.com" in message
    assert org.secret("pull") == before
    org.edit("pull", git("two"))
    slot = org.ready("pull")
    after = org.secret("pull")
    assert after["type"] == "kubernetes.io/basic-auth"
    assert data(after) == {"username": "bot", "password": "two"}
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert slot["status"]["type"] == "git"
    org.event("pull", "Replaced")
    stored = org.vault.read(org.entry("pull")) or {}
    assert stored == {"username": "bot", "token": "two", "url": "https://github.com"}


DECLARED = {"labels": {"team": "blue", "keep": "me"}, "annotations": {"example.com/note": "hello"}}


def metadata(org: Organization) -> tuple[Json, Json]:
    found = org.secret("pull")["metadata"]
    return found["labels"], found.get("annotations", {})


def test_declared_labels_and_annotations_are_put_on_the_secret_in_place(org: Organization) -> None:
    org.made("pull", registry("one"))
    before = org.secret("pull")
    org.edit("pull", projected("pull", **DECLARED))
    org.ready("pull")
    labels, annotations = metadata(org)
    assert labels == {**before["metadata"]["labels"], **DECLARED["labels"]}
    assert annotations["example.com/note"] == "hello"
    assert org.secret("pull")["metadata"]["uid"] == before["metadata"]["uid"]


def test_labels_and_annotations_no_longer_declared_are_removed_and_others_stay(org: Organization) -> None:
    org.made("pull", registry("one", **projected("pull", **DECLARED)))
    theirs = {"labels": {"others": "label"}, "annotations": {"others": "annotation"}}
    org.patch_secret("pull", {"metadata": theirs})
    org.edit("pull", projected("pull", labels={"keep": "me"}))
    org.ready("pull")
    labels, annotations = metadata(org)
    assert "team" not in labels
    assert labels["keep"] == "me"
    assert labels["others"] == "label"
    assert "example.com/note" not in annotations
    assert annotations["others"] == "annotation"
    org.edit("pull", {"projections": None})
    org.ready("pull")
    labels, annotations = metadata(org)
    assert "keep" not in labels
    assert labels["others"] == "label"
    assert annotations == {"others": "annotation", "slotwarden.io/target": f"{org.namespace}/pull"}
