"""A watch of the measurement's own: it tells when something was seen to be so, without asking for it over and over."""

from __future__ import annotations

import asyncio
import json
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.web import Api

Json = dict[str, Any]


class Watch:
    """A watch of one collection, from now on; for use with `async with`."""

    def __init__(self, api: Api, path: str, selector: str = "") -> None:
        self._api = api
        self._path = path
        self._query = f"labelSelector={selector}&" if selector else ""
        self._awaited: list[tuple[Callable[[Json], bool], asyncio.Future[float]]] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        listed = await self._api.get(f"{self._path}?{self._query}limit=1")
        self._task = asyncio.create_task(self._follow(listed["metadata"]["resourceVersion"]))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def expect(self, holds: Callable[[Json], bool]) -> asyncio.Future[float]:
        """When (`perf_counter`) the first object came, from now on, for which `holds` is true.

        It is called with each object that is added or changed, and may count them.
        """
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._awaited.append((holds, future))
        return future

    async def _follow(self, since: str) -> None:
        """Watch for ever: the API server ends watches of a kind whose definition has just changed."""
        try:
            while True:
                path = f"{self._path}?{self._query}watch=1&resourceVersion={since}&timeoutSeconds=3600"
                async for line in self._api.lines(path):
                    since = self._take(perf_counter(), json.loads(line))
        except Exception as problem:  # noqa: BLE001 - told to whoever waits
            for _, future in self._awaited:
                if not future.done():
                    future.set_exception(problem)

    def _take(self, at: float, event: Json) -> str:
        """Tell whoever waits for such an object; its resourceVersion."""
        kind, found = event["type"], event["object"]
        if kind == "ERROR":
            raise ConnectionError(f"the watch of {self._path} ended: {found}")
        for awaited in list(self._awaited) if kind in ("ADDED", "MODIFIED") else ():
            holds, future = awaited
            if future.done():
                self._awaited.remove(awaited)
            elif holds(found):
                self._awaited.remove(awaited)
                future.set_result(at)
        return str(found["metadata"]["resourceVersion"])


class AllReady:
    """Whether all these slots (namespace, name) have been seen ready, each for its spec as it is then.

    Args:
        also: what else has to hold of each.
    """

    def __init__(self, keys: set[tuple[str, str]], also: Callable[[Json], bool] = lambda _: True) -> None:
        self._missing = set(keys)
        self._also = also

    @property
    def missing(self) -> int:
        """How many have not."""
        return len(self._missing)

    def __call__(self, slot: Json) -> bool:
        """Take in one object; whether that was the last."""
        metadata = slot["metadata"]
        key = (metadata["namespace"], metadata["name"])
        if key in self._missing and is_ready(slot) and self._also(slot):
            self._missing.discard(key)
        return not self._missing


def is_ready(slot: Json) -> bool:
    """Whether the slot says so of its present spec, in which no value is left."""
    status, metadata, spec = slot.get("status") or {}, slot["metadata"], slot["spec"]
    return (
        status.get("observedGeneration") == metadata["generation"]
        and "value" not in spec
        and "password" not in spec.get("registry", ())
        and any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or ())
    )
