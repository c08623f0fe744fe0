"""Who works: one process at a time holds the Lease; the others stand by and take over when it is let go or runs out.

Nobody reads another's clock: a candidate counts from when it saw the Lease change, the holder from before it asked for
a renewal. So the holder stops, by its own count, before any candidate can begin. What is on its way at that moment is
fenced by the resourceVersions and check-and-sets that every write carries.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from slotwarden.cluster.errors import AlreadyExists, Conflict, Forbidden, KubernetesError, NotFound
from slotwarden.cluster.term import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.cluster.leases import Leases, Record
    from slotwarden.cluster.term import Term

_log = logging.getLogger(__name__)
RELEASED: Final = 1
"""The duration in seconds of a Lease that was let go, as Kubernetes' own controllers have it."""


class LeaseLost(Exception):
    """Another process leads, or may from now on: this one has to end."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, in the proportions that Kubernetes' own controllers have.

    Attributes:
        duration: how long others wait after the last sign of a holder.
        deadline: how long a holder works after its last renewal.
        retry: between two renewals, and between two looks of a candidate.
        timeout: for one request; shorter than the deadline, so that a second one has its chance.
    """

    duration: float
    deadline: float
    retry: float
    timeout: float

    @classmethod
    def of(cls, duration: float) -> Timing:
        """15 seconds make a deadline of 10 and renewals every 2."""
        return cls(duration, duration * 2 / 3, duration * 2 / 15, duration / 4)


class Sighting:
    """The Lease as last seen, and until when it is its holder's.

    Whoever deletes or empties it does not stop its holder, who learns of it only by its next renewal.
    """

    def __init__(self) -> None:
        self.record: Record | None = None
        self._until = -math.inf

    def note(self, record: Record | None, now: float) -> None:
        """Take in what was read at `now`."""
        known = self.record.version if self.record else None
        if record is not None and record.version != known:
            let_go = not record.holder and record.duration <= RELEASED
            # What somebody wrote there must not keep all from working for ever.
            self._until = now if let_go else now + min(record.duration, LONGEST)
        self.record = record

    def left(self, me: str, now: float) -> float:
        """Seconds until it may be taken. One that names `me` is the outcome of a request whose answer was lost."""
        if self.record is not None and self.record.holder == me:
            return 0.0
        return max(0.0, self._until - now)


