"""Many slots created at once: by the operator, and by the bare client. Both begin with the first creation."""

from __future__ import annotations

import asyncio
import json
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from bench import procfs, slots
from bench.bare import BareClient, Prepared
from bench.counting import Mark, Requests
from bench.watch import AllReady, Watch

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
    mark, pids = Mark.now(stage.session), stage.pids(operator)
    before, own = procfs.all_cpu_seconds(pids), process_time()
    with watching or nullcontext():
        seconds = await _until_ready(stage, batch, patience)
    return await _figures(stage, operator, prefix, len(batch.slots), mark, before, own, seconds)


async def _until_ready(stage: Stage, batch: Batch, patience: float) -> float:
    """Seconds from the first creation until the last slot is seen ready."""
    async with stage.admin() as api, Watch(api, slots.COLLECTION) as watch:
        ready = AllReady(batch.keys)
        last = watch.expect(ready)
        began = perf_counter()
        async with asyncio.TaskGroup() as group:
            group.create_task(slots.create(api, batch.slots))
            try:
                seconds = await asyncio.wait_for(last, patience) - began
            except TimeoutError:
                raise TimeoutError(f"{ready.missing} slots were not ready after {patience:g} s") from None
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
        mark, before, own = Mark.now(stage.session), procfs.all_cpu_seconds(stage.pids()), process_time()
        began = perf_counter()
        await client.run(prepared)
        seconds = perf_counter() - began
    return await _figures(stage, None, prefix, len(batch.slots), mark, before, own, seconds)


async def _figures(
    stage: Stage,
    operator: Operator | None,
    prefix: str,
    count: int,
    mark: Mark,
    before: dict[str, float],
    own: float,
    seconds: float,
) -> Json:
    mine = round(process_time() - own, 3)
    await stage.rest(operator)
    cpu = procfs.used(before, procfs.all_cpu_seconds(stage.pids(operator)))
    requests = Requests.since(stage.session, mark, stage.user, prefix)
    found = {
        "slots": count,
        "seconds": round(seconds, 4),
        "cpu_seconds": {**cpu, "bench": mine},
        "requests_per_slot": requests.per(count),
        "kubernetes_writes": requests.kubernetes_writes,
        "vault_writes": requests.vault_writes,
    }
    if operator is not None:
        found["peak_rss_kib"] = procfs.peak_rss_kib(operator.pid)
        found["rss_kib"] = procfs.rss_kib(operator.pid)
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]
