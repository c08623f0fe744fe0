"""What is said to a client that does not speak HTTP.

aiohttp would quote what it could not read, and where a client counted its body wrong that is a piece of a value.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web

from slotwarden.gateway.aggregated.status import status as told
from slotwarden.gateway.answers import json_answer
from slotwarden.gateway.refusals import WORDS, Refusal, refusal

if TYPE_CHECKING:
    from collections.abc import Callable


class _Wordless(web.RequestHandler):
    """Answers to what is no request, and to what no handler of ours saw, without a word of aiohttp's."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            # Nothing of ours is broken, and whoever reaches the port can send any number of them.
            self.logger.debug("what came is not HTTP: %s", type(exc).__name__)
            broken = Refusal(status, "the request is not HTTP")
        else:
            super().handle_error(request, HTTPStatus.INTERNAL_SERVER_ERROR, exc)
            broken = Refusal(status, WORDS[500])
        response = json_answer(told(broken), code=status)
        response.force_close()
        return response

    def log_exception(self, *words: Any, **more: Any) -> None:
        if isinstance(more.get("exc_info"), web.RequestPayloadError):
            # Of what is left of a body whose request was answered: the sender's fault, as above.
            self.logger.debug("a body cannot be read to its end")
        else:
            super().log_exception(*words, **more)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        # Our handlers raise none: aiohttp did, before them, of an Expect that it does not know, and quotes that.
        if isinstance(resp, web.HTTPException):
            resp = json_answer(told(refusal(resp)), code=resp.status)
            resp.force_close()
        return await super().finish_response(request, resp, start_time)


class _TooMany(asyncio.Protocol):
    """Ends a connection that there is no room for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).abort()


def wordless(server: web.Server, most: int) -> Callable[[], asyncio.Protocol]:
    """What makes the protocol of each connection.

    Args:
        most: how many connections there may be at once: each takes memory, and it needs no token to have one.
    """

    def protocol() -> asyncio.Protocol:
        if len(server.connections) >= most:
            return _TooMany()
        made = server()
        # aiohttp has no place to say which class it is to make.
        made.__class__ = _Wordless
        return made

    return protocol
