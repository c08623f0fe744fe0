"""The one work queue: what `Backlog` orders, waited for with asyncio, behind a gate for leadership.

Retries back off exponentially from `FIRST_RETRY` to `LAST_RETRY` seconds with jitter and never give up.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from slotwarden.reconcile.backlog import Backlog, Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")

FIRST_RETRY: Final = 0.5
LAST_RETRY: Final = 60.0


class WorkQueue(Generic[K]):
    """Deduplicating, two priorities, delays, backoff, gate. Used from one event loop.

    While the gate is closed nothing is kept, so that a standby's memory does not grow: who opens it adds all there is.

    Args:
        clock: monotonic seconds.
        jitter: a number from 0 to 1, drawn at each retry.
    """

    def __init__(self, clock: Callable[[], float], jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._jitter = jitter
        self._backlog: Backlog[K] = Backlog()
        self._failures: dict[K, int] = {}
        self._open = False
        self._changed = asyncio.Event()

    def open(self) -> None:
        """Take keys in and let them out: this process leads."""
        self._open = True
        self._changed.set()

    def close(self) -> None:
        """Take no more keys in and let none out; those that run go on."""
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether this process leads."""
        return self._open

    def add(self, key: K, priority: Priority = Priority.USER) -> None:
        """Have a key run soon."""
        if not self._open:
            return
        self._backlog.add(key, priority, self._clock())
        self._changed.set()

    def add_after(self, key: K, seconds: float, priority: Priority = Priority.REFRESH) -> None:
        """Have a key run after a while, unless it does so earlier."""
        if not self._open:
            return
        self._backlog.add_at(key, self._clock() + seconds, priority)
        self._changed.set()

    def retry(self, key: K, priority: Priority = Priority.USER) -> float:
        """Have a key run again after its backoff.

        Returns:
            Seconds until then.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        ceiling: float = min(LAST_RETRY, FIRST_RETRY * (1 << min(failures, 16)))
        seconds = ceiling * (0.5 + 0.5 * self._jitter())
        self.add_after(key, seconds, priority)
        return seconds

    def forget(self, key: K) -> None:
        """Start the backoff of a key anew: it succeeded."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """Wait for the next key to run; `done` must follow. One task at a time may wait here."""
        while True:
            key = self._backlog.pop(self._clock()) if self._open else None
            if key is not None:
                return key
            await self._wait()

    def done(self, key: K) -> None:
        """Say that the run of a key has ended."""
        self._backlog.done(key, self._clock())
        self._changed.set()

    def has_ready(self) -> bool:
        """Whether any key is ready to run. May be asked from any thread."""
        return any(self._backlog.depth(priority) for priority in Priority)

    def depth(self, priority: Priority) -> int:
        """How many keys are ready to run."""
        return self._backlog.depth(priority)

    def age(self, priority: Priority) -> float:
        """Seconds that the first ready key has waited; 0 where none waits."""
        since = self._backlog.oldest(priority)
        return 0.0 if since is None else max(0.0, self._clock() - since)

    @property
    def running(self) -> int:
        """How many keys run now."""
        return self._backlog.running

    async def _wait(self) -> None:
        """Sleep until something changed or the next delayed key is due."""
        self._changed.clear()
        due = self._backlog.next_due() if self._open else None
        timeout = None if due is None else max(0.0, due - self._clock())
        # Not wait_for: before Python 3.12 it can swallow the cancellation that ends the consumer.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()
