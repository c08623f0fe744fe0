"""What may not be sent any more by the time that it could be is not sent at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from slotwarden.fence import Fenced

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class NotNow(Exception):
    pass


def refuse() -> None:
    raise NotNow


@pytest.fixture
async def asked() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server's address, and the bodies of the requests that it got."""
    bodies: list[bytes] = []

    async def handle(request: web.Request) -> web.Response:
        bodies.append(b"began")
        bodies[-1] = await request.read()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/", handle)
    async with TestServer(app) as server:
        yield str(server.make_url("/")), bodies


@pytest.mark.parametrize("body", [b"some", b""])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_a_body_is_sent_whole_or_the_request_not_at_all(
    asked: tuple[str, list[bytes]], method: str, body: bytes
) -> None:
    address, bodies = asked
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError) as caught:
            await session.request(method, address, data=Fenced(body, refuse))
        assert isinstance(caught.value.__cause__, NotNow)
        # Over a connection that is open, too.
        await session.request(method, address, data=Fenced(body, lambda: None))
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.request(method, address, data=Fenced(body, refuse))
        await session.request(method, address, data=Fenced(body, lambda: None))
    assert bodies == [body, body]
