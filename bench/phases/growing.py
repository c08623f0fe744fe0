"""How much memory further slots take, in the process that holds the first ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.phases import creating
from testbed import procfs

if TYPE_CHECKING:
    from bench.slots import Batch
    from bench.stage import Stage
    from testbed.operator import Operator

Json = dict[str, Any]


async def grow(stage: Stage, operator: Operator, prefix: str, batch: Batch, patience: float) -> Json:
    """Memory before and after as many slots more; they are removed again."""
    before = {"rss_kib": procfs.rss_kib(operator.pid), "peak_rss_kib": procfs.peak_rss_kib(operator.pid)}
    created = await creating.by_operator(stage, operator, prefix, batch, patience)
    after = {name: created[name] for name in before}
    await stage.clear(batch.namespaces, prefix)
    return {"slots": len(batch.slots), "before": before, "after": after}
