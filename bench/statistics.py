"""Medians, percentiles and spreads: pure."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, bisect_right
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


def longer(ones: Sequence[float], others: Sequence[float]) -> float:
    """How often one of the first is above one of the others, where equal ones are half above (Mann and Whitney's U).

    A half where nothing tells them apart. Raises ValueError without values.
    """
    if not ones or not others:
        raise ValueError("no values")
    ordered = sorted(others)
    below = sum(bisect_left(ordered, each) + bisect_right(ordered, each) for each in ones)
    return below / (2 * len(ones) * len(others))
