"""How many requests run at once, and how a server ends while some do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from slotwarden.gateway.aggregated import status
from slotwarden.gateway.forms import Forms
from slotwarden.gateway.serving.server import Traffic, only

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Client = TestClient[web.Request, web.Application]


class Busy:
    """A handler that ends when it is let."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let = asyncio.Event()
        self.forms = Forms((), status.of_request)
        self.traffic = Traffic(1, self.forms.answer)

    async def answer(self, _request: web.Request) -> web.Response:
        self.begun.set()
        await self.let.wait()
        return web.Response(text="done")


@pytest.fixture
async def busy() -> AsyncIterator[tuple[Busy, Client]]:
    made = Busy()
    app = web.Application(middlewares=[made.traffic.middleware, made.forms.middleware, only(frozenset({"a"}))])
    app.router.add_get("/", made.answer)
    app.router.add_get("/{namespace}", made.answer)
    async with TestClient(TestServer(app)) as client:
        yield made, client


async def test_one_more_is_told_to_come_again(busy: tuple[Busy, Client]) -> None:
    made, client = busy
    first = asyncio.create_task(client.get("/"))
    await made.begun.wait()
    second = await client.get("/")
    assert (second.status, second.headers["Retry-After"]) == (503, "2")
    assert (await second.json())["reason"] == "ServiceUnavailable"
    made.let.set()
    assert (await first).status == 200
    assert (await client.get("/")).status == 200


async def test_an_end_waits_for_what_runs_and_closes_its_connection(busy: tuple[Busy, Client]) -> None:
    made, client = busy
    running = asyncio.create_task(client.get("/"))
    await made.begun.wait()
    ending = asyncio.create_task(made.traffic.end(30))
    await asyncio.sleep(0)
    assert not ending.done()
    made.let.set()
    assert (await running).headers["Connection"] == "close"
    await ending


async def test_an_end_does_not_wait_for_ever_or_for_nothing(busy: tuple[Busy, Client]) -> None:
    made, client = busy
    await made.traffic.end(30)
    running = asyncio.create_task(client.get("/"))
    await made.begun.wait()
    await made.traffic.end(0.01)
    made.let.set()
    await running


async def test_other_namespaces_are_not_served(busy: tuple[Busy, Client]) -> None:
    made, client = busy
    made.let.set()
    assert (await client.get("/a")).status == 200
    refused = await client.get("/b")
    assert (refused.status, (await refused.json())["reason"]) == (404, "NotFound")
