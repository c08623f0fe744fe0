"""What is done in rounds, apart from the queue: the first sync, the sweeps, lists of our own after kopf's.

A round that fails is told and done again, whatever it failed by: one entry or object that nobody foresaw must not end
the operator.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotwarden.cluster.errors import KubernetesError
from slotwarden.reconcile.backlog import Priority
from slotwarden.vault.errors import VaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from slotwarden.reconcile.cache import Cache
    from slotwarden.reconcile.keys import Key
    from slotwarden.reconcile.resync import Resync
    from slotwarden.reconcile.rollcall import RollCall
    from slotwarden.reconcile.sweep import Sweeper

_log = logging.getLogger(__name__)
_DAY: Final = 86400.0
_AFTER_CAP: Final = 600.0
_AFTER_FAILURE: Final = 60.0
_RELIST_PAUSE: Final = 5.0
_RELIST_EVERY: Final = 900.0
_FIRST_RETRY: Final = 0.5
_LAST_RETRY: Final = 15.0


@dataclass(slots=True)
class Rounds:
    """The rounds of one operator.

    Attributes:
        enqueue: makes keys run.
        grace: seconds between the two looks that tell that a value's object is gone.
        synced: whether all was listed once.
        sweep_wanted: set to have a sweep.
        relisted: set while kopf lists anew, and when deletions may have been missed.
        roll: tells whether kopf's lists named all that is known.
    """

    cache: Cache
    resync: Resync
    sweeper: Sweeper
    enqueue: Callable[[Iterable[Key], Priority], None]
    grace: float
    sweep_wanted: asyncio.Event
    relisted: asyncio.Event
    roll: RollCall
    synced: bool = False

    async def sync(self) -> None:
        """List all, however long it takes the API server to let us."""
        pause = _FIRST_RETRY
        while not await self._listed("the first sync"):
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LAST_RETRY)
        self.synced = True
        _log.info("synced: %d slots, %d Secrets", len(self.cache.slots), len(self.cache.secrets))

    def begin(self) -> None:
        """Have all that is known looked at; new slots go first, and what has to be let go."""
        new = [key for key, view in self.cache.slots.items() if view.status.observed_generation < 0]
        self.enqueue([*new, *self.cache.gone], Priority.USER)
        # Secrets first: a slot that knows already how its Secret is runs once.
        self.enqueue([*self.cache.secrets, *self.cache.slots], Priority.REFRESH)

    async def sweep(self) -> None:
        """Sweep when asked, twice in a row where something is suspected, and daily."""
        self.sweep_wanted.set()
        pause = _DAY
        while True:
            await _heard(self.sweep_wanted, pause)
            self.sweep_wanted.clear()
            pause = await self._swept()

    async def follow_relists(self) -> None:
        """List ourselves where kopf's list did not name all that is known, and now and then: it never tells why."""
        while True:
            if await _heard(self.relisted, _RELIST_EVERY):
                while await _heard(self.relisted, _RELIST_PAUSE):
                    self.relisted.clear()
                if self.roll.complete(self.cache.uids()):
                    continue
            if not await self._listed("a list"):
                self.relisted.set()

    async def _swept(self) -> float:
        """Sweep once.

        Returns:
            Seconds until the next sweep.
        """
        try:
            swept = await self.sweeper.sweep()
        except (VaultError, KubernetesError) as error:
            _log.warning("the sweep has to wait: %s", error)
            return _AFTER_FAILURE
        except Exception:  # noqa: BLE001 - see the module's docstring
            _log.exception("the sweep failed")
            return _AFTER_FAILURE
        if swept.capped:
            return _AFTER_CAP
        return self.grace if swept.suspected else _DAY

    async def _listed(self, what: str) -> bool:
        """List once; whether it worked."""
        try:
            keys = await self.resync()
        except KubernetesError as error:
            _log.warning("%s has to wait: %s", what, error)
            return False
        except Exception:  # noqa: BLE001 - see the module's docstring
            _log.exception("%s failed", what)
            return False
        self.enqueue(keys, Priority.USER)
        return True


async def _heard(event: asyncio.Event, seconds: float) -> bool:
    """Whether an event was set within some time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
