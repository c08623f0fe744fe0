"""Puts the operator together: which part knows which; nothing runs yet."""

from __future__ import annotations

import asyncio
import random
import socket
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from slotwarden.cluster import health as cluster_health
from slotwarden.cluster.client import KubeClient, load_configuration
from slotwarden.cluster.election import Elector, Timing
from slotwarden.cluster.events import Events
from slotwarden.cluster.leases import Leases
from slotwarden.cluster.listing import Lister
from slotwarden.cluster.namespaces import Namespaces
from slotwarden.cluster.secrets import Secrets
from slotwarden.cluster.slots import Slots
from slotwarden.cluster.term import Term, boot_time
from slotwarden.domain.kinds import KINDS
from slotwarden.reconcile.backlog import Priority
from slotwarden.reconcile.cache import Cache
from slotwarden.reconcile.context import Context
from slotwarden.reconcile.engine import Engine
from slotwarden.reconcile.keys import Key, TargetKey
from slotwarden.reconcile.observe import SlotView
from slotwarden.reconcile.outage import Outage
from slotwarden.reconcile.queue import WorkQueue
from slotwarden.reconcile.resync import Resync
from slotwarden.reconcile.rollcall import RollCall
from slotwarden.reconcile.rounds import Rounds
from slotwarden.reconcile.slot import SlotReconciler
from slotwarden.reconcile.state import States
from slotwarden.reconcile.status import by_reason
from slotwarden.reconcile.sweep import Sweeper
from slotwarden.reconcile.target import TargetReconciler
from slotwarden.telemetry.metrics import OperatorMetrics
from slotwarden.values.keyring import Keyring
from slotwarden.values.paths import EntryPaths
from slotwarden.values.service import ValueService
from slotwarden.values.store import VaultStore
from slotwarden.vault import health as vault_health
from slotwarden.vault.kv import VaultKV
from slotwarden.vault.transit import VaultTransit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from slotwarden.reconcile.observe import SecretView
    from slotwarden.vault.config import VaultConfig


@dataclass(frozen=True, slots=True)
class Options:
    """How the operator is to run.

    Attributes:
        namespaces: where to work; everywhere if empty.
        prefix: the folder below Vault's mount.
        cluster: the cluster's identity; the uid of `kube-system` if None.
        lease: namespace and name of the Lease that its replicas share; None: this is the only one.
        lease_duration: seconds after which a Lease that is not renewed may be taken.
        sweep_grace: seconds between the two looks that tell that a value's object is gone.
        port_file: where to write the ports that are listened on, as JSON.
    """

    vault: VaultConfig
    namespaces: Sequence[str] = ()
    prefix: str = "slotwarden"
    cluster: str | None = None
    lease: tuple[str, str] | None = None
    lease_duration: float = 15.0
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
    metrics: OperatorMetrics
    context: Context
    lister: Lister
    vault: Outage
    api_server: Outage
    engine: Engine
    rounds: Rounds
    term: Term
    elector: Elector | None

    async def close(self) -> None:
        """Close all connections."""
        await self.client.close()
        await self.kv.close()
        if self.elector is not None:
            await self.elector.close()

    def seen(self, view: SlotView | SecretView, deleted: bool) -> None:
        """Take in what a watch says."""
        cache = self.context.cache
        if isinstance(view, SlotView):
            key = view.key
            keys = cache.drop_slot(key, view.metadata.uid, view.version) if deleted else cache.put_slot(view)
        elif deleted:
            keys = cache.drop_secret(TargetKey(view.namespace, view.name), view.uid, view.version)
        else:
            keys = cache.put_secret(view)
        if not self.context.queue.is_open:
            # Who leads works deletions off, and the sweep makes up for what was missed.
            cache.gone.clear()
        _enqueue(self.context.queue, keys)


async def assemble(options: Options) -> Operator:
    """Make all parts; nothing runs yet."""
    metrics = OperatorMetrics()
    term = Term() if options.lease else Term.unlimited()
    client, elector = await _connect(options, metrics, term)
    kv = VaultKV(options.vault, observe=metrics.vault_request, before_write=term.check)
    store = VaultStore(kv, EntryPaths(options.prefix), VaultTransit.of(kv.session, options.vault.transit_mount))
    keyring, cache = Keyring(store), Cache()
    queue: WorkQueue[Key] = WorkQueue(time.monotonic, random.random)
    context = Context(
        cache=cache,
        states=States(time.monotonic, random.random),
        queue=queue,
        values=ValueService(store, _now),
        store=store,
        keyring=keyring,
        slots={kind.word: Slots(client, kind.resource) for kind in KINDS},
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
    wanted, relisted = asyncio.Event(), asyncio.Event()
    roll = RollCall(partial(asyncio.get_running_loop().call_soon_threadsafe, relisted.set), time.monotonic)
    vault = Outage("Vault", vault_health.asking(store.health), queue.add, wanted.set, metrics.vault_up.set)
    api_server = Outage(
        "the API server", cluster_health.asking(lister.is_served), queue.add, relisted.set, metrics.kubernetes_up.set
    )
    engine = Engine(
        queue,
        SlotReconciler(context),
        TargetReconciler(context),
        vault,
        api_server,
        lambda kind, outcome: metrics.reconciled.labels(kind, outcome).inc(),
    )
    for priority in Priority:
        metrics.follow_queue(priority.name.lower(), partial(queue.depth, priority), partial(queue.age, priority))
    metrics.follow_slots(partial(_slots, cache, queue))
    metrics.vault_up.set(1)
    metrics.kubernetes_up.set(1)
    enqueue = partial(_enqueue, queue)
    sweeper = Sweeper(context, lister, resync, options.namespaces, enqueue)
    rounds = Rounds(cache, resync, sweeper, enqueue, options.sweep_grace, wanted, relisted, roll)
    return Operator(options, client, kv, metrics, context, lister, vault, api_server, engine, rounds, term, elector)


async def _connect(options: Options, metrics: OperatorMetrics, term: Term) -> tuple[KubeClient, Elector | None]:
    connect = partial(KubeClient, await load_configuration(), metrics.kubernetes_request)
    client = connect(term)
    if options.lease is None:
        return client, None
    identity = f"{socket.gethostname()}_{uuid.uuid4()}"
    timing = Timing.of(options.lease_duration)
    # A client of its own: a renewal needs no term, and waits behind nothing else.
    leases = Leases(connect(Term.unlimited()), *options.lease)
    return client, Elector(leases, term, identity, timing, boot_time, random.random)


def _slots(cache: Cache, queue: WorkQueue[Key]) -> Mapping[tuple[str, str], int]:
    """The leader's slots by kind and reason: a standby knows them, too, and would have each counted twice."""
    return by_reason(cache.slots.values()) if queue.is_open else {}


def _enqueue(queue: WorkQueue[Key], keys: Iterable[Key], priority: Priority = Priority.USER) -> None:
    for key in keys:
        queue.add(key, priority)


def _now() -> datetime:
    return datetime.now(UTC)
