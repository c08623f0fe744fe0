"""The CRD deleted and made again, alone and with all else: nothing is stuck, and no restart is needed."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from testbed.install import install_crds
from testbed.wait import eventually
from tests.e2e.support import data, git
from tests.faults.support import is_released

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.session import Session
    from tests.e2e.support import Json, Organization

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/secretslots.slotwarden.io"
RELEASED = "slotwarden.io/released"
GONE = 60.0


def remove_crd(own: Session) -> None:
    own.kube.delete(CRD)
    eventually(lambda: own.kube.find(CRD) is None, GONE, message="the CRD is gone")


def install_crd(own: Session) -> None:
    install_crds(own)


@pytest.fixture(autouse=True)
def crd_again(own: Session) -> Iterator[None]:
    """However a test ends, the next begins with the CRD."""
    yield
    eventually(lambda: not (own.kube.find(CRD) or {"metadata": {}})["metadata"].get("deletionTimestamp"), GONE)
    install_crd(own)


def entry(org: Organization, name: str) -> Json:
    found = org.vault.metadata(org.entry(name))
    assert found is not None
    return found


def make_old(org: Organization, name: str) -> None:
    """Let an entry be of a slot that was deleted long ago."""
    found = entry(org, name)["custom_metadata"]
    org.vault.set_custom_metadata(org.entry(name), {**found, RELEASED: "2020-01-01T00:00:00+00:00"})


def fill(org: Organization) -> None:
    """One slot of each policy, and one that was deleted long ago."""
    org.made("git", git("one"))
    org.made("kept", git("kept", deletionPolicy="Retain"))
    org.made("old", git("old"))
    org.delete_slot("old")
    eventually(lambda: is_released(org, "old"))
    make_old(org, "old")


def assert_follows_the_rules(org: Organization) -> None:
    """Delete: soft-deleted. Retain: as it was. Nothing purged."""
    assert not any(v["deletion_time"] for v in entry(org, "kept")["versions"].values())
    assert not any(version["destroyed"] for version in entry(org, "git")["versions"].values())
    assert entry(org, "old")["custom_metadata"][RELEASED].startswith("2020")


def assert_works_again(org: Organization) -> None:
    """Without a restart: a new slot, and a change of it that only a watch can tell in time."""
    eventually(lambda: org.create("later", git("one")), message="the API server takes SecretSlots again")
    eventually(lambda: data(org.secret("later"))["password"] == "one", 60, message="a new slot is projected")
    org.edit("later", git("two"))
    eventually(lambda: data(org.secret("later"))["password"] == "two", 60, message="a changed slot is projected")
    org.delete_secret("later")
    eventually(lambda: data(org.secret("later"))["password"] == "two", 60, message="drift is made right")


def test_the_crd_deleted_while_the_operator_looks(org: Organization, own: Session) -> None:
    fill(org)
    remove_crd(own)
    eventually(lambda: is_released(org, "git"), message="the value is soft-deleted")
    for name in ("git", "kept"):
        eventually(lambda name=name: org.find_secret(name) is None, 60, message="the Secret is collected")
    assert_follows_the_rules(org)
    assert org.operator.running
    install_crd(own)
    assert_works_again(org)


@pytest.mark.long
def test_the_crd_deleted_while_the_operator_is_down(org: Organization, own: Session) -> None:
    fill(org)
    org.operator.stop()
    remove_crd(own)
    mark = org.session.vault_audit.mark()
    lists = org.mark()
    org.operator.start(wait=False)

    def waits() -> bool:
        code, text = org.operator.readyz()
        asked = org.session.kube_audit.events(since=lists, user=org.operator.user, resource="secretslots")
        return code == HTTPStatus.SERVICE_UNAVAILABLE and "[-] sync" in text and len(asked) > 1

    eventually(waits, message="the operator asks again and is not ready")
    assert org.operator.healthz()[0] == HTTPStatus.OK
    changed = {r["path"] for r in org.session.vault_audit.requests(org.prefix, since=mark) if r["operation"] != "read"}
    assert changed == set()
    install_crd(own)
    org.operator.wait_ready()
    assert_works_again(org)
    eventually(lambda: is_released(org, "git"), message="the sweep makes up for it")
    eventually(lambda: org.vault.metadata(org.entry("old")) is None, message="the sweep purges again")
    assert not any(v["deletion_time"] for v in entry(org, "kept")["versions"].values())


@pytest.mark.long
def test_all_at_once_as_an_uninstall_does(make_org: Callable[..., Organization], own: Session) -> None:
    """Two namespaces and the CRD in one command, one with its operator running and one without."""
    running, down = make_org(), make_org()
    fill(running)
    fill(down)
    down.operator.stop()
    names = [running.namespace, down.namespace]
    namespaces = [f"namespace/{name}" for name in names]
    own.kubectl("delete", "--wait=false", "crd/secretslots.slotwarden.io", *namespaces, check=True)
    for path in (CRD, *(f"/api/v1/namespaces/{name}" for name in names)):
        eventually(lambda path=path: own.kube.find(path) is None, GONE, message=f"{path} is gone")
    eventually(lambda: is_released(running, "git"), message="the value is soft-deleted")
    for org in (running, down):
        assert_follows_the_rules(org)
    assert not is_released(down, "git")