class Elector:
    """Stands by, leads, lets go; once.

    Args:
        identity: unlike that of any other process, now or before.
        clock: the clock of `term`.
        jitter: a number from 0 to 1, drawn for each wait of a candidate.

    Attributes:
        refused: why this process can never lead as things are: a missing permission or namespace; empty without one.
    """

    def __init__(
        self,
        leases: Leases,
        term: Term,
        identity: str,
        timing: Timing,
        clock: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self._leases = leases
        self._term = term
        self._identity = identity
        self._timing = timing
        self._clock = clock
        self._jitter = jitter
        self._sighting = Sighting()
        self._held: Record | None = None
        self._renewals: asyncio.Task[None] | None = None
        self._loss: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._told = ""
        self.refused = ""

    async def take(self) -> bool:
        """Take the Lease if it is free now; from then on it is renewed."""
        began = self._clock()
        try:
            async with asyncio.timeout(self._timing.timeout):
                record = await self._leases.get()
                self._sighting.note(record, self._clock())
                if self._left() > 0:
                    self._tell(f"stands by: {record.holder if record else 'nobody'} leads")
                    return False
                self._held = await self._leases.write(record, self._claim(record))
                self.refused = ""
        except (AlreadyExists, Conflict):
            return False
        except (TimeoutError, KubernetesError) as error:
            self.refused = str(error) if isinstance(error, (Forbidden, NotFound)) else ""
            self._tell(f"stands by: the Lease cannot be had: {str(error) or 'no answer in time'}", logging.WARNING)
            return False
        self._term.extend(began + self._timing.deadline)
        self._tell(f"leads: holds Lease {self._leases.namespace}/{self._leases.name} as {self._identity}")
        self._renewals = asyncio.ensure_future(self._renew())
        return True

    async def win(self) -> None:
        """Stand by until the Lease is ours."""
        while not await self.take():
            await self._wait_for_change()

    async def lost(self) -> None:
        """Wait for the loss of the Lease.

        Raises:
            LeaseLost: always; says why.
        """
        await asyncio.shield(self._loss)

    async def release(self) -> None:
        """Let the Lease go, so that nobody has to wait for its end. No write may be under way."""
        if self._renewals is not None:
            self._renewals.cancel()
            await asyncio.gather(self._renewals, return_exceptions=True)
        holds = self._term.left > 0
        self._term.end()
        if not holds:
            return
        try:
            async with asyncio.timeout(self._timing.timeout):
                await self._let_go()
        except (TimeoutError, KubernetesError) as error:
            _log.warning("the Lease could not be let go, and has to run out: %s", str(error) or "no answer in time")

    async def close(self) -> None:
        """Close the connections."""
        await self._leases.close()

    async def _let_go(self) -> None:
        """Empty the Lease as it is now: a renewal that was cut off may have been done, or be done at this moment."""
        while (record := await self._leases.get()) is not None and record.holder == self._identity:
            with contextlib.suppress(Conflict):
                await self._leases.write(record, {"holderIdentity": "", "leaseDurationSeconds": RELEASED})
                _log.info("let Lease %s/%s go", self._leases.namespace, self._leases.name)
                return

    async def _wait_for_change(self) -> None:
        """Sleep until the Lease changes or runs out, or until it is time to look anew."""
        seconds = self._timing.retry * (1 + 0.2 * self._jitter())
        seconds = min(seconds, self._left() or seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                record = self._sighting.record
                with contextlib.suppress(KubernetesError):
                    if record is not None and await self._leases.has_changed(record.version, seconds):
                        return
                await asyncio.sleep(seconds)

    def _left(self) -> float:
        return self._sighting.left(self._identity, self._clock())

    async def _renew(self) -> None:
        """Renew until cancelled, or until it is lost."""
        try:
            while True:
                await asyncio.sleep(min(self._timing.retry, self._term.left))
                await self._renew_once()
        except Exception as error:  # noqa: BLE001 - whatever ends the renewals ends the term too
            loss = error if isinstance(error, LeaseLost) else LeaseLost(f"renewing failed: {type(error).__name__}")
            self._term.end()
            _log.error("leadership is lost: %s", loss)
            self._loss.set_exception(loss)

    async def _renew_once(self) -> None:
        began = self._clock()
        why = "this process stood still"
        try:
            if self._term.left > 0:
                async with asyncio.timeout(min(self._timing.timeout, self._term.left)):
                    await self._write_renewal()
                self._term.extend(began + self._timing.deadline)
        except (TimeoutError, KubernetesError) as error:
            why = str(error) or "no answer in time"
            _log.warning("the Lease was not renewed: %s", why)
        if self._term.left <= 0:
            raise LeaseLost(f"it could not be renewed within {self._timing.deadline:.0f} s: {why}")

    async def _write_renewal(self) -> None:
        try:
            self._held = await self._leases.write(self._held, {"renewTime": _micro_time()})
        except (AlreadyExists, Conflict, NotFound):
            # Somebody labelled it, deleted it, or holds it; or it is our own write whose answer was lost.
            found = await self._leases.get()
            if found is not None and found.holder != self._identity:
                raise LeaseLost(f"{found.holder or 'nobody'} holds it") from None
            # Only what was written is held: where this fails, the next renewal has to come here again.
            self._held = await self._leases.write(found, self._claim(found))

    def _claim(self, record: Record | None) -> dict[str, Any]:
        now = _micro_time()
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": math.ceil(self._timing.duration),
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": record.transitions + 1 if record else 0,
        }

    def _tell(self, message: str, level: int = logging.INFO) -> None:
        if message != self._told:
            self._told = message
            _log.log(level, message)


def _micro_time() -> str:
    """Now, as a Lease's MicroTime; for people alone."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
