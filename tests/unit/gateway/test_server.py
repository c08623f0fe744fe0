"""How many requests run at once, and how a server ends while some do."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from slotwarden.gateway.aggregated import status
from slotwarden.gateway.forms import Forms
from slotwarden.gateway.observing import ID
from slotwarden.gateway.serving import server
from slotwarden.gateway.serving.server import HttpsServer, Traffic, delivered, in_time, only
from slotwarden.gateway.serving.tls import AskingContext
from tests.unit.gateway.serving import client_context, pair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.typedefs import Handler, Middleware

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
    app = web.Application(middlewares=[made.traffic.middleware, made.forms.middleware, in_time, only(frozenset({"a"}))])
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


async def test_a_request_that_takes_too_long_is_given_up(
    busy: tuple[Busy, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, client = busy
    monkeypatch.setattr(server, "_REQUEST_SECONDS", 0.01)
    given_up = await client.get("/")
    assert (given_up.status, given_up.headers["Retry-After"]) == (503, "2")
    assert (await given_up.json())["message"] == "it took too long; what was begun may have been done"
    made.let.set()
    monkeypatch.undo()
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


@pytest.mark.parametrize(
    "before", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"], ids=["at first", "after another"]
)
@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: loc"], ids=["idle", "begun"])
async def test_a_head_that_does_not_end_ends_its_connection(
    busy: tuple[Busy, Client], before: bytes, head: bytes
) -> None:
    made, client = busy
    made.let.set()
    authority, context = trustme.CA(), AskingContext()
    context.use(pair(authority))
    limited = HttpsServer(client.app, ("127.0.0.1", 0), context, made.traffic, 1, 10, head=0.2)
    try:
        port = await limited.start()
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client_context(authority), server_hostname="localhost"
        )
        if before:
            writer.write(before)
            assert (await reader.readuntil(b"done")).startswith(b"HTTP/1.1 200")
        writer.write(head)
        # Without a limit this waits for ever.
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.transport.abort()
    finally:
        await limited.stop()


def large(*others: Middleware) -> web.Application:
    """One request at a time, with an answer that no buffer takes in."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(16 * 2**20))

    async def small(_request: web.Request) -> web.Response:
        return web.Response(text="done")

    @web.middleware
    async def named(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[ID] = "a"
        return await handler(request)

    forms = Forms((), status.of_request)
    app = web.Application(
        middlewares=[named, Traffic(1, forms.answer).middleware, forms.middleware, *others, delivered]
    )
    app.router.add_get("/", answer)
    app.router.add_get("/small", small)
    return app


async def asked(server: TestServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose answer has begun to come, and is not read on."""
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"X-Request-Id: a\r\n" in head
    return reader, writer


async def test_a_large_answer_to_head_is_its_head_alone() -> None:
    async with TestServer(large()) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        for request in (b"HEAD / HTTP/1.1\r\nHost: localhost", b"GET /small HTTP/1.1\r\nHost: localhost"):
            writer.write(request + b"\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(4) == b"done"
        writer.transport.abort()


async def test_an_answer_that_is_not_read_counts_as_a_request_that_runs() -> None:
    async with TestClient(TestServer(large())) as client:
        _, writer = await asked(client.server)  # type: ignore[arg-type]  # that which was given
        assert (await client.get("/small")).status == 503
        writer.transport.abort()
        async with asyncio.timeout(30):
            while (await client.get("/small")).status == 503:
                pass


async def test_an_answer_that_is_not_read_in_time_is_cut() -> None:
    @web.middleware
    async def at_once(request: web.Request, handler: Handler) -> web.StreamResponse:
        async with asyncio.timeout(0.1):
            return await handler(request)

    async with TestClient(TestServer(large(at_once))) as client:
        reader, writer = await asked(client.server)  # type: ignore[arg-type]  # that which was given
        async with asyncio.timeout(30):
            while (await client.get("/small")).status == 503:
                pass
            with suppress(ConnectionError):
                while part := await reader.read(2**20):
                    assert b"HTTP/1.1" not in part
        writer.close()
