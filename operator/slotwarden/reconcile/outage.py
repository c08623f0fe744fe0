"""A server being away: the keys that wait for it, and the probe that wakes them when it is back."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slotwarden.reconcile.keys import Key

    Ask = Callable[[], Awaitable[str | None]]

_log = logging.getLogger(__name__)
_FIRST_PROBE: Final = 0.5
_LAST_PROBE: Final = 5.0
_LOOK_EVERY: Final = 10.0


class Outage:
    """Whether a server is away, why, and who waits.

    Waiting keys also have their own backoff: an error that the probe does not see, such as a rate limit, ends by that.

    Args:
        server: its name, as people read it.
        ask: asks the server how it is: None where it is well, else why not; empty where it does not say.
        wake: makes a key run now.
        back: called when the server is back.
        tell: called with whether the server is up whenever that changes.
    """

    def __init__(
        self,
        server: str,
        ask: Ask,
        wake: Callable[[Key], None],
        back: Callable[[], None],
        tell: Callable[[bool], None],
    ) -> None:
        self._server = server
        self._ask = ask
        self._wake = wake
        self._back = back
        self._tell = tell
        self._waiting: set[Key] = set()
        self._probe: asyncio.Task[None] | None = None
        self._looks: asyncio.Task[None] | None = None
        self._why = ""
        self.cause = ""

    def wait(self, key: Key, error: Exception) -> None:
        """Have a key woken when the server is back."""
        self._waiting.add(key)
        self._suspect(str(error))

    def start(self) -> None:
        """Look now and then, so that an outage is told although nothing is to be done."""
        self._looks = asyncio.ensure_future(self._look())

    async def stop(self) -> None:
        """End the looks and the probe."""
        tasks = [task for task in (self._looks, self._probe) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def _probing(self) -> bool:
        return self._probe is not None and not self._probe.done()

    def _suspect(self, why: str) -> None:
        self._why = why
        if not self._probing:
            self._probe = asyncio.ensure_future(self._watch())

    async def _look(self) -> None:
        while True:
            # Whoever needs an answer knows better why there is none.
            if not self._probing and await self._ask() is not None and not self._probing:
                self._suspect(f"{self._server} does not answer")
            await asyncio.sleep(_LOOK_EVERY)

    async def _watch(self) -> None:
        """Probe until the server is well; an outage is one only once a probe has seen it."""
        pause = _FIRST_PROBE
        while (said := await self._ask()) is not None:
            if not self.cause:
                _log.warning("%s is away; Secrets stay as they are: %s", self._server, said or self._why)
                self._tell(False)
            self.cause = said or self._why
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LAST_PROBE)
        waiting, self._waiting = self._waiting, set()
        if self.cause:
            self.cause = ""
            _log.info("%s is back; %d keys go on", self._server, len(waiting))
            self._tell(True)
            for key in waiting:
                self._wake(key)
            self._back()
