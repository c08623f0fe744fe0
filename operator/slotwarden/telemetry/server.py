"""The two small HTTP servers: health, and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from slotwarden.telemetry.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from slotwarden.telemetry.metrics import Metrics


class Server:
    """One listening HTTP server."""

    def __init__(self, routes: Mapping[str, Callable[[], web.Response]], host: str, port: int) -> None:
        self._app = web.Application()
        for path, answer in routes.items():
            self._app.router.add_get(path, _handler(answer))
        self._host = host
        self._asked = port
        self._runner = web.AppRunner(self._app, access_log=None)

    async def start(self) -> int:
        """Listen.

        Returns:
            The port, which the system chose where 0 was asked for.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._asked)
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
