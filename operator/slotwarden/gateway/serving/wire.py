"""How many connections there may be, and what is said on one to a client that does not speak HTTP.

aiohttp would quote what it could not read, and where a client counted its body wrong that is a piece of a value.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web

from slotwarden.gateway.aggregated.status import status as told
from slotwarden.gateway.answers import json_answer
from slotwarden.gateway.refusals import WORDS, Refusal, refusal


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


class Door:
    """Makes the protocol of each connection, and counts them: each takes memory, and it needs no token to have one.

    Args:
        most: how many connections there may be at once.
    """

    def __init__(self, server: web.Server, most: int) -> None:
        self._server = server
        self._most = most
        self.arriving = 0

    @property
    def full(self) -> bool:
        """Whether there are more, those that shake hands among them."""
        return len(self._server.connections) + self.arriving > self._most

    def __call__(self) -> asyncio.Protocol:
        """The protocol of a connection that was just accepted."""
        return _Arriving(self)

    def enter(self, transport: asyncio.Transport) -> None:
        """Have a connection served."""
        made = self._server()
        # aiohttp has no place to say which class it is to make.
        made.__class__ = _Wordless
        transport.set_protocol(made)
        made.connection_made(transport)


class _Arriving(asyncio.Protocol):
    """A connection until its handshake is over.

    A protocol is told of nothing before, not even that the handshake failed. But what shakes hands is all that holds
    on to it, and lets go of it at the end, so that it counts as long as it is there. uvloop, on which the gateway runs,
    does so at once; asyncio's own loop leaves it in a cycle, to the garbage collector.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._counts = True
        door.arriving += 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._leave()
        self._door.enter(cast("asyncio.Transport", transport))

    def __del__(self) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._counts:
            self._counts = False
            self._door.arriving -= 1
