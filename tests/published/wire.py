"""Bytes of any kind on a connection to a gateway, and what comes back."""

from __future__ import annotations

import base64
import contextlib
import http.client
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis import HealthCheck, Phase

from tests.gateway.support import TIMEOUT
from tests.published.support import canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.gateway import Gateway
    from tests.published.support import User

PATIENCE = 5
"""Seconds to wait for an answer where there need be none."""


@dataclass(frozen=True)
class Told:
    """An answer over HTTP."""

    code: int
    text: str


class Fuzz:
    """One test that sends what is made at random, with a mark in it that no name can hold."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.gateway: Gateway = user.api.gateway
        # The canary's length is a multiple of 3, so that the base64 of both stands in that of all that begins with it.
        self.mark = f"${canary()}$x"
        self.encoded = base64.b64encode(self.mark.encode()).decode()
        self.seed = secrets.randbelow(2**32)
        self._before = len(self.gateway.log_text())
        print(f"seed {self.seed}")  # noqa: T201  # what is made of it

    def run(self, test: Callable[..., None], examples: int) -> None:
        """Run a test that hypothesis makes examples for; nothing of them is in the log then, and nothing broke."""
        settings = hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        hypothesis.seed(self.seed)(settings(test))()
        log = self.gateway.log_text()[self._before :]
        self.told_nothing(log)
        broken = [line for line in log.splitlines() if '"exception"' in line]
        assert not broken, "\n".join(broken[:5])
        assert self.user.ask("GET", "/v1/ignite/secrets").code == 200

    def told_nothing(self, text: str) -> None:
        """Assert that a text has no mark in it."""
        assert self.mark not in text
        assert self.encoded not in text

    def headers(self, *more: tuple[bytes, bytes]) -> bytes:
        """The lines of headers that every good request has, and more."""
        own = ((b"Host", b"localhost"), (b"Authorization", f"Bearer {self.user.token}".encode()))
        return b"".join(b"%s: %s\r\n" % each for each in (*own, *more))

    def exchange(self, raw: bytes, method: str = "GET", timeout: float = TIMEOUT) -> Told | None:
        """Send a request on a connection of its own; None where the server says nothing and closes."""
        with (
            socket.create_connection(("localhost", self.gateway.port), timeout) as plain,
            self.user.api.tls.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            # The server may have answered before all was sent.
            with contextlib.suppress(OSError):
                connection.sendall(raw)
            answer: Any = http.client.HTTPResponse(connection, method=method)
            try:
                answer.begin()
                told = Told(answer.status, f"{answer.headers}{answer.read().decode(errors='replace')}")
            except (http.client.HTTPException, OSError):
                return None
        return told

    def checked(self, told: Told) -> None:
        """Assert that an answer is none of a server that failed, and tells nothing of what was sent."""
        assert told.code < 500, told
        self.told_nothing(told.text)
