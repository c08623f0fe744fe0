"""Whether kopf's lists named all that is known, or the rest may be gone."""

from __future__ import annotations

from slotwarden.reconcile.rollcall import RollCall


class Times:
    """A clock that the test sets, and how often kopf was heard to list."""

    def __init__(self) -> None:
        self.now = 0.0
        self.heard = 0
        self.roll = RollCall(self._hear, lambda: self.now)

    def _hear(self) -> None:
        self.heard += 1


def test_all_were_named() -> None:
    roll = Times().roll
    roll.begin()
    roll.answer("one", listed=True)
    roll.answer("two", listed=False)
    assert roll.complete(["one", "two"])


def test_one_was_not_named() -> None:
    roll = Times().roll
    roll.begin()
    roll.answer("one", listed=True)
    assert not roll.complete(["one", "gone"])


def test_a_list_of_nothing_names_nothing() -> None:
    roll = Times().roll
    roll.begin()
    assert not roll.complete(["gone"])


def test_without_a_list_nothing_can_be_told() -> None:
    roll = Times().roll
    roll.answer("one", listed=False)
    assert not roll.complete(["one"])
    assert not roll.complete([])


def test_each_list_is_a_call_of_its_own() -> None:
    roll = Times().roll
    roll.begin()
    roll.answer("one", listed=True)
    assert roll.complete(["one"])
    # The watch broke off: what the first list named counts no more.
    roll.answer("two", listed=True)
    assert not roll.complete(["one", "two"])


def test_two_lists_in_one_call_tell_nothing() -> None:
    roll = Times().roll
    roll.begin()
    for _ in range(2):
        roll.answer("one", listed=True)
    roll.answer("two", listed=True)
    assert not roll.complete(["one", "two"])
    roll.answer("one", listed=True)
    assert roll.complete(["one"])


def test_a_long_list_is_told_now_and_then() -> None:
    times = Times()
    times.roll.begin()
    assert times.heard == 1
    for number in range(100):
        times.now = number / 25
        times.roll.answer(str(number), listed=True)
    assert times.heard == 4
