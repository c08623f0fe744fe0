"""What a measurement of the gateway is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PARTS: Final = ("get", "list", "read", "read_grpc", "create", "create_slot", "lag")


@dataclass(frozen=True, slots=True)
class Settings:
    """One measurement.

    Attributes:
        secrets: how many the environment has that is listed.
        runs: how many runs, each on fresh servers.
        parts: which of `PARTS`.
        seconds: of each load; `in_flight` requests at once.
        tries: requests one at a time, and writes whose way to another replica is timed.
        profile: whether a profiler watches the gateway under load, which makes it slower.
    """

    secrets: int = 1000
    runs: int = 3
    parts: tuple[str, ...] = PARTS
    seconds: float = 5.0
    in_flight: int = 16
    tries: int = 100
    profile: bool = False

    @property
    def patience(self) -> float:
        """Seconds after which something that was waited for has failed."""
        return 60.0 + 0.5 * self.secrets
