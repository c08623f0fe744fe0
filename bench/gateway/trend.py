"""Whether a series of measurements grows: pure."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class Trend:
    """A series, from its first part to its last.

    Attributes:
        before: the median of its first fifth.
        after: the median of its last fifth.
        most: the greatest of it.
        per_hour: the slope of the straight line that fits it best.
    """

    before: float
    after: float
    most: float
    per_hour: float

    @property
    def growth(self) -> float:
        """By how much it grew."""
        return self.after - self.before

    def flat(self, room: float) -> bool:
        """Whether it grew by no more than `room`."""
        return self.growth <= room


def trend(seconds: Sequence[float], values: Sequence[float]) -> Trend:
    """The trend of values that were taken at these moments. Raises ValueError with fewer than five."""
    if len(values) < _PARTS:
        raise ValueError(f"a trend needs at least {_PARTS} values")
    part = len(values) // _PARTS
    slope = statistics.linear_regression(seconds, values).slope
    return Trend(statistics.median(values[:part]), statistics.median(values[-part:]), max(values), 3600 * slope)
