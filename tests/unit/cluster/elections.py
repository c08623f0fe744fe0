"""An API server's Lease and a clock that are variables of the test."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slotwarden.cluster.election import Elector, Timing
from slotwarden.cluster.errors import AlreadyExists, Conflict, Unavailable
from slotwarden.cluster.leases import Record
from slotwarden.cluster.term import Term

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMING = Timing(duration=15.0, deadline=10.0, retry=0.0, timeout=5.0)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Server:
    """One Lease of an API server, which can be cut off or lose its answers."""

    record: Record | None = None
    version: int = 0
    away: bool = False
    silent: bool = False
    loses_answers: bool = False
    failures: list[Exception] = field(default_factory=list)
    writes: list[Mapping[str, Any]] = field(default_factory=list)
    namespace = "acme"
    name = "slotwarden"

    async def get(self) -> Record | None:
        await self._answer()
        return self.record

    async def write(self, known: Record | None, spec: Mapping[str, Any]) -> Record:
        await self._answer()
        if self.failures:
            raise self.failures.pop(0)
        if known is None and self.record is not None:
            raise AlreadyExists("create", "leases", 409, "it is there")
        if known is not None and (self.record is None or self.record.version != known.version):
            raise Conflict("update", "leases", 409, "it changed")
        self.put(spec)
        self.writes.append(spec)
        if self.loses_answers:
            raise Unavailable("update", "leases", 0, "connection lost")
        assert self.record
        return self.record

    async def has_changed(self, _version: str, _seconds: float) -> bool:
        await asyncio.sleep(0)
        return True

    def put(self, spec: Mapping[str, Any]) -> None:
        self.version += 1
        old = self.record.raw if self.record else {}
        raw = {**old, **spec}
        self.record = Record(
            str(self.version),
            raw.get("holderIdentity", ""),
            float(raw.get("leaseDurationSeconds", 0)),
            raw.get("leaseTransitions", 0),
            raw,
        )

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.silent:
            await asyncio.Event().wait()
        if self.away:
            raise Unavailable("get", "leases", 503, "away")


def elector(server: Server, clock: Clock, me: str = "me", timing: Timing = TIMING) -> tuple[Elector, Term]:
    term = Term(clock)
    leases: Any = server
    return Elector(leases, term, me, timing, clock, lambda: 0.0), term


async def turn(times: int = 30) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


def held(holder: str = "other", duration: int = 15) -> dict[str, Any]:
    return {"holderIdentity": holder, "leaseDurationSeconds": duration, "leaseTransitions": 4}
