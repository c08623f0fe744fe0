"""The HTTPS server: what a client may make it wait for, and how it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from slotwarden.gateway.tls import AskingContext

HANDSHAKE_SECONDS: Final = 10.0
_BACKLOG: Final = 512


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
        handshake: float = HANDSHAKE_SECONDS,
    ) -> None:
        super().__init__(runner, ssl_context=context, backlog=_BACKLOG)
        self._host = host
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
        self._server = await asyncio.get_running_loop().create_server(
            server,
            self._host,
            self.port,
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_handshake_timeout=self._handshake,
            ssl_shutdown_timeout=self._handshake,
        )
        self.port = self._server.sockets[0].getsockname()[1]
