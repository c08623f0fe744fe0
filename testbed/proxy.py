"""A loopback proxy before a real server, which spoils the way there: for faults that no server makes on demand.

It ends TLS with the testbed's own certificate and forwards HTTP, so that a fault can be meant for some requests alone.
Any number of proxies share one thread, and a fault may be added to several of them: it then counts over all.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import threading
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohttp import web
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from testbed.pki import Pki

WRITES: Final = "(POST|PUT|PATCH|DELETE) "
_HOP: Final = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})
_TIMEOUT: Final = 30.0


class Fault:
    """What happens to requests that match; as it is, nothing.

    Args:
        pattern: looked for in `METHOD /path?query`, to whose path a POST adds the name of the object that it makes.
    """

    def __init__(self, pattern: str = "") -> None:
        self.pattern = re.compile(pattern)
        self.seen: list[str] = []

    async def before(self, asked: str) -> web.Response | None:
        """Called before a request is forwarded; an answer is given instead of the server's."""
        self.seen.append(asked)
        return None

    async def after(self, asked: str) -> None:
        """Called when the server has answered, before anything of the answer goes back."""


class Answers(Fault):
    """Gives an answer of its own, `times` times or until it is removed."""

    def __init__(
        self, pattern: str, status: int, body: Any = None, headers: Mapping[str, str] | None = None, times: int = 0
    ) -> None:
        super().__init__(pattern)
        self._status = status
        self._text = json.dumps(body or {})
        self._headers = headers
        self._times = times

    async def before(self, asked: str) -> web.Response | None:
        """Answer, while there are times left."""
        if self._times and len(self.seen) >= self._times:
            return None
        self.seen.append(asked)
        return web.Response(
            status=self._status, text=self._text, headers=self._headers, content_type="application/json"
        )


class Delay(Fault):
    """Forwards late."""

    def __init__(self, pattern: str, seconds: float) -> None:
        super().__init__(pattern)
        self._seconds = seconds

    async def before(self, asked: str) -> web.Response | None:
        """Wait."""
        self.seen.append(asked)
        await asyncio.sleep(self._seconds)
        return None


class Hold(Fault):
    """Stops the `nth` matching request and all that follow it, until `release`.

    Where it is `delivered`, the nth reaches the server, and its answer is what is held back. A held request of a client
    that ends is never forwarded.
    """

    def __init__(self, pattern: str, nth: int = 1, *, delivered: bool = False) -> None:
        super().__init__(pattern)
        self._nth = nth
        self._delivered = delivered
        self._reached = threading.Event()
        self._released = asyncio.Event()

    async def before(self, asked: str) -> web.Response | None:
        """Hold the nth where it is not to be delivered, and any later one."""
        self.seen.append(asked)
        if len(self.seen) > self._nth or (len(self.seen) == self._nth and not self._delivered):
            await self._wait()
        return None

    async def after(self, asked: str) -> None:
        """Hold the answer to the nth."""
        if self._delivered and self.seen[self._nth - 1 : self._nth] == [asked]:
            await self._wait()

    def wait(self, timeout: float = _TIMEOUT) -> str:
        """Wait until the nth is held.

        Returns:
            What it was.
        """
        if not self._reached.wait(timeout):
            raise AssertionError(f"no {self._nth}. request that matches {self.pattern.pattern}, but {self.seen}")
        return self.seen[self._nth - 1]

    def release(self) -> None:
        """Let all go on."""
        _thread().call_soon_threadsafe(self._released.set)

    async def _wait(self) -> None:
        self._reached.set()
        await self._released.wait()


class _Silence(Fault):
    """Accepts and does not forward: what was underway goes no further either, and never does."""

    async def before(self, asked: str) -> web.Response | None:
        self.seen.append(asked)
        await _for_ever()
        return None


