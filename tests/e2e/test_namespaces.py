"""One operator for two namespaces: their end, while it looks and while it does not, and what it may not touch."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import core
from testbed.install import install_rights
from testbed.proxy import Hold, Proxy
from testbed.wait import eventually
from tests.e2e.support import RELEASED, Organization, data, find_released, git, released

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.clients.audit import Mark
    from testbed.operator import Operator
    from testbed.session import Session
    from tests.e2e.support import Json

GONE = 60.0
RBAC = ("roles", "rolebindings")


class Pair:
    """An operator that lives in a namespace of its own and works in two others, which can go without it."""

    def __init__(self, session: Session, operator: Operator, prefix: str, names: tuple[str, str, str]) -> None:
        self.operator = operator
        self._session = session
        self._names = names
        self.first, self.second = (Organization(session, name, prefix, operator) for name in names[1:])

    def delete(self, org: Organization) -> None:
        """Delete a namespace and return when it is gone."""
        org.kube.delete(f"/api/v1/namespaces/{org.namespace}")
        self.gone(org)

    def gone(self, org: Organization) -> None:
        """Return when a namespace is gone."""
        eventually(lambda: org.kube.find(f"/api/v1/namespaces/{org.namespace}") is None, GONE, message="it is gone")

    @contextlib.contextmanager
    def lasting_rights(self, org: Organization) -> Iterator[None]:
        """Keep a namespace's Roles, and so the namespace, from going before the end of the context."""
        at = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{org.namespace}"
        paths = [f"{at}/{kind}/{each['metadata']['name']}" for kind in RBAC for each in org.kube.list(f"{at}/{kind}")]
        for path in paths:
            org.kube.patch(path, {"metadata": {"finalizers": ["example.com/lasts"]}})
        yield
        for path in paths:
            org.kube.patch(path, {"metadata": {"finalizers": None}})

    def make_again(self, org: Organization) -> None:
        """Make a deleted namespace anew, with what the chart puts into it."""
        org.kube.create("/api/v1/namespaces", {"metadata": {"name": org.namespace}})
        install_rights(self._session, self._names[0], org.prefix, {"namespaces": list(self._names)})


@pytest.fixture
def pair(
    installed: Session, operator: Callable[..., Operator], make_namespace: Callable[..., str], vault_prefix: str
) -> Pair:
    home, *names = (make_namespace() for _ in range(3))
    flags = [part for name in names for part in ("--namespace", name)]
    values = {"namespaces": [home, *names]}
    made = operator(home, *flags, "--sweep-grace", "2", values=values)
    return Pair(installed, made, vault_prefix, (home, names[0], names[1]))


def was_ending(org: Organization, since: Mark) -> bool:
    """Whether a Secret was refused because its namespace was being deleted."""
    tried = org.session.kube_audit.events(
        since=since, user=org.operator.user, namespace=org.namespace, resource="secrets", verbs={"create"}
    )
    return any("being terminated" in event["responseStatus"].get("message", "") for event in tried)


def alive(org: Organization, name: str) -> Json:
    """The metadata of an entry whose value was not deleted."""
    found = org.vault.metadata(org.entry(name))
    assert found is not None
    assert RELEASED not in found["custom_metadata"]
    assert not any(version["deletion_time"] for version in found["versions"].values())
    return found


def assert_works(org: Organization, name: str) -> None:
    """A new slot, and a new value of it, reach their Secret."""
    org.made(name, git("one"))
    org.edit(name, git("two"))
    eventually(lambda: data(org.secret(name))["password"] == "two")


def test_a_namespace_deleted_while_the_operator_looks(pair: Pair) -> None:
    pair.first.made("git", git("first"))
    pair.first.made("kept", git("kept", deletionPolicy="Retain"))
    pair.second.made("git", git("second"))
    pair.delete(pair.first)
    assert released(pair.first, "git")["versions"]["1"]["deletion_time"]
    alive(pair.first, "kept")
    alive(pair.second, "git")
    assert_works(pair.second, "later")
    pair.second.delete_slot("git")
    released(pair.second, "git")
    # Another namespace of that name: what its predecessor had is not its own.
    pair.make_again(pair.first)
    pair.first.create("git", git())
    pair.first.told("git", "AwaitingValue")
    pair.first.create("kept", git())
    pair.first.told("kept", "NotOwner")
    assert_works(pair.first, "later")


