"""Runs the keys of the queue, many at once, and decides what follows a failure: a wait for a server, or a backoff."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from slotwarden.cluster.errors import KubernetesError, Unavailable
from slotwarden.cluster.term import NotLeading
from slotwarden.reconcile.backlog import Priority
from slotwarden.reconcile.keys import SlotKey
from slotwarden.vault.errors import VaultError, VaultUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slotwarden.reconcile.context import Result
    from slotwarden.reconcile.keys import Key, TargetKey
    from slotwarden.reconcile.outage import Outage
    from slotwarden.reconcile.queue import WorkQueue

_log = logging.getLogger(__name__)
CONCURRENCY: Final = 32


class Engine:
    """One consumer of the queue, a bounded number of runs.

    Args:
        count: called with kind and outcome after each run.
    """

    def __init__(
        self,
        queue: WorkQueue[Key],
        slot: Callable[[SlotKey], Awaitable[Result]],
        target: Callable[[TargetKey], Awaitable[Result]],
        vault: Outage,
        api_server: Outage,
        count: Callable[[str, str], None],
    ) -> None:
        self._queue = queue
        self._slot = slot
        self._target = target
        self._vault = vault
        self._api_server = api_server
        self._count = count
        self._running: set[asyncio.Task[None]] = set()
        self._said: dict[Key, str] = {}

    async def run(self) -> None:
        """Run keys until cancelled; the runs that go on then are for `drain` to wait for."""
        places = asyncio.Semaphore(CONCURRENCY)
        while True:
            await places.acquire()
            try:
                key = await self._queue.get()
            except asyncio.CancelledError:
                places.release()
                raise
            task = asyncio.ensure_future(self._run(key))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            task.add_done_callback(lambda _: places.release())

    async def drain(self, seconds: float) -> None:
        """Wait for the runs that are under way; what is not done by then is cut off, and found again after a start."""
        if self._running:
            _, pending = await asyncio.wait(self._running, timeout=seconds)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _run(self, key: Key) -> None:
        try:
            self._count(key.kind, await self._reconcile(key))
        finally:
            self._queue.done(key)

    async def _reconcile(self, key: Key) -> str:
        """Run one key.

        Returns:
            The outcome, as a metric names it.
        """
        try:
            result = await (self._slot(key) if isinstance(key, SlotKey) else self._target(key))
        except VaultUnavailable as error:
            self._vault.wait(key, error)
            self._queue.retry(key, Priority.REFRESH)
            return "waiting"
        except NotLeading:
            return "fenced"
        except (VaultError, KubernetesError) as error:
            if isinstance(error, Unavailable):
                self._api_server.wait(key, error)
            pause = self._queue.retry(key)
            self._tell(key, str(error), pause)
            return "failed"
        except Exception:  # noqa: BLE001 - one key must not end all the others
            pause = self._queue.retry(key)
            _log.exception("%s %s/%s: unexpected; again in %.1f s", key.kind, key.namespace, key.name, pause)
            return "error"
        if result.again is not None:
            self._queue.add_after(key, result.again, result.priority)
        if result.failed:
            self._queue.retry(key, Priority.REFRESH)
            return "stalled"
        self._queue.forget(key)
        self._said.pop(key, None)
        return "done"

    def _tell(self, key: Key, why: str, pause: float) -> None:
        """Log a failure; one that only goes on is for those who look closely."""
        # An outage is told once for all keys.
        goes_on = self._said.get(key) == why or self._api_server.cause
        level = logging.DEBUG if goes_on else logging.WARNING
        self._said[key] = why
        _log.log(level, "%s %s/%s: %s; again in %.1f s", key.kind, key.namespace, key.name, why, pause)
