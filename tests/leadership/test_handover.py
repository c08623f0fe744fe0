"""A leader that is told to stop lets go at once."""

from __future__ import annotations

import signal
import statistics
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.leadership.load import Load
from tests.leadership.support import Replicas, busy, leads, stands_by

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE = 15.0
BOUND = 2.0
"""Seconds from SIGTERM until the next one holds the Lease and has written, in the median."""


def handovers(org: Replicas, slots: int, changes: int, times: int) -> list[float]:
    """Start a new replica and stop the old one, again and again, with slots changing all along.

    Returns:
        Seconds from each SIGTERM until the next one held the Lease and had written.
    """
    told: list[datetime] = []
    with Load(org, slots) as load:
        for _ in range(times):
            old, new = org.members[-1], org.add()
            eventually(lambda old=old: leads(old))
            busy(load, changes)
            stands_by(new)
            told.append(datetime.now(UTC))
            old.signal(signal.SIGTERM)
            assert old.wait_end() == 0
            eventually(lambda new=new: leads(new))
            busy(load, changes)
    org.settled(load)
    found = org.evidence()
    found.assert_one_at_a_time()
    found.assert_nothing_overwritten()
    assert [term.who for term in found.terms] == [member.user for member in org.members]
    took = []
    for number, began in enumerate(told, 1):
        assert found.terms[number - 1].released is not None
        held, wrote = found.terms[number].held, found.first_write(number).ended
        took.append((max(held, wrote) - began).total_seconds())
    print("handed over after", ", ".join(f"{seconds:.2f}" for seconds in took), "s")  # noqa: T201
    return took


def test_a_handover(make_replicas: Callable[..., Replicas]) -> None:
    took = handovers(make_replicas(LEASE), slots=30, changes=100, times=1)
    # Beside many other tests no more can be said than that nobody waited for the Lease's end.
    assert max(took) < LEASE / 2


@pytest.mark.long
def test_one_replica_after_the_other(make_replicas: Callable[..., Replicas]) -> None:
    took = handovers(make_replicas(LEASE), slots=200, changes=100, times=5)
    assert statistics.median(took) < BOUND
