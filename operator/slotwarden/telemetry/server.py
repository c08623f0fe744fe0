"""The two small HTTP servers, health and metrics, and how all servers of a process begin to listen."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from slotwarden.telemetry.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from slotwarden.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)


class CannotServe(Exception):
    """A port, or the file of the ports, is not to be had; names the option."""


class Listener(Protocol):
    """A server that can be asked for a port."""

    host: str
    asked: int

    async def start(self) -> int:
        """Listen, and return the port. Raises OSError."""
        ...


async def listen(servers: Mapping[str, Listener], port_file: Path | None) -> None:
    """Have all servers listen, and tell where: in the log, and in a file as JSON.

    Raises:
        CannotServe: one cannot, or the file cannot be written.
    """
    ports = {}
    for name, server in servers.items():
        try:
            ports[name] = await server.start()
        except OSError as error:
            message = f"--{name}-port: cannot listen on {server.host}:{server.asked}: {error.strerror}"
            raise CannotServe(message) from None
    _log.info(", ".join(f"{name} on {servers[name].host}:{port}" for name, port in ports.items()))
    if port_file is not None:
        # Whole or not there: whoever waits for it may look at any moment.
        unfinished = port_file.with_suffix(".tmp")
        try:
            unfinished.write_text(json.dumps(ports))
            unfinished.replace(port_file)
        except OSError as error:
            raise CannotServe(f"--port-file: cannot write {port_file}: {error.strerror}") from None


class Server:
    """One listening HTTP server."""

    def __init__(self, routes: Mapping[str, Callable[[], web.Response]], host: str, port: int) -> None:
        self._app = web.Application()
        for path, answer in routes.items():
            self._app.router.add_get(path, _handler(answer))
        self.host = host
        self.asked = port
        self._runner = web.AppRunner(self._app, access_log=None)

    async def start(self) -> int:
        """Listen.

        Returns:
            The port, which the system chose where 0 was asked for.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.asked)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()


def health_routes(
    checks: Callable[[], Mapping[str, str]], notes: Callable[[], Mapping[str, str]]
) -> dict[str, Callable[[], web.Response]]:
    """`/healthz`: the process turns. `/readyz`: all `checks` are empty; what is not says why, and so do `notes`."""

    def ready() -> web.Response:
        failing = checks()
        lines = [f"[{'-' if why else '+'}] {name}: {why or 'ok'}" for name, why in failing.items()]
        lines += [f"[!] {name}: {note}" for name, note in notes().items() if note]
        status = 503 if any(failing.values()) else 200
        return web.Response(text="\n".join([*lines, ""]), status=status)

    return {"/healthz": lambda: web.Response(text="ok\n"), "/readyz": ready}


def metrics_routes(metrics: Metrics) -> dict[str, Callable[[], web.Response]]:
    """`/metrics`."""
    return {"/metrics": lambda: web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE})}


def _handler(answer: Callable[[], web.Response]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(_request: web.Request) -> web.StreamResponse:
        return answer()

    return handle
