"""Nothing of what a client sends comes back to it, or goes to the log, where it is no HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from slotwarden.gateway.serving.wire import Door
from slotwarden.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CANARY = b"c4naryOnTheWire"
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def handler(request: web.Request) -> web.Response:
        await request.read()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    assert runner.server is not None
    server = await asyncio.get_running_loop().create_server(Door(runner.server, 10), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    "sent",
    [
        CANARY + b"\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CANARY + b"\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n" + CANARY + b"\r\n",
        HEAD + b"Content-Length: 2\r\n\r\nab" + CANARY + b"\r\n\r\n",
        HEAD + b"X: " + CANARY + b"\0\r\n\r\n",
        HEAD + CANARY * 1000 + b": x\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_not_quoted(port: int, sent: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "debug")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    told = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert b"400 Bad Request" in told
    assert b'"reason": "BadRequest"' in told
    assert CANARY not in told
    log = capsys.readouterr().err
    assert CANARY.decode() not in log
    assert '"level": "error"' not in log


async def test_the_rest_of_a_body_that_cannot_be_read_is_no_error(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("json", "debug")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST /not-there HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
    writer.write(head + b"Content-Length: %d\r\n\r\n" % len(CANARY) + CANARY)
    told = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert told.startswith(b"HTTP/1.1 404 ")
    assert '"level": "error"' not in capsys.readouterr().err


@pytest.mark.parametrize("path", [b"/", b"/not-there"])
async def test_an_expectation_that_is_not_known_is_not_quoted(port: int, path: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    writer.write(head + b"Expect: " + CANARY + b"\r\n\r\nab")
    told = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert told.startswith(b"HTTP/1.1 417 Expectation Failed")
    assert b'"message": "Expectation Failed"' in told
    assert CANARY not in told
