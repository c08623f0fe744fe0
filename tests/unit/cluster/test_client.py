"""The way to the API server: its proxy, and lists page by page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio.client import Configuration

from slotwarden.cluster.client import KubeClient
from slotwarden.cluster.errors import KubernetesError
from slotwarden.cluster.term import Term

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROXY = "http://proxy.example.com:3128"


@pytest.mark.parametrize(("exempt", "expected"), [("", PROXY), ("127.0.0.1", None)])
async def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, exempt: str, expected: str | None
) -> None:
    for name in ("https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", exempt)
    configuration = Configuration(host="https://127.0.0.1:6443")
    KubeClient(configuration, lambda *_: None, Term.unlimited())
    assert configuration.proxy == expected


class Pages:
    """A server of a collection of three pages."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.arrived = asyncio.Event()
        self.fails_at = ""

    async def answer(self, request: web.Request) -> web.Response:
        token = request.query.get("continue", "")
        self.asked.append(token)
        self.arrived.set()
        if token and token == self.fails_at:
            return web.json_response({"kind": "Status", "reason": "Expired"}, status=410)
        number = int(token or 0)
        metadata = {"resourceVersion": "7", "continue": str(number + 1) if number < 2 else ""}
        return web.json_response({"items": [{"id": 2 * number}, {"id": 2 * number + 1}], "metadata": metadata})


@pytest.fixture
async def pages() -> AsyncIterator[tuple[Pages, KubeClient]]:
    served = Pages()
    application = web.Application()
    application.router.add_get("/things", served.answer)
    async with TestServer(application) as server:
        configuration = Configuration(host=str(server.make_url("")).rstrip("/"))
        client = KubeClient(configuration, lambda *_: None, Term.unlimited())
        yield served, client
        await client.close()


async def test_a_list_is_whole_and_in_order(pages: tuple[Pages, KubeClient]) -> None:
    served, client = pages
    found = [item async for item in client.list("things", "/things")]
    assert found == [*({"id": number} for number in range(6)), {"resourceVersion": "7"}]
    assert served.asked == ["", "1", "2"]


async def test_the_next_page_is_made_while_one_is_worked_on(pages: tuple[Pages, KubeClient]) -> None:
    served, client = pages
    listed = client.list("things", "/things")
    assert await anext(listed) == {"id": 0}
    served.arrived.clear()
    # Nothing more is asked of the list, and yet the request comes.
    async with asyncio.timeout(10):
        if len(served.asked) < 2:
            await served.arrived.wait()
    assert served.asked == ["", "1"]
    await listed.aclose()


async def test_a_page_that_fails_fails_the_list(pages: tuple[Pages, KubeClient]) -> None:
    served, client = pages
    served.fails_at = "1"
    with pytest.raises(KubernetesError):
        _ = [item async for item in client.list("things", "/things")]
