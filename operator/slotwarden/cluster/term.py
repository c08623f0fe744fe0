"""For how long this process may write: told by its own clock alone, and asked before every write."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


LONGEST: Final = 600.0
"""Seconds that a Lease may last without a renewal."""


class NotLeading(Exception):
    """A write was not begun, because this process does not lead, or no longer."""


def boot_time() -> float:
    """Monotonic seconds that go on while the machine is suspended, where the system has them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Term:
    """The time of one leadership. Once it has ended it never begins again.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = boot_time) -> None:
        self._clock = clock
        self._until = -math.inf
        self._ended = False

    @classmethod
    def unlimited(cls) -> Term:
        """That of a process which nothing else contends with."""
        term = cls()
        term.extend(math.inf)
        return term

    def extend(self, until: float) -> None:
        """Let it last until a time of the clock."""
        self._until = max(self._until, until)

    def end(self) -> None:
        """Begin no more writes."""
        self._ended = True

    @property
    def left(self) -> float:
        """Seconds that are left of it; 0 where it has not begun or has ended."""
        return 0.0 if self._ended else max(0.0, self._until - self._clock())

    def check(self) -> None:
        """Raise NotLeading unless a write may begin now."""
        if self.left <= 0.0:
            raise NotLeading("this process does not lead")
