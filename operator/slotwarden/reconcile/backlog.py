"""What the work queue holds and in which order it is served: pure bookkeeping, time is passed in.

A key waits for a time, is ready, or runs. Added while it runs, it is marked and becomes ready again when the run
ends, so that no change is missed and no key runs twice at once.
"""

from __future__ import annotations

import enum
import heapq
from collections import OrderedDict
from typing import Final, Generic, TypeVar

K = TypeVar("K")

PATIENCE: Final = 60.0
"""Seconds after which a refresh that waits is served like a user, so that a steady load starves none."""


class Priority(enum.IntEnum):
    """Who waits for the key: lower is served first."""

    USER = 0
    REFRESH = 1


class Backlog(Generic[K]):
    """Keys that wait, are ready or run. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._ready: dict[Priority, OrderedDict[K, float]] = {p: OrderedDict() for p in Priority}
        self._delayed: dict[K, tuple[float, Priority]] = {}
        self._timers: list[tuple[float, int, K]] = []
        self._running: dict[K, Priority | None] = {}
        self._serial = 0

    def add(self, key: K, priority: Priority, now: float) -> None:
        """Make a key ready, or have it run again if it runs now. The more urgent priority wins."""
        if key in self._running:
            again = self._running[key]
            self._running[key] = priority if again is None else min(again, priority)
            return
        self._delayed.pop(key, None)
        if key in self._ready[Priority.USER]:
            return
        since = self._ready[Priority.REFRESH].get(key)
        if priority is Priority.USER and since is not None:
            del self._ready[Priority.REFRESH][key]
            since = None
        if since is None:
            self._ready[priority][key] = now

    def add_at(self, key: K, due: float, priority: Priority) -> None:
        """Make a key ready at a time; the earliest of several times holds, and a ready key is not put off."""
        if any(key in lane for lane in self._ready.values()):
            return
        known = self._delayed.get(key)
        if known is not None and known[0] <= due:
            return
        self._delayed[key] = (due, priority)
        self._serial += 1
        heapq.heappush(self._timers, (due, self._serial, key))

    def pop(self, now: float) -> K | None:
        """Take the next key to run, or None where nothing is ready."""
        self._ripen(now)
        user, refresh = self._ready[Priority.USER], self._ready[Priority.REFRESH]
        overdue = refresh and next(iter(refresh.values())) + PATIENCE <= now
        lane = refresh if overdue or not user else user
        if not lane:
            return None
        key, _ = lane.popitem(last=False)
        self._running[key] = None
        return key

    def done(self, key: K, now: float) -> None:
        """End a run; a key that was added meanwhile is ready again."""
        again = self._running.pop(key)
        if again is not None:
            self.add(key, again, now)

    def next_due(self) -> float | None:
        """When the earliest delayed key becomes ready."""
        while self._timers and self._stale(self._timers[0]):
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def depth(self, priority: Priority) -> int:
        """How many keys are ready."""
        return len(self._ready[priority])

    def oldest(self, priority: Priority) -> float | None:
        """Since when the first ready key waits."""
        return next(iter(self._ready[priority].values()), None)

    @property
    def running(self) -> int:
        """How many keys run now."""
        return len(self._running)

    def _ripen(self, now: float) -> None:
        """Move the delayed keys whose time has come."""
        while (due := self.next_due()) is not None and due <= now:
            _, _, key = heapq.heappop(self._timers)
            _, priority = self._delayed.pop(key)
            self.add(key, priority, now)

    def _stale(self, timer: tuple[float, int, K]) -> bool:
        """Whether a timer was overtaken by an earlier one or by the key becoming ready."""
        due, _, key = timer
        known = self._delayed.get(key)
        return known is None or known[0] != due
