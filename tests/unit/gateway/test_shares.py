"""One caller does not keep others out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from slotwarden.gateway.aggregated import status
from slotwarden.gateway.forms import Forms
from slotwarden.gateway.identity.caller import CALLER, Caller
from slotwarden.gateway.shares import Shares

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler


@web.middleware
async def named(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[CALLER] = Caller(request.headers["User"], "", (), {}, "token")
    return await handler(request)


async def test_a_caller_has_a_quarter() -> None:
    let, begun = asyncio.Event(), asyncio.Semaphore(0)

    async def answer(_request: web.Request) -> web.Response:
        begun.release()
        await let.wait()
        return web.Response()

    app = web.Application(middlewares=[Forms((), status.of_request).middleware, named, Shares(8).middleware])
    app.router.add_get("/", answer)
    async with TestClient(TestServer(app)) as client:
        first, second, other = (asyncio.create_task(client.get("/", headers={"User": user})) for user in "aab")
        for _ in range(3):
            await begun.acquire()
        third = await client.get("/", headers={"User": "a"})
        assert (third.status, third.headers["Retry-After"]) == (503, "2")
        assert (await third.json())["message"] == "too many of your requests run at once"
        let.set()
        assert [(await each).status for each in (first, second, other)] == [200, 200, 200]
        assert (await client.get("/", headers={"User": "a"})).status == 200
