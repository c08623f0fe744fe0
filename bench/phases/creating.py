"""Many slots created at once: by the operator, and by the bare client. Both begin with the first creation."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from bench import slots
from bench.bare import BareClient, Prepared
from bench.counting import Mark, Requests
from bench.watch import AllReady, Watch
from testbed import procfs

if TYPE_CHECKING:
    from bench.bare import Sample
    from bench.slots import Batch
    from bench.stage import Stage
    from testbed.operator import Operator

Json = dict[str, Any]


async def by_operator(
    stage: Stage,
    operator: Operator,
    prefix: str,
    batch: Batch,
    patience: float,
    watching: AbstractContextManager[None] | None = None,
) -> Json:
    """Create the slots and wait until the last is seen ready; CPU and requests until all have come to rest.

    Args:
        watching: entered from before the first creation until after the last slot is ready.
    """
    stage.make_namespaces(batch.namespaces)
    await stage.rest(operator)
    meter = _Meter(stage, operator)
    with watching or nullcontext():
        seconds = await _until_ready(stage, batch, patience, meter)
    return await meter.figures(prefix, len(batch.slots), seconds)


async def _until_ready(stage: Stage, batch: Batch, patience: float, meter: _Meter) -> float:
    """Seconds from the first creation until the last slot is seen ready."""
    async with stage.admin() as api, Watch(api, slots.COLLECTION) as watch:
        ready = AllReady(batch.keys)
        last = watch.expect(ready)
        meter.begin()
        began = perf_counter()
        async with asyncio.TaskGroup() as group:
            group.create_task(slots.create(api, batch.slots))
            try:
                seconds = await asyncio.wait_for(last, patience) - began
            except TimeoutError:
                raise TimeoutError(f"{ready.missing} slots were not ready after {patience:g} s") from None
        meter.end()
    return seconds


async def by_bare_client(stage: Stage, sample: Sample, prefix: str, batch: Batch) -> Json:
    """The same, done by the bare client until its last write is answered."""
    stage.make_namespaces(batch.namespaces)
    cluster = stage.session.kube.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
    prepared = [Prepared.of(sample, slot, cluster) for slot in batch.slots]
    kube, vault = stage.client(prefix)
    async with stage.admin() as admin, kube, vault:
        client = BareClient(admin, kube, vault, f"{stage.session.vault.mount}/{prefix}")
        await stage.rest()
        meter = _Meter(stage, None)
        meter.begin()
        began = perf_counter()
        await client.run(prepared)
        seconds = perf_counter() - began
        meter.end()
    return await meter.figures(prefix, len(batch.slots), seconds)


class _Meter:
    """What a creation costs: requests and CPU until all is at rest again, and how busy the machine was until then.

    The latter tells whether others took part of the machine, and whether it was the machine that held things up.
    """

    def __init__(self, stage: Stage, operator: Operator | None) -> None:
        self._stage = stage
        self._operator = operator
        self._pids = stage.pids(operator)

    def begin(self) -> None:
        """Just before the first creation."""
        self._mark = Mark.now(self._stage.session)
        self._before, self._machine = procfs.all_cpu_seconds(self._pids), procfs.machine_cpu_seconds()
        self._own = process_time()

    def end(self) -> None:
        """Just after the last slot was ready."""
        self._machine = procfs.machine_cpu_seconds() - self._machine
        self._own = process_time() - self._own
        used = procfs.used(self._before, procfs.all_cpu_seconds(self._pids))
        self._others = self._machine - self._own - sum(used.values())

    async def figures(self, prefix: str, count: int, seconds: float) -> Json:
        """All of it, once the operator and the servers have come to rest."""
        await self._stage.rest(self._operator)
        cpu = procfs.used(self._before, procfs.all_cpu_seconds(self._pids))
        requests = Requests.since(self._stage.session, self._mark, self._stage.user, prefix)
        found: Json = {
            "slots": count,
            "seconds": round(seconds, 4),
            "cpu_seconds": {**cpu, "bench": round(self._own, 3)},
            "busy_cores": round(self._machine / seconds, 3),
            "others_cores": round(self._others / seconds, 3),
            "requests_per_slot": requests.per(count),
            "kubernetes_writes": requests.kubernetes_writes,
            "vault_writes": requests.vault_writes,
        }
        if self._operator is not None:
            found["peak_rss_kib"] = procfs.peak_rss_kib(self._operator.pid)
            found["rss_kib"] = procfs.rss_kib(self._operator.pid)
        return found
