"""Medians, percentiles and spreads: pure."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Spread:
    """What several runs said of one figure."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """The median, the least and the most. Raises ValueError without values."""
    if not values:
        raise ValueError("no values")
    return Spread(statistics.median(values), min(values), max(values))


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that `share` (above 0, at most 1) of the values do not exceed (nearest rank).

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1]
