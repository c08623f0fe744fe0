"""An aiohttp server behind an `AskingContext`, on a loop of either kind, and clients of Python's own `ssl`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import uvloop
from aiohttp import web
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates

from slotwarden.gateway.serving.certificates import Pair
from slotwarden.gateway.serving.server import TlsSite
from slotwarden.gateway.serving.tls import AskingContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import trustme

    from slotwarden.gateway.serving.tls import Peer

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def pair(authority: trustme.CA, name: str = "localhost") -> Pair:
    """A server's certificate."""
    made = authority.issue_cert(name)
    key = load_pem_private_key(made.private_key_pem.bytes(), None)
    return Pair(load_pem_x509_certificates(made.cert_chain_pems[0].bytes())[0], key)  # type: ignore[arg-type]


class Running:
    """A server in a thread; `seen` holds the clients' chains, `failed` what the loop was told of errors."""

    def __init__(
        self, context: AskingContext, loop: asyncio.AbstractEventLoop, handshake: float, connections: int
    ) -> None:
        self.context = context
        self.seen: list[Peer] = []
        self.failed: list[str] = []
        self.loop = loop
        self.port = 0
        self._handshake = handshake
        self._connections = connections
        self._stop = asyncio.Event()

    async def _answer(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        self.seen.append(request.transport.get_extra_info("ssl_object"))
        body = await request.read()
        return web.Response(body=body or b"ok")

    async def serve(self, ready: threading.Event) -> None:
        self.loop.set_exception_handler(lambda _loop, told: self.failed.append(str(told)))
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = TlsSite(runner, "127.0.0.1", 0, self.context, self._connections, self._handshake)
        await site.start()
        self.port = site.port
        ready.set()
        await self._stop.wait()
        await runner.cleanup()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)


@contextlib.contextmanager
def serving(kind: str, made: Pair, handshake: float = 30, connections: int = 100) -> Iterator[Running]:
    """A server on a loop of this kind."""
    context = AskingContext()
    context.use(made)
    loop = LOOPS[kind]()
    running, ready = Running(context, loop, handshake, connections), threading.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(running.serve(ready)))
    thread.start()
    try:
        assert ready.wait(10)
        yield running
    finally:
        running.stop()
        thread.join(20)
        loop.close()
        assert not thread.is_alive()


def client_context(authority: trustme.CA, client: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """What a client believes and shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    if client is not None:
        client.configure_cert(context)
    return context


def connect(port: int, context: ssl.SSLContext, timeout: float = 20) -> ssl.SSLSocket:
    """A connection, after its handshake."""
    raw = socket.create_connection(("127.0.0.1", port), timeout)
    return context.wrap_socket(raw, server_hostname="localhost")


def read_all(connection: ssl.SSLSocket) -> bytes:
    """What comes until the other side ends in order."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def post(connection: ssl.SSLSocket, body: bytes) -> bytes:
    """Send a request that ends the connection, and return the whole answer."""
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return read_all(connection)
