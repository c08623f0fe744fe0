"""Runs the operator: start, first sync, stand by or work, graceful stop."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from slotwarden.assembly import Operator, Options, assemble
from slotwarden.cluster.client import NoCluster
from slotwarden.cluster.election import LeaseLost
from slotwarden.cluster.term import NotLeading
from slotwarden.handlers.watches import Watches
from slotwarden.telemetry.server import CannotServe, Server, health_routes, listen, metrics_routes
from slotwarden.vault.errors import VaultError

__all__ = ["CannotServe", "LeaseLost", "NoCluster", "Options", "run"]

_log = logging.getLogger(__name__)
_GRACE: Final = 20.0


async def run(options: Options, stop: asyncio.Event) -> None:
    """Run the operator until `stop` is set.

    Raises:
        NoCluster: no cluster was found.
        CannotServe: a port or the file of the ports is not to be had.
        LeaseLost: another process leads.
    """
    if options.vault.address.startswith("http:"):
        _log.warning("--vault-address is http: the token and the values go to Vault in the clear")
    operator = await assemble(options)
    try:
        servers = await _serve(operator)
    except CannotServe:
        await operator.close()
        raise
    loop = asyncio.get_running_loop()
    watches = Watches(
        loop,
        options.namespaces,
        operator.context.keyring,
        operator.context.cache,
        operator.rounds.roll,
        operator.context.queue.has_ready,
        operator.seen,
        operator.lister.is_served,
    )
    operator.vault.start()
    operator.api_server.start()
    work = asyncio.ensure_future(_work(operator, watches))
    stopping = asyncio.ensure_future(stop.wait())
    ending = {work, stopping}
    if operator.elector is not None:
        ending.add(asyncio.ensure_future(operator.elector.lost()))
    done, rest = await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
    _log.info("stopping")
    operator.context.queue.close()
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await _let_go(operator)
    await watches.stop()
    for server in servers:
        await server.stop()
    await operator.close()
    for task in done - {stopping}:
        task.result()


async def _work(operator: Operator, watches: Watches) -> None:
    """Stand by until this process leads, then work."""
    rounds, elector = operator.rounds, operator.elector
    # Before the lists are made: they are then as new as all that the last leader wrote.
    leads = elector is None or await elector.take()
    if leads:
        await _have_mac_key(operator)
    await rounds.sync()
    watches.start()
    async with asyncio.TaskGroup() as group:
        group.create_task(rounds.follow_relists())
        if elector is not None and not leads:
            await elector.win()
            await _have_mac_key(operator)
            # The watches may lag behind the last leader's writes.
            await rounds.sync()
        operator.metrics.leader.set(1)
        operator.context.queue.open()
        rounds.begin()
        group.create_task(operator.engine.run())
        group.create_task(rounds.sweep())


async def _have_mac_key(operator: Operator) -> None:
    """Make the MAC key where there is none, so that the lists are taken in with MACs."""
    try:
        await operator.context.keyring.get()
    except (VaultError, NotLeading) as error:
        _log.info("lists are taken in without MACs: %s", error)


async def _let_go(operator: Operator) -> None:
    """End the work, and let others lead at once; where the Lease is lost, others may do so already."""
    await operator.engine.drain(_GRACE if operator.term.left > 0 else 0.0)
    operator.metrics.leader.set(0)
    await operator.vault.stop()
    await operator.api_server.stop()
    await operator.context.events.drain()
    if operator.elector is not None:
        await operator.elector.release()


async def _serve(operator: Operator) -> list[Server]:
    options = operator.options
    checks = health_routes(
        lambda: {
            "sync": "" if operator.rounds.synced else "the first lists are not complete",
            "lease": operator.elector.refused if operator.elector else "",
        },
        lambda: {"vault": operator.vault.cause or operator.kv.session.refused, "kubernetes": operator.api_server.cause},
    )
    servers = {
        "health": Server(checks, options.listen, options.health_port),
        "metrics": Server(metrics_routes(operator.metrics), options.listen, options.metrics_port),
    }
    await listen(servers, options.port_file)
    return list(servers.values())
