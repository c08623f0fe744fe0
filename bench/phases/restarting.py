"""A restart while all is as it should be, beside a bare list of the same objects."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from bench.bare import list_all
from bench.counting import Mark, Requests
from bench.slots import COLLECTION
from bench.stage import SECRETS
from slotwarden.cluster.client import PAGE
from testbed import procfs
from testbed.clients.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bench.stage import Stage
    from testbed.operator import Operator

Json = dict[str, Any]
_LOOK: Final = 0.01
# Metrics are made by the operator when they are asked for: more often would slow down what is measured.
_LOOK_METRICS: Final = 0.05
_LISTS: Final = 5
_IMPORT: Final = "import slotwarden.app"


async def restart(
    stage: Stage,
    operator: Operator,
    prefix: str,
    count: int,
    patience: float,
    watching: AbstractContextManager[None] | None = None,
) -> Json:
    """Seconds from the start of the process until /readyz, and until every key was reconciled; what it wrote."""
    operator.stop()
    await stage.rest()
    mark = Mark.now(stage.session)
    with watching or nullcontext():
        async with aiohttp.ClientSession() as session:
            began = perf_counter()
            operator.start(wait=False)
            ready = await _when(partial(_is_ready, session, operator), _LOOK, patience) - began
            done = await _when(partial(_is_done, session, operator, count), _LOOK_METRICS, patience) - began
    cpu = procfs.cpu_seconds(operator.pid)
    await stage.rest(operator)
    requests = Requests.since(stage.session, mark, stage.user, prefix)
    lists = [await _bare_list(stage, 2 * count) for _ in range(_LISTS)]
    return {
        "slots": count,
        "ready_seconds": round(ready, 4),
        "seconds": round(done, 4),
        "cpu_seconds": cpu,
        "list_seconds": lists,
        "import_seconds": await asyncio.to_thread(_import_seconds),
        "requests": {"kubernetes": requests.kubernetes, "vault": requests.vault},
        "writes": requests.kubernetes_writes + requests.vault_writes,
    }


async def _bare_list(stage: Stage, expected: int) -> float:
    """Seconds of a list of all slots and all labelled Secrets, on a new connection."""
    async with stage.reader() as api:
        began = perf_counter()
        found = await list_all(api, (COLLECTION, SECRETS), PAGE)
        seconds = perf_counter() - began
    if found != expected:
        raise AssertionError(f"{found} objects were listed, not {expected}")
    return round(seconds, 4)


async def _when(check: Callable[[], Awaitable[bool]], look: float, patience: float) -> float:
    """The moment at which it became true. Raises TimeoutError."""
    deadline = perf_counter() + patience
    while perf_counter() < deadline:
        if await check():
            return perf_counter()
        await asyncio.sleep(look)
    raise TimeoutError("the operator did not come up")


async def _is_ready(session: aiohttp.ClientSession, operator: Operator) -> bool:
    return await _asked(session, operator, "health", "/readyz") is not None


async def _is_done(session: aiohttp.ClientSession, operator: Operator, count: int) -> bool:
    """Whether each slot and each Secret has run and no key waits."""
    text = await _asked(session, operator, "metrics", "/metrics")
    if text is None:
        return False
    metrics = Metrics(text)
    ran = (metrics.value("slotwarden_reconcile_total", kind=kind) for kind in ("slot", "target"))
    return all(runs >= count for runs in ran) and metrics.value("slotwarden_queue_depth") == 0


async def _asked(session: aiohttp.ClientSession, operator: Operator, port: str, path: str) -> str | None:
    """What it answers; None while it does not, or says no."""
    try:
        async with session.get(f"http://127.0.0.1:{operator.ports()[port]}{path}") as response:
            return await response.text() if response.status == 200 else None
    except (OSError, json.JSONDecodeError, aiohttp.ClientError):
        return None


def _import_seconds() -> float:
    """How long Python itself takes for the operator's code, of which no list is a part."""
    began = perf_counter()
    subprocess.run([sys.executable, "-c", _IMPORT], check=True)
    return round(perf_counter() - began, 4)
