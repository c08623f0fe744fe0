"""Runs the gateway: start, serve, graceful stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from slotwarden.gateway.assembly import Options, assemble
from slotwarden.telemetry.server import Server, health_routes, listen, metrics_routes

if TYPE_CHECKING:
    from slotwarden.gateway.assembly import Gateway

_log = logging.getLogger(__name__)


async def run(options: Options, stop: asyncio.Event) -> None:
    """Run the gateway until `stop` is set.

    Raises:
        NoCluster: no cluster was found.
        CannotServe: a port or the file of the ports is not to be had.
    """
    if options.vault.address.startswith("http:"):
        _log.warning("--vault-address is http: the token and the values go to Vault in the clear")
    async with contextlib.AsyncExitStack() as after:
        gateway = await assemble(options)
        after.push_async_callback(gateway.close)
        gateway.metrics.follow_ready(lambda: gateway.ready)
        checks = health_routes(gateway.checks, gateway.notes)
        small = {
            "health": Server(checks, options.listen, options.health_port),
            "metrics": Server(metrics_routes(gateway.metrics), options.listen, options.metrics_port),
        }
        for server in small.values():
            after.push_async_callback(server.stop)
        # Last in, so first to stop: it needs all that follows.
        followers = [asyncio.create_task(each) for each in gateway.followers()]
        after.push_async_callback(_end, followers)
        after.push_async_callback(_drain, gateway)
        await listen({**small, **gateway.servers()}, options.port_file)
        stopping = asyncio.ensure_future(stop.wait())
        done, _ = await asyncio.wait({stopping, *followers}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        gateway.stopping = True
        _log.info("stopping")
    for task in done - {stopping}:
        task.result()


async def _drain(gateway: Gateway) -> None:
    """Both at once: they share the grace."""
    await asyncio.gather(*(server.stop() for server in gateway.servers().values()))


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
