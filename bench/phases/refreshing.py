"""Every slot looked at once because its time has come, and nothing has changed."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, Final

from bench import slots
from bench.counting import Mark, Requests
from bench.stage import REST
from bench.watch import AllReady, Watch
from testbed import procfs

if TYPE_CHECKING:
    from bench.slots import Batch
    from bench.stage import Stage
    from testbed.operator import Operator

Json = dict[str, Any]
_LOOK: Final = 0.5
# The operator lists once more some seconds after its start, and then every quarter of an hour.
_QUIET: Final = 8.0


async def refresh(
    stage: Stage,
    operator: Operator,
    prefix: str,
    batch: Batch,
    every: int,
    patience: float,
    watching: AbstractContextManager[None] | None = None,
) -> Json:
    """Give all slots a short refreshInterval, and measure from a moment of rest until each was looked at once more.

    The annotation that asks for a refresh would not do: it is a user's action, answered in the status.
    """
    text = f"{every}s"
    async with stage.admin() as api, Watch(api, slots.COLLECTION) as watch:
        told = watch.expect(AllReady(batch.keys, lambda slot: slot["spec"].get("refreshInterval") == text))
        await slots.patch(api, batch.slots, slots.dumps({"spec": {"refreshInterval": text}}))
        await asyncio.wait_for(told, patience)
    await _quiet(stage, operator, prefix, patience)
    # Vault and the operator do not come to rest any more: they refresh.
    pids = stage.pids()
    await procfs.idle({name: pids[name] for name in ("kube-apiserver", "etcd")}, REST, patience)
    mark = Mark.now(stage.session)
    began, before = perf_counter(), procfs.all_cpu_seconds(stage.pids(operator))
    with watching or nullcontext():
        await _wait_for(stage, prefix, mark, batch, patience + 2 * every)
    cpu = procfs.used(before, procfs.all_cpu_seconds(stage.pids(operator)))
    seconds = perf_counter() - began
    requests = Requests.since(stage.session, mark, stage.user, prefix)
    return {
        "slots": len(batch.slots),
        "seconds": round(seconds, 3),
        "refreshes": sum(requests.vault.values()),
        "cpu_seconds": cpu,
        "requests": {"kubernetes": requests.kubernetes, "vault": requests.vault},
        "kubernetes_calls": requests.kubernetes_calls,
        "vault_writes": requests.vault_writes,
    }


async def _quiet(stage: Stage, operator: Operator, prefix: str, patience: float) -> None:
    """Wait until the operator has not listed for a while: what its start causes is over.

    Raises:
        TimeoutError: it listed again and again.
    """
    deadline = monotonic() + patience
    since, mark, lists = monotonic() - procfs.age(operator.pid), Mark.now(stage.session), 0
    while monotonic() < since + _QUIET:
        await asyncio.sleep(_LOOK)
        # Always from the same mark: a list that goes on at a later one would be on neither side of it.
        asked = Requests.since(stage.session, mark, stage.user, prefix).kubernetes
        before, lists = lists, sum(count for name, count in asked.items() if name.startswith("list "))
        if lists > before:
            since = monotonic()
        if monotonic() > deadline:
            raise TimeoutError(f"the operator listed again and again for {patience:g} s")


async def _wait_for(stage: Stage, prefix: str, mark: Mark, batch: Batch, patience: float) -> None:
    """Wait until Vault was asked for every slot since the mark. Raises TimeoutError."""
    deadline = monotonic() + patience
    audit, since = stage.session.vault_audit, mark.vault
    missing = {f"{prefix}/{slot.namespace}/slots/{slot.name}" for slot in batch.slots}
    while missing:
        await asyncio.sleep(_LOOK)
        here = audit.mark()
        missing -= {request["path"].split("/", 2)[2] for request in audit.requests(prefix, since=since)}
        since = here
        if monotonic() > deadline:
            raise TimeoutError(f"{len(missing)} slots were not refreshed within {patience:g} s")
