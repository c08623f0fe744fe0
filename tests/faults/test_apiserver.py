"""The API server restarted, without its history, and away when the operator starts: Secrets stay, nothing is missed."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
import requests

from testbed.proxy import Proxy
from testbed.wait import eventually
from tests.e2e.support import data, git
from tests.faults.support import has_password, is_released

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.cluster import Testbed
    from testbed.session import Session
    from tests.e2e.support import Organization

BACK = 60.0


@pytest.fixture(autouse=True)
def apiserver_up(own_testbed: Testbed) -> Iterator[None]:
    """However a test ends, the next begins with an API server that answers."""
    yield
    own_testbed.apiserver.start()


def test_a_restarted_api_server_is_followed_again(org: Organization, own_testbed: Testbed) -> None:
    org.made("git", git("one"))
    org.made("gone", git("gone"))
    before = org.secret("git")
    own_testbed.apiserver.stop()
    own_testbed.apiserver.start()
    assert org.secret("git") == before
    # What only a watch tells in time: a change, a drift, a deletion.
    org.edit("git", git("two"))
    eventually(lambda: data(org.secret("git"))["password"] == "two", BACK)
    org.patch_secret("git", {"data": {"password": "c3RyYW5nZQ=="}})
    eventually(lambda: data(org.secret("git"))["password"] == "two", BACK)
    org.delete_slot("gone")

    eventually(lambda: is_released(org, "gone"), BACK, message="the value is released")
    assert org.vault.version(org.entry("git")) == 2
    assert org.secret("git")["metadata"]["uid"] == before["metadata"]["uid"]
    assert org.operator.readyz()[0] == HTTPStatus.OK


@pytest.mark.long
def test_an_operator_that_starts_without_an_api_server(
    make_org: Callable[..., Organization], own_testbed: Testbed
) -> None:
    org = make_org()
    org.made("git", git("one"))
    before = org.secret("git")
    org.operator.stop()
    own_testbed.apiserver.stop()
    org.operator.start(wait=False)
    eventually(lambda: org.operator.readyz()[0] == HTTPStatus.SERVICE_UNAVAILABLE)
    eventually(lambda: "the API server could not be reached" in org.operator.readyz()[1], message="/readyz says why")
    assert org.operator.healthz()[0] == HTTPStatus.OK
    own_testbed.apiserver.start()
    org.operator.wait_ready(BACK)
    org.made("later", git("later"))
    assert org.secret("git") == before
    assert org.vault.version(org.entry("git")) == 1


@pytest.fixture
def watching(make_org: Callable[..., Organization], own_testbed: Testbed) -> Iterator[tuple[Organization, Proxy]]:
    """An operator on the folder's servers, with a proxy before the API server."""
    proxy = Proxy(own_testbed.apiserver.url, own_testbed.pki).start()
    org = make_org("--sweep-grace", "2", "--no-leader-elect", start=False)
    org.operator.through(kubernetes=proxy.url, vault=own_testbed.vault.url).start()
    yield org, proxy
    org.operator.stop()
    proxy.stop()


@pytest.mark.long
def test_what_was_missed_is_noticed_after_a_compaction(
    watching: tuple[Organization, Proxy], own_testbed: Testbed, own: Session
) -> None:
    """No history is left: neither in etcd, which is compacted, nor in the API server, which is restarted."""
    org, proxy = watching
    for name in ("known", "changed", "gone", "cleared"):
        org.made(name, git("one"))
    before = org.secret("known")
    proxy.stop()
    org.delete_slot("gone")
    org.delete_secret("cleared")
    org.edit("changed", git("two"))
    newest = org.create("new", git("new"))["metadata"]["resourceVersion"]
    body = {"revision": newest, "physical": True}
    requests.post(f"{own_testbed.etcd.url}/v3/kv/compaction", json=body, timeout=30).raise_for_status()
    own_testbed.apiserver.stop()
    own_testbed.apiserver.start()
    mark = org.mark()
    proxy.start()
    for name, token in {"changed": "two", "cleared": "one", "new": "new"}.items():
        eventually(lambda name=name, token=token: has_password(org, name, token), BACK, message=name)
    eventually(lambda: is_released(org, "gone"), BACK, message="the deletion is worked off")

    def lists(resource: str) -> bool:
        """The watches, kopf's, were told that there is no history, and listed all."""
        found = own.kube_audit.events(since=mark, user=org.operator.user, resource=resource, verbs={"list"})
        return any(event["userAgent"].startswith("kopf/") for event in found)

    eventually(lambda: lists("secrets") and lists("secretslots"), BACK, message="the watches began anew")
    assert org.secret("known") == before
    for name, versions in {"known": 1, "changed": 2, "cleared": 1, "new": 1}.items():
        org.ready(name)
        assert org.vault.version(org.entry(name)) == versions
