"""The API server restarted and without its history, and a CRD that is not there: nothing is missed."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
import requests

from testbed.gateway import make_gateway
from testbed.install import install_crds
from testbed.operator import make_identities
from testbed.wait import eventually, eventually_async
from tests.published.support import READ, Answer, Api, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from testbed.cluster import Testbed
    from testbed.session import Session
    from tests.catalog.support import Followed

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/envsecrets.slotwarden.io"
BACK = 60.0


@pytest.fixture
def place(own: Session) -> str:
    """A namespace on the module's own servers."""
    name = f"place-{secrets.token_hex(3)}"
    own.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    return name


@pytest.fixture
def no_crd(own: Session) -> Iterator[None]:
    """Servers that do not know EnvSecrets, until they are installed again."""
    own.kube.delete(CRD)
    eventually(lambda: own.kube.find(CRD) is None, BACK, message="the CRD is gone")
    yield
    install_crds(own)


def compact(servers: Testbed, version: str) -> None:
    body = {"revision": version, "physical": True}
    requests.post(f"{servers.etcd.url}/v3/kv/compaction", json=body, timeout=30).raise_for_status()


async def test_a_restarted_api_server_is_followed_again(
    make_followed: Callable[..., Any], own: Session, place: str
) -> None:
    followed: Followed = await make_followed(place, on=own)
    await followed.in_touch()
    followed.declare("STAYS")
    followed.declare("GOES")
    await followed.has("GOES", "STAYS")
    own.testbed.apiserver.stop()
    await eventually_async(lambda: followed.catalog.behind > 0)
    assert followed.keys() == ["GOES", "STAYS"]
    own.testbed.apiserver.start()
    followed.delete("GOES")
    followed.declare("COMES")
    await followed.has("COMES", "STAYS")
    await followed.in_touch()


async def test_a_history_that_was_compacted_is_made_up_for(
    make_followed: Callable[..., Any], own: Session, own_testbed: Testbed, place: str
) -> None:
    """Neither etcd, which is compacted, nor the API server, which is restarted, knows what happened meanwhile."""
    followed: Followed = await make_followed(place, on=own)
    await followed.in_touch()
    followed.declare("STAYS")
    followed.declare("GOES")
    await followed.has("GOES", "STAYS")
    lists = followed.lists()
    followed.proxy.stop()
    followed.delete("GOES")
    followed.describe("STAYS", "changed meanwhile")
    newest = followed.declare("COMES")["metadata"]["resourceVersion"]
    compact(own_testbed, newest)
    own_testbed.apiserver.stop()
    own_testbed.apiserver.start()
    followed.proxy.start()
    await followed.has("COMES", "STAYS")
    await followed.in_touch()
    assert followed.description("STAYS") == "changed meanwhile"
    assert followed.lists() > lists


def test_a_gateway_starts_without_a_crd_and_is_ready_once_there_is_one(
    own: Session, place: str, tmp_path: Path, no_crd: None
) -> None:
    del no_crd
    identities = make_identities(own, place, place, role="gateway")
    gateway = make_gateway(own, place, place, tmp_path, "--no-aggregation", identities=identities)
    try:
        gateway.start(wait=False)
        said = "[-] catalog: the API server does not serve envsecrets: is the CRD installed?"
        eventually(lambda: said in gateway.readyz()[1], message="/readyz says what is missing")
        assert gateway.readyz()[0] == HTTPStatus.SERVICE_UNAVAILABLE
        assert gateway.healthz()[0] == HTTPStatus.OK
        nobody: Any = None
        user = User.made(Api(own, place, nobody, gateway), "reader", (READ,), place)

        def listed() -> Answer:
            return user.ask("GET", f"/{place}/shop/envs/production/secrets")

        answer = listed()
        assert (answer.code, answer.body["code"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable")
        assert int(answer.headers["retry-after"]) > 0
        install_crds(own)
        gateway.wait_ready(BACK)
        assert (listed().code, listed().body) == (HTTPStatus.OK, [])
    finally:
        gateway.stop()


async def test_a_crd_that_goes_and_comes_again(make_followed: Callable[..., Any], own: Session, place: str) -> None:
    followed: Followed = await make_followed(place, on=own)
    await followed.in_touch()
    followed.declare("GOES")
    await followed.has("GOES")
    own.kube.delete(CRD)
    await eventually_async(lambda: own.kube.find(CRD) is None, BACK, message="the CRD is gone")
    await followed.has()
    install_crds(own)
    await eventually_async(lambda: followed.declare("COMES"), BACK, message="the API server takes EnvSecrets again")
    await followed.has("COMES")