class Proxy:
    """A proxy before the server at `upstream`, at `url` once it is started. Its methods belong to the test's thread."""

    def __init__(self, upstream: str, pki: Pki) -> None:
        self._upstream = upstream
        self._pki = pki
        self._port = 0
        self._faults: list[Fault] = []
        self._underway: dict[asyncio.Task[Any] | None, str] = {}
        self._silent: set[asyncio.Task[Any] | None] = set()
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self._port}"

    def start(self) -> Proxy:
        """Listen; again at the same port, where it did before."""
        _run(self._start())
        return self

    def stop(self) -> None:
        """End all connections and listen no more: connections are refused."""
        _run(self._stop())

    def cut(self) -> None:
        """End all connections, in the middle of whatever they carry; new ones are taken."""
        _run(self._cut())

    def add(self, *faults: Fault) -> None:
        """Have faults happen from now on."""
        self._faults.extend(faults)

    def remove(self, *faults: Fault) -> None:
        """End faults."""
        for fault in faults:
            self._faults.remove(fault)

    def clear(self) -> None:
        """End all faults. What was silenced stays silent: a connection that was lost does not come back."""
        self._faults.clear()

    def silence(self, pattern: str = "") -> Fault:
        """Let what matches, underway or new, go no further, with connections open all the while."""
        fault = _Silence(pattern)
        _run(self._silence(fault))
        return fault

    def underway(self, pattern: str) -> list[str]:
        """The matching requests that are being answered now: watches, above all."""
        return [asked for asked in list(self._underway.values()) if re.search(pattern, asked)]

    async def _start(self) -> None:
        if self._listener is not None:
            return
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._pki.server_cert, self._pki.server_key)
        trust = ssl.create_default_context(cafile=str(self._pki.ca))
        connector = aiohttp.TCPConnector(ssl=trust, limit=0)
        self._session = aiohttp.ClientSession(
            connector=connector, auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
        )
        self._server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._server, "127.0.0.1", self._port, ssl=context)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        await self._cut()
        await self._server.shutdown(0.1)
        await self._session.close()

    async def _silence(self, fault: Fault) -> None:
        self._faults.append(fault)
        self._silent.update(task for task, asked in self._underway.items() if fault.pattern.search(asked))

    async def _cut(self) -> None:
        for connection in self._server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        path, mark, query = request.raw_path.partition("?")
        asked = f"{request.method} {path}{_name(body) if request.method == 'POST' else ''}{mark}{query}"
        me = asyncio.current_task()
        self._underway[me] = asked
        try:
            faults = [fault for fault in self._faults if fault.pattern.search(asked)]
            for fault in faults:
                answer = await fault.before(asked)
                if answer is not None:
                    return answer
            return await self._forward(request, body, asked, faults)
        finally:
            del self._underway[me]
            self._silent.discard(me)

    async def _forward(
        self, request: web.BaseRequest, body: bytes, asked: str, faults: list[Fault]
    ) -> web.StreamResponse:
        url = URL(self._upstream + request.raw_path, encoded=True)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        try:
            async with self._session.request(
                request.method, url, data=body or None, headers=headers, allow_redirects=False
            ) as found:
                for fault in faults:
                    await fault.after(asked)
                return await self._send_back(request, found)
        except aiohttp.ClientError:
            # The server is away: so is the proxy's answer.
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)

    async def _send_back(self, request: web.BaseRequest, found: aiohttp.ClientResponse) -> web.StreamResponse:
        """Piece by piece, for a watch never ends."""
        headers = {name: value for name, value in found.headers.items() if name.lower() not in _HOP}
        answer = web.StreamResponse(status=found.status, headers=headers)
        await answer.prepare(request)
        async for chunk in found.content.iter_any():
            if asyncio.current_task() in self._silent:
                await _for_ever()
            await answer.write(chunk)
        await answer.write_eof()
        return answer


async def _for_ever() -> None:
    await asyncio.Event().wait()


def _name(body: bytes) -> str:
    """The name of the object in a body, which the path of a creation lacks."""
    with suppress(ValueError, LookupError, TypeError, AttributeError):
        return f"/{json.loads(body)['metadata']['name']}"
    return ""


@cache
def _thread() -> asyncio.AbstractEventLoop:
    """The loop of all proxies, which runs for as long as the process lives."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="proxies", daemon=True).start()
    return loop


def _run(what: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(what, _thread()).result(_TIMEOUT)
