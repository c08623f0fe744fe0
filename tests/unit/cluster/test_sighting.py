"""Until when a Lease is its holder's, for a candidate who can only look at it."""

from __future__ import annotations

from slotwarden.cluster.election import Sighting
from slotwarden.cluster.leases import Record
from slotwarden.cluster.term import LONGEST

NOW = 1000.0


def record(version: str, holder: str, duration: float = 15.0) -> Record:
    return Record(version, holder, duration, 0, {})


def test_a_lease_that_never_was_and_one_that_was_let_go_are_free() -> None:
    seen = Sighting()
    seen.note(None, NOW)
    assert seen.left("me", NOW) == 0.0
    seen.note(record("1", "other"), NOW)
    assert seen.left("me", NOW) == 15.0
    assert seen.left("other", NOW) == 0.0
    seen.note(record("2", "", 1.0), NOW)
    assert seen.left("me", NOW) == 0.0
    seen.note(None, NOW)
    assert seen.left("me", NOW) == 0.0


def test_the_holder_of_a_lease_that_vanished_has_its_time() -> None:
    seen = Sighting()
    seen.note(record("1", "other"), NOW)
    seen.note(None, NOW + 5.0)
    assert seen.left("me", NOW + 5.0) == 10.0
    seen.note(None, NOW + 15.0)
    assert seen.left("me", NOW + 15.0) == 0.0


def test_a_lease_that_was_emptied_but_not_by_its_holder_has_to_run_out() -> None:
    seen = Sighting()
    seen.note(record("1", "other"), NOW)
    seen.note(record("2", ""), NOW + 5.0)
    assert seen.left("me", NOW + 5.0) == 15.0
    seen.note(record("2", ""), NOW + 20.0)
    assert seen.left("me", NOW + 20.0) == 0.0


def test_no_lease_keeps_all_from_working_for_ever() -> None:
    seen = Sighting()
    seen.note(record("1", "other", 2147483647.0), NOW)
    seen.note(None, NOW + 1.0)
    assert seen.left("me", NOW + LONGEST) == 0.0
