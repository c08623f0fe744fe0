"""A server that answers whatever the test says, or nothing."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """Answers with `status`, `headers` and `body` what is not about the token; keeps what came.

    Attributes:
        seen: method, path and headers of each request.
        bodies: of each request.
        drops: how many requests from now on end with the connection cut instead of an answer.
        held: cleared by the test, it holds the answers back.
        most: how many requests there were at one time.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b"{}"
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.drops = 0
        self.held = threading.Event()
        self.held.set()
        self.most = 0
        self._running = 0
        self._lock = threading.Lock()

    def came(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
        """Note a request; whether it is to be answered."""
        with self._lock:
            self.seen.append((method, path, headers))
            self.bodies.append(body)
            self._running += 1
            self.most = max(self.most, self._running)
            answered = self.drops == 0
            self.drops = max(0, self.drops - 1)
        self.held.wait(30)
        with self._lock:
            self._running -= 1
        return answered

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = self.path.startswith("/v1/auth/token/")
        if not token and not self.server.came(self.command, self.path, dict(self.headers), sent):
            self.close_connection = True
            return
        body = b'{"data": {"ttl": 0}}' if token else self.server.body
        self.send_response(200 if token else self.server.status)
        for name, value in {**self.server.headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

    def log_message(self, *args: Any) -> None:
        """Keep the terminal quiet."""