def test_a_namespace_deleted_while_the_operator_is_down(pair: Pair) -> None:
    pair.first.made("git", git("first"))
    pair.first.made("kept", git("kept", deletionPolicy="Retain"))
    pair.second.made("git", git("second"))
    pair.second.made("dead", git("dead"))
    pair.operator.stop()
    pair.delete(pair.first)
    pair.second.delete_slot("dead")
    pair.operator.start()
    assert_works(pair.second, "later")
    # The Role went with its namespace, so nobody can tell whether it is gone or is not ours to see: it is left.
    released(pair.second, "dead")
    alive(pair.first, "git")
    pair.make_again(pair.first)
    pair.operator.restart()
    assert released(pair.first, "git")["versions"]["1"]["deletion_time"]
    alive(pair.first, "kept")
    alive(pair.second, "git")


def test_an_operator_of_one_namespace_keeps_out_of_another(
    installed: Session,
    operator: Callable[..., Operator],
    make_namespace: Callable[..., str],
    vault_prefix: str,
) -> None:
    """By the servers' records: not even a request that is refused."""
    mine, other = (Organization(installed, make_namespace(), vault_prefix, None) for _ in range(2))  # type: ignore[arg-type]
    other.vault.write(other.entry("git"), {"username": "a", "token": "b", "url": "https://github.com"})
    other.create("git", git())
    kube_mark, vault_mark = installed.kube_audit.mark(), installed.vault_audit.mark()
    running = operator(mine.namespace, "--sweep-grace", "1")
    mine = Organization(installed, mine.namespace, vault_prefix, running)
    mine.made("git", git("token"))
    mine.delete_slot("git")
    released(mine, "git")
    running.restart()
    mine.barrier()
    asked = installed.kube_audit.events(since=kube_mark, user=running.user)
    named = {event["objectRef"].get("namespace") for event in asked if "objectRef" in event}
    assert named <= {mine.namespace, "kube-system", None, ""}
    everywhere = [e["requestURI"] for e in asked if "objectRef" in e and not e["objectRef"].get("namespace")]
    assert [uri for uri in everywhere if "/namespaces/" not in uri] == []
    paths = {request["path"] for request in installed.vault_audit.requests(vault_prefix, since=vault_mark)}
    assert paths
    assert not [path for path in paths if other.namespace in path]
    assert "status" not in other.slot("git") or "conditions" not in other.slot("git")["status"]
    assert other.find_secret("git") is None


def test_a_refusal_that_comes_after_the_slots_are_gone_does_not_hold_for_the_next_namespace(pair: Pair) -> None:
    org, testbed = pair.first, pair.first.session.testbed
    proxy = Proxy(testbed.apiserver.url, testbed.pki).start()
    try:
        pair.operator.stop()
        pair.operator.through(kubernetes=proxy.url, vault=testbed.vault.url).start()
        creation = Hold(f"POST .*/{org.namespace}/secrets/git[?]")
        proxy.add(creation)
        with pair.lasting_rights(org):
            org.create("git", git("one"))
            creation.wait()
            mark = org.mark()
            org.kube.delete(f"/api/v1/namespaces/{org.namespace}")
            released(org, "git", GONE)
            creation.release()
            eventually(lambda: was_ending(org, mark), message="it is refused")
            assert_works(pair.second, "meanwhile")
        pair.gone(org)
        pair.make_again(org)
        assert_works(org, "git")
        assert_works(org, "later")
    finally:
        pair.operator.stop()
        proxy.stop()


@pytest.mark.parametrize("held_up", [False, True], ids=["deleted", "foreign"])
def test_a_new_namespace_gets_nothing_of_a_slot_whose_deletion_was_not_told_yet(pair: Pair, held_up: bool) -> None:
    """The watch of slots lags behind, that of Secrets does not; or a stranger's Secret goes, which was in the way."""
    org, testbed = pair.first, pair.first.session.testbed
    proxy = Proxy(testbed.apiserver.url, testbed.pki).start()
    try:
        pair.operator.stop()
        pair.operator.through(kubernetes=proxy.url, vault=testbed.vault.url).start()
        if held_up:
            org.kube.create(core(org.namespace, "secrets"), {"metadata": {"name": "pull"}})
        org.create("pull", git("one"))
        org.told("pull", "ForeignSecret" if held_up else "Ready")
        eventually(lambda: proxy.underway(f"{org.namespace}/secretslots.*watch="), message="slots are watched")
        proxy.silence("/secretslots.*watch=")
        begun = org.mark()
        pair.delete(org)
        pair.make_again(org)
        mark = org.mark()
        eventually(lambda: find_released(org, "pull") or was_ending(org, begun), GONE + 30, message="it has tried")
        # What an ending namespace refused is not due before the watch tells.
        proxy.clear()
        proxy.cut()
        released(org, "pull", GONE + 30)
        assert org.calls(mark, "secrets", verbs={"create"}) == []
        assert org.find_secret("pull") is None
    finally:
        pair.operator.stop()
        proxy.stop()
