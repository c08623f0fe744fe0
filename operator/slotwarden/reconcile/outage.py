"""Vault being away: the keys that wait for it, and the probe that wakes them when it is back."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slotwarden.reconcile.keys import Key
    from slotwarden.vault.errors import VaultUnavailable
    from slotwarden.vault.kv import Health

_log = logging.getLogger(__name__)
_FIRST_PROBE: Final = 0.5
_LAST_PROBE: Final = 5.0


class Outage:
    """Whether Vault is away, why, and who waits.

    Waiting keys also have their own backoff: an error that the probe does not see, such as a rate limit, ends by that.

    Args:
        health: asks Vault how it is.
        wake: makes a key run now.
        back: called when Vault is back.
        tell: called with whether Vault is up whenever that changes.
    """

    def __init__(
        self,
        health: Callable[[], Awaitable[Health]],
        wake: Callable[[Key], None],
        back: Callable[[], None],
        tell: Callable[[bool], None],
    ) -> None:
        self._health = health
        self._wake = wake
        self._back = back
        self._tell = tell
        self._waiting: set[Key] = set()
        self._probe: asyncio.Task[None] | None = None
        self.cause = ""

    def wait(self, key: Key, error: VaultUnavailable) -> None:
        """Have a key woken when Vault is back."""
        self._waiting.add(key)
        if self._probe is None or self._probe.done():
            self._probe = asyncio.ensure_future(self._watch(str(error)))

    async def stop(self) -> None:
        """End the probe."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)

    async def _watch(self, cause: str) -> None:
        """Probe until Vault is well; an outage is one only once a probe has seen it."""
        pause = _FIRST_PROBE
        while not _well(health := await self._health()):
            if not self.cause:
                _log.warning("Vault is away; Secrets stay as they are: %s", cause)
                self._tell(False)
            self.cause = "Vault is sealed" if health.reachable and health.sealed else cause
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LAST_PROBE)
        waiting, self._waiting = self._waiting, set()
        if self.cause:
            self.cause = ""
            _log.info("Vault is back; %d keys go on", len(waiting))
            self._tell(True)
            for key in waiting:
                self._wake(key)
            self._back()


def _well(health: Health) -> bool:
    return health.reachable and health.initialized and not health.sealed
