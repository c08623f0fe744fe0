"""What becomes of a value when its object goes, and of an object when the entry of its name is another's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from testbed.clients.kube import slots
from testbed.wait import eventually
from tests.e2e.support import RELEASED, condition, data, entry, git, has_condition, is_deleted, released

if TYPE_CHECKING:
    from testbed.clients.audit import Mark
    from testbed.clients.kube import Kube
    from tests.e2e.support import Json, Organization

PREFIX = "slotwarden.io/"
POLICY = f"{PREFIX}deletion-policy"
FIRST_VERSION = f"{PREFIX}first-version"
ADOPT = {f"{PREFIX}adopt-value": "true"}


def annotate(org: Organization, name: str, annotations: Json) -> None:
    org.kube.patch(slots(org.namespace, name), {"metadata": {"annotations": annotations}})


def writes(org: Organization, name: str, since: Mark) -> list[str]:
    """What anybody changed of an entry, by Vault's own record."""
    changing = {"create", "update", "patch", "delete"}
    found = org.session.vault_audit.requests(org.entry(name), since=since)
    return [f"{request['operation']} {request['path']}" for request in found if request["operation"] in changing]


def test_delete_soft_deletes_all_versions_at_once_and_marks_the_entry(org: Organization) -> None:
    org.made("git", git("one"))
    for token in ("two", "three"):
        org.edit("git", git(token))
        eventually(lambda token=token: data(org.secret("git"))["password"] == token)
    began = datetime.now(UTC) - timedelta(seconds=1)
    org.delete_slot("git")
    metadata = released(org, "git")
    assert sorted(metadata["versions"]) == ["1", "2", "3"]
    assert all(is_deleted(version) for version in metadata["versions"].values())
    assert began <= datetime.fromisoformat(metadata["custom_metadata"][RELEASED]) <= datetime.now(UTC)
    eventually(lambda: org.find_secret("git") is None, message="the Secret is collected")


def test_a_released_value_is_purged_after_seven_days_and_not_before(org: Organization) -> None:
    # A sweep goes by names: when the old one is purged, the young ones were looked at.
    ages = {"a-new": timedelta(), "b-young": timedelta(days=7, minutes=-10), "c-old": timedelta(days=7, minutes=10)}
    for name in ages:
        org.made(name, git(name))
    for name in ages:
        org.delete_slot(name)
    for name, age in ages.items():
        found = released(org, name)["custom_metadata"]
        since = (datetime.now(UTC) - age).isoformat(timespec="seconds")
        org.vault.set_custom_metadata(org.entry(name), {**found, RELEASED: since} if age else found)
    org.operator.restart()
    eventually(lambda: org.vault.metadata(org.entry("c-old")) is None, message="the old value is purged")
    for name in ("a-new", "b-young"):
        assert all(is_deleted(version) for version in entry(org, name)["versions"].values())


def test_retain_leaves_the_value(org: Organization) -> None:
    org.made("kept", git("kept", deletionPolicy="Retain"))
    org.made("other", git("other"))
    before = entry(org, "kept")
    assert before["custom_metadata"][POLICY] == "Retain"
    org.delete_slot("kept")
    eventually(lambda: org.find_secret("kept") is None, message="the Secret is collected")
    org.delete_slot("other")
    released(org, "other")
    org.barrier()
    assert entry(org, "kept") == before


def test_a_changed_policy_is_carried_to_the_entry_without_a_new_version(org: Organization) -> None:
    org.made("git", git("token"))
    assert entry(org, "git")["custom_metadata"][POLICY] == "Delete"
    org.edit("git", {"deletionPolicy": "Retain"})
    eventually(lambda: entry(org, "git")["custom_metadata"][POLICY] == "Retain")
    org.edit("git", {"deletionPolicy": None})
    eventually(lambda: entry(org, "git")["custom_metadata"][POLICY] == "Delete")
    assert org.ready("git")["status"]["vault"]["version"] == 1
    org.delete_slot("git")
    assert is_deleted(released(org, "git")["versions"]["1"])


def test_nothing_that_the_operator_writes_has_a_finalizer(org: Organization) -> None:
    mark = org.mark()
    made = org.made("git", git("token"))
    assert not made["metadata"].get("finalizers")
    assert not org.secret("git")["metadata"].get("finalizers")
    org.delete_slot("git")
    released(org, "git")
    sent = org.session.kube_audit.events(since=mark, user=org.operator.user, namespace=org.namespace)
    assert any(event["verb"] == "patch" for event in sent)
    assert "finalizers" not in str([event.get("requestObject") for event in sent])


def test_a_namesake_with_a_value_takes_over_after_its_predecessor(org: Organization) -> None:
    org.made("git", git("old"))
    org.delete_slot("git")
    released(org, "git")
    slot = org.made("git", git("new"))
    assert slot["status"]["vault"]["version"] == 2
    metadata = entry(org, "git")
    assert metadata["custom_metadata"][FIRST_VERSION] == "2"
    assert RELEASED not in metadata["custom_metadata"]
    assert is_deleted(metadata["versions"]["1"])
    eventually(lambda: data(org.secret("git"))["password"] == "new")


