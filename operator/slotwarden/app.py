"""Puts the operator together and runs it: start, first sync, work, graceful stop."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from slotwarden.cluster.client import KubeClient, NoCluster, load_configuration
from slotwarden.cluster.events import Events
from slotwarden.cluster.listing import Lister
from slotwarden.cluster.namespaces import Namespaces
from slotwarden.cluster.secrets import Secrets
from slotwarden.cluster.slots import Slots
from slotwarden.handlers.watches import Watches
from slotwarden.reconcile.backlog import Priority
from slotwarden.reconcile.cache import Cache
from slotwarden.reconcile.context import Context
from slotwarden.reconcile.engine import Engine
from slotwarden.reconcile.keys import Key, SlotKey, TargetKey
from slotwarden.reconcile.observe import SlotView
from slotwarden.reconcile.outage import Outage
from slotwarden.reconcile.queue import WorkQueue
from slotwarden.reconcile.resync import Resync
from slotwarden.reconcile.rounds import Rounds
from slotwarden.reconcile.slot import SlotReconciler
from slotwarden.reconcile.state import States
from slotwarden.reconcile.sweep import Sweeper
from slotwarden.reconcile.target import TargetReconciler
from slotwarden.telemetry.metrics import Metrics
from slotwarden.telemetry.server import Server, health_routes, metrics_routes
from slotwarden.values.keyring import Keyring
from slotwarden.values.paths import SlotPaths
from slotwarden.values.service import ValueService
from slotwarden.values.store import VaultStore
from slotwarden.vault.kv import VaultKV

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from slotwarden.reconcile.observe import SecretView
    from slotwarden.vault.config import VaultConfig

__all__ = ["CannotServe", "NoCluster", "Options", "run"]

_log = logging.getLogger(__name__)
_GRACE: Final = 20.0


class CannotServe(Exception):
    """Health or metrics cannot be served as asked for; names the option."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the operator is to run.

    Attributes:
        namespaces: where to work; everywhere if empty.
        prefix: the folder below Vault's mount.
        cluster: the cluster's identity; the uid of `kube-system` if None.
        sweep_grace: seconds between the two looks that tell that a value's object is gone.
        port_file: where to write the ports that are listened on, as JSON.
    """

    vault: VaultConfig
    namespaces: Sequence[str] = ()
    prefix: str = "slotwarden"
    cluster: str | None = None
    listen: str = "127.0.0.1"
    health_port: int = 8080
    metrics_port: int = 9090
    sweep_grace: float = 30.0
    port_file: Path | None = None


@dataclass(slots=True)
class Operator:
    """The parts, and what they share."""

    options: Options
    client: KubeClient
    kv: VaultKV
    metrics: Metrics
    context: Context
    lister: Lister
    outage: Outage
    engine: Engine
    rounds: Rounds

    def seen(self, view: SlotView | SecretView, deleted: bool) -> None:
        """Take in what a watch says."""
        cache = self.context.cache
        if isinstance(view, SlotView):
            metadata = view.slot.metadata
            key = SlotKey(metadata.namespace, metadata.name)
            keys = cache.drop_slot(key, metadata.uid) if deleted else cache.put_slot(view)
        elif deleted:
            keys = cache.drop_secret(TargetKey(view.namespace, view.name), view.uid)
        else:
            keys = cache.put_secret(view)
        _enqueue(self.context.queue, keys)


async def assemble(options: Options) -> Operator:
    """Make all parts; nothing runs yet."""
    metrics = Metrics()
    client = KubeClient(await load_configuration(), metrics.kubernetes_request)
    kv = VaultKV(options.vault, observe=metrics.vault_request)
    store = VaultStore(kv, SlotPaths(options.prefix))
    keyring, cache = Keyring(store), Cache()
    queue: WorkQueue[Key] = WorkQueue(time.monotonic, random.random)
    context = Context(
        cache=cache,
        states=States(time.monotonic, random.random),
        queue=queue,
        values=ValueService(store, _now),
        store=store,
        keyring=keyring,
        slots=Slots(client),
        secrets=Secrets(client),
        events=Events(client),
        namespaces=Namespaces(client, options.cluster),
        clock=time.monotonic,
        now=_now,
        jitter=random.random,
        projected=metrics.projection.observe,
    )
    lister = Lister(client, options.namespaces)
    resync = Resync(lister, cache, keyring)
    wanted = asyncio.Event()
    outage = Outage(store.health, queue.add, wanted.set, lambda up: metrics.vault_up.set(up))
    engine = Engine(
        queue,
        SlotReconciler(context),
        TargetReconciler(context),
        outage,
        lambda kind, outcome: metrics.reconciled.labels(kind, outcome).inc(),
    )
    for priority in Priority:
        metrics.follow_queue(priority.name.lower(), partial(queue.depth, priority), partial(queue.age, priority))
    metrics.vault_up.set(1)
    enqueue = partial(_enqueue, queue)
    sweeper = Sweeper(context, lister, resync, options.namespaces, enqueue)
    rounds = Rounds(cache, resync, sweeper, enqueue, options.sweep_grace, wanted)
    return Operator(options, client, kv, metrics, context, lister, outage, engine, rounds)


def _enqueue(queue: WorkQueue[Key], keys: Iterable[Key], priority: Priority = Priority.USER) -> None:
    for key in keys:
        queue.add(key, priority)


async def run(options: Options, stop: asyncio.Event) -> None:
    """Run the operator until `stop` is set.

    Raises:
        NoCluster: no cluster was found.
        CannotServe: a port or the file of the ports is not to be had.
    """
    if options.vault.address.startswith("http:"):
        _log.warning("--vault-address is http: the token and the values go to Vault in the clear")
    operator = await assemble(options)
    try:
        servers = await _serve(operator)
    except CannotServe:
        await operator.client.close()
        await operator.kv.close()
        raise
    loop = asyncio.get_running_loop()
    watches = Watches(
        loop,
        options.namespaces,
        operator.context.keyring,
        operator.seen,
        partial(loop.call_soon_threadsafe, operator.rounds.relisted.set),
        operator.lister.is_served,
    )
    work = asyncio.ensure_future(_work(operator, watches))
    stopping = asyncio.ensure_future(stop.wait())
    done, _ = await asyncio.wait((stopping, work), return_when=asyncio.FIRST_COMPLETED)
    _log.info("stopping")
    operator.context.queue.close()
    work.cancel()
    stopping.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await operator.engine.drain(_GRACE)
    await operator.outage.stop()
    await watches.stop()
    await operator.context.events.drain()
    for server in servers:
        await server.stop()
    await operator.client.close()
    await operator.kv.close()
    if work in done:
        work.result()


async def _work(operator: Operator, watches: Watches) -> None:
    rounds = operator.rounds
    await rounds.first_sync()
    watches.start()
    operator.metrics.leader.set(1)
    operator.context.queue.open()
    async with asyncio.TaskGroup() as group:
        group.create_task(operator.engine.run())
        group.create_task(rounds.sweep())
        group.create_task(rounds.follow_relists())


async def _serve(operator: Operator) -> list[Server]:
    options = operator.options
    checks = health_routes(
        lambda: {"sync": "" if operator.rounds.synced else "the first lists are not complete"},
        lambda: {"vault": operator.outage.cause},
    )
    servers = {
        "health": Server(checks, options.listen, options.health_port),
        "metrics": Server(metrics_routes(operator.metrics), options.listen, options.metrics_port),
    }
    ports = {}
    for name, port in (("health", options.health_port), ("metrics", options.metrics_port)):
        try:
            ports[name] = await servers[name].start()
        except OSError as error:
            message = f"--{name}-port: cannot listen on {options.listen}:{port}: {error.strerror}"
            raise CannotServe(message) from None
    _log.info("health on %s:%d, metrics on %s:%d", options.listen, ports["health"], options.listen, ports["metrics"])
    if options.port_file is not None:
        # Whole or not there: whoever waits for it may look at any moment.
        unfinished = options.port_file.with_suffix(".tmp")
        try:
            unfinished.write_text(json.dumps(ports))
            unfinished.replace(options.port_file)
        except OSError as error:
            raise CannotServe(f"--port-file: cannot write {options.port_file}: {error.strerror}") from None
    return list(servers.values())


def _now() -> datetime:
    return datetime.now(UTC)
