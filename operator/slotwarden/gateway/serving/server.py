"""The HTTPS server: what a client may make it wait for, how much it does at once, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from slotwarden.gateway.observing import HEADER, ID
from slotwarden.gateway.refusals import Refusal, away
from slotwarden.gateway.serving.wire import Door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp.typedefs import Handler, Middleware

    from slotwarden.gateway.serving.tls import AskingContext

HANDSHAKE_SECONDS: Final = 10.0
# A connection is closed where no whole head of a request came for so long. The API server closes its own after 90 s: it
# must be first, or it would find one closed that it is about to use.
_HEAD_SECONDS: Final = 100.0
_REQUEST_SECONDS: Final = 40.0
_CUT_SECONDS: Final = 1.0
_BACKLOG: Final = 512
_PIECE: Final = 128 * 1024


class TlsSite(web.BaseSite):
    """Listens with TLS; aiohttp's own site leaves a minute to a handshake.

    Attributes:
        port: where it listens; the system chooses where 0 was asked for.
    """

    def __init__(
        self,
        runner: web.AppRunner,
        host: str,
        port: int,
        context: AskingContext,
        connections: int,
        handshake: float = HANDSHAKE_SECONDS,
    ) -> None:
        super().__init__(runner, ssl_context=context, backlog=_BACKLOG)
        self._host = host
        self._context = context
        self._connections = connections
        self._handshake = handshake
        self.port = port

    @property
    def name(self) -> str:
        """Its address."""
        return f"https://{self._host}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        await super().start()
        server = self._runner.server
        if server is None:
            raise AssertionError("the runner was not set up")
        door = Door(server, self._connections)
        self._context.refuse_while(lambda: door.full)
        self._server = await asyncio.get_running_loop().create_server(
            door,
            self._host,
            self.port,
            ssl=self._context,
            backlog=self._backlog,
            ssl_handshake_timeout=self._handshake,
            ssl_shutdown_timeout=self._handshake,
        )
        self.port = self._server.sockets[0].getsockname()[1]


class HttpsServer:
    """One listening HTTPS server.

    Args:
        traffic: the middleware of `app` that knows which requests run.
        grace: seconds that they get to end when it stops.
        connections: how many there may be at once; more are closed.
        head: seconds that a connection stays without a whole head of a request.
    """

    def __init__(
        self,
        app: web.Application,
        address: tuple[str, int],
        context: AskingContext,
        traffic: Traffic,
        grace: float,
        connections: int,
        head: float = _HEAD_SECONDS,
    ) -> None:
        self.host, self.asked = address
        self._context = context
        self._traffic = traffic
        self._grace = grace
        self._connections = connections
        self._runner = web.AppRunner(
            app, access_log=None, keepalive_timeout=head, shutdown_timeout=_CUT_SECONDS, handle_signals=False
        )

    async def start(self) -> int:
        """Listen, and return the port. Raises OSError."""
        await self._runner.setup()
        site = TlsSite(self._runner, self.host, self.asked, self._context, self._connections)
        await site.start()
        return site.port

    async def stop(self) -> None:
        """Take no more connections, let running requests end, and close the rest."""
        for site in self._runner.sites:
            await site.stop()
        # Before aiohttp's own end, which reads nothing more: not the body of a request that runs, either.
        await self._traffic.end(self._grace)
        await self._runner.cleanup()


class Traffic:
    """How many requests run at once, over HTTP and gRPC; it has to be outside of what turns errors into answers.

    Args:
        most: how many; one more is told to come again.
        answer: makes the answer to that one.
    """

    def __init__(self, most: int, answer: Callable[[web.Request, Refusal], web.StreamResponse]) -> None:
        self._most = most
        self._answer = answer
        self._running = 0
        self._ending = False
        self._none = asyncio.Event()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Run a request, or refuse it; one that ends while the server does is the last of its connection."""
        try:
            with self.running():
                response = await handler(request)
        except Refusal as refused:
            return self._answer(request, refused)
        if self._ending:
            response.force_close()
        return response

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """For as long as a request runs. Raises Refusal."""
        if self._running >= self._most:
            raise away("the gateway has too much to do")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._none.set()

    async def end(self, seconds: float) -> None:
        """Return when no request runs, or after so many seconds."""
        self._ending = True
        if self._running:
            self._none.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._none.wait()


@web.middleware
async def in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give a request up that takes too long."""
    async with asyncio.timeout(_REQUEST_SECONDS):
        return await handler(request)


async def sent(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send an answer that is all bytes while its request still counts as one that runs, and within its time.

    aiohttp does so when all handlers are over, and waits without end for a client that does not read. It goes in
    pieces, because TLS makes us wait before a write for those before it, and not for what is in that one.
    """
    body = response.body if isinstance(response.body, bytes) else b""
    stream = web.StreamResponse(status=response.status, headers={**response.headers, HEADER: request[ID]})
    stream.content_length = len(body)
    try:
        await stream.prepare(request)
        for at in range(0, len(body), _PIECE):
            await stream.write(body[at : at + _PIECE])
        await stream.write_eof()
    except ConnectionError:
        # The client went, as it may: nobody is left to be told of it.
        return stream
    except BaseException:
        # Nothing that could be said instead may follow a half of it.
        if request.transport is not None:
            request.transport.abort()
        raise
    return stream


@web.middleware
async def delivered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send what does not fit into the buffers below us; it comes after what counts a caller's requests."""
    response = await handler(request)
    if request.method == hdrs.METH_HEAD or not isinstance(response, web.Response):
        # The body of an answer to HEAD is not sent: the client would take it for the next answer.
        return response
    if isinstance(response.body, bytes) and len(response.body) > _PIECE:
        return await sent(request, response)
    return response


def only(namespaces: frozenset[str]) -> Middleware:
    """A middleware that serves these namespaces; all of them if there are none."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if namespaces and request.match_info.get("namespace", next(iter(namespaces))) not in namespaces:
            raise Refusal(404, "this gateway does not serve the namespace")
        return await handler(request)

    return middleware