def test_a_namesake_without_a_value_cannot_read_its_predecessors(org: Organization) -> None:
    org.made("git", git("old"))
    org.delete_slot("git")
    released(org, "git")
    org.create("git", git())
    told = condition(org.told("git", "AwaitingValue"))
    assert "slotwarden.io/adopt-value" in told["message"]
    # Not even where somebody restored it in Vault: it is not this object's.
    org.vault.undelete(org.entry("git"), [1])
    org.refreshed("git")
    assert condition(org.slot("git"))["reason"] == "AwaitingValue"
    assert org.find_secret("git") is None


def test_a_deleted_value_is_restored_to_a_namesake_that_adopts_it(org: Organization) -> None:
    org.made("git", git("old"))
    org.delete_slot("git")
    released(org, "git")
    org.create("git", git())
    org.told("git", "AwaitingValue")
    annotate(org, "git", ADOPT)
    assert org.ready("git")["status"]["vault"]["version"] == 1
    assert data(org.secret("git")) == {"username": "bot", "password": "old"}
    assert RELEASED not in entry(org, "git")["custom_metadata"]


def test_a_retained_value_is_not_its_namesakes_until_it_adopts_it(org: Organization) -> None:
    org.made("git", git("old", deletionPolicy="Retain"))
    org.delete_slot("git")
    eventually(lambda: org.find_secret("git") is None, message="the Secret is collected")
    mark = org.session.vault_audit.mark()
    org.create("git", git(deletionPolicy="Retain"))
    slot = org.told("git", "NotOwner")
    assert has_condition(slot, "Stalled")
    assert not has_condition(slot, "Reconciling")
    assert "slotwarden.io/adopt-value" in condition(slot)["message"]
    assert org.find_secret("git") is None
    assert writes(org, "git", mark) == []
    annotate(org, "git", ADOPT)
    assert not has_condition(org.ready("git"), "Stalled")
    assert data(org.secret("git"))["password"] == "old"


def uid_of(kube: Kube, namespace: str) -> str:
    return str(kube.get(f"/api/v1/namespaces/{namespace}")["metadata"]["uid"])


def owner(kube: Kube, org: Organization, **over: str) -> dict[str, str]:
    """What an entry of a dead object of this very namespace says, but for some of it."""
    mine = {
        "cluster": uid_of(kube, "kube-system"),
        "namespace-uid": uid_of(kube, org.namespace),
        "object-uid": "0aa66e4a-7ea2-4d4b-a12c-55b6f6ac4b2c",
        "deletion-policy": "Delete",
    }
    return {PREFIX + key: value for key, value in {**mine, **{k.replace("_", "-"): v for k, v in over.items()}}.items()}


def test_an_entry_of_another_owner_is_never_changed(kube: Kube, org: Organization) -> None:
    """Whether the object brings a value of its own or not."""
    others = {
        "cluster": {"cluster": "another"},
        "cluster-kept": {"cluster": "another", "deletion_policy": "Retain"},
        "cluster-released": {"cluster": "another", "released": "2020-01-01T00:00:00+00:00"},
        "namespace-kept": {"namespace_uid": "another", "deletion_policy": "Retain"},
        "object-kept": {"deletion_policy": "Retain"},
        "policy-unheard-of": {"deletion_policy": "unheard-of"},
    }
    theirs = {"username": "them", "token": "theirs", "url": "https://github.com"}
    names = [f"{kind}-{how}" for kind in others for how in ("set", "declared")]
    for name in names:
        org.vault.write(org.entry(name), theirs)
        org.vault.set_custom_metadata(org.entry(name), owner(kube, org, **others[name.rpartition("-")[0]]))
    mark = org.session.vault_audit.mark()
    for name in names:
        org.create(name, git("mine" if name.endswith("-set") else None))
    for name in names:
        assert has_condition(org.told(name, "NotOwner"), "Stalled"), name
        assert org.find_secret(name) is None
        org.delete_slot(name)
    org.made("later", git("later"))
    org.delete_slot("later")
    released(org, "later")
    for name in names:
        assert writes(org, name, mark) == []
        assert org.vault.read(org.entry(name)) == theirs


def test_an_entry_of_an_earlier_namespace_of_that_name_is_worked_off_unread(kube: Kube, org: Organization) -> None:
    """Under Delete it is a dead predecessor's: its deletion is made up for, and nothing of it is projected."""
    org.vault.write(org.entry("git"), {"username": "them", "token": "theirs", "url": "https://github.com"})
    org.vault.set_custom_metadata(org.entry("git"), owner(kube, org, namespace_uid="another"))
    org.create("git", git())
    org.told("git", "AwaitingValue")
    assert is_deleted(released(org, "git")["versions"]["1"])
    assert org.find_secret("git") is None


def test_a_living_objects_entry_stays_its_own_whatever_namespace_it_names(kube: Kube, org: Organization) -> None:
    uid = org.made("git", git("value"))["metadata"]["uid"]
    stale = owner(kube, org, namespace_uid="another", object_uid=uid)
    org.vault.set_custom_metadata(org.entry("git"), stale)
    assert org.refreshed("git")["status"]["vault"]["version"] == 1
    found = org.vault.metadata(org.entry("git"))
    assert found is not None
    assert found["custom_metadata"] == stale | {PREFIX + "namespace-uid": uid_of(kube, org.namespace)}
    assert has_condition(org.ready("git"), "ValueStored")
