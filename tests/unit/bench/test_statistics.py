from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.statistics import Spread, percentile, spread

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1)


def test_the_spread_of_three_runs() -> None:
    assert spread([3.0, 1.0, 2.5]) == Spread(median=2.5, least=1.0, most=3.0)


def test_the_percentiles_of_a_hundred() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert (percentile(hundred, 0.5), percentile(hundred, 0.99), percentile(hundred, 1)) == (50.0, 99.0, 100.0)


@given(numbers, st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_values_that_enough_others_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


@pytest.mark.parametrize("what", [spread, lambda values: percentile(values, 0.5)])
def test_nothing_has_no_spread(what: object) -> None:
    with pytest.raises(ValueError, match="no values"):
        what([])  # type: ignore[operator]
