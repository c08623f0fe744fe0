"""What a measurement is made of; how large, how often, which parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PHASES: Final = ("create", "rotate", "door", "environment", "memory", "restart", "refresh", "bare")
IN_FLIGHT: Final = 32
"""Requests at once of whoever creates the slots, and of the bare client's writes."""
WARM_UP_SHARE: Final = 5
NAMESPACES: Final = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """One measurement.

    Attributes:
        slots: how many are created at once.
        runs: how many runs, each on fresh servers.
        phases: which parts; the slots are created for all but `bare`.
        tries: rotations in a run, and values set through the gateway.
        keys: how many an environment has of which one is rotated at a time.
        refresh_seconds: the slots' refreshInterval while refreshes are measured.
        profile: whether a profiler watches the operator, which makes it slower.
    """

    slots: int = 1000
    runs: int = 3
    phases: tuple[str, ...] = PHASES
    tries: int = 100
    keys: int = 500
    refresh_seconds: int = 30
    profile: bool = False

    @property
    def warm_up(self) -> int:
        """Slots created before each run, by the operator and by the bare client."""
        return max(1, self.slots // WARM_UP_SHARE)

    @property
    def patience(self) -> float:
        """Seconds after which something that was waited for has failed."""
        return 60.0 + 0.5 * self.slots

    @property
    def needs_operator(self) -> bool:
        """Whether any part but the bare client's is asked for."""
        return self.phases != ("bare",)
