"""Waiting returns what came true, and says what it waited for when nothing did."""

from __future__ import annotations

import pytest

from testbed.wait import eventually, eventually_async


def test_it_returns_the_first_true_result() -> None:
    answers = iter([0, "", 3])
    assert eventually(lambda: next(answers), 5, interval=0.001) == 3


def test_it_says_what_did_not_come_true_and_why() -> None:
    def check() -> bool:
        raise LookupError("not there")

    with pytest.raises(AssertionError, match=r"the Secret did not come true within 0 s; last: LookupError: not there"):
        eventually(check, 0, message="the Secret")


def test_what_is_not_a_passing_state_is_raised_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        eventually(lambda: 1 / 0, 60)


async def test_it_takes_plain_and_asynchronous_checks() -> None:
    answers = iter([None, "here"])

    async def check() -> str | None:
        return next(answers)

    assert await eventually_async(check, 5, interval=0.001) == "here"
    assert await eventually_async(lambda: 7, 5) == 7
    with pytest.raises(AssertionError, match="did not come true"):
        await eventually_async(lambda: None, 0)
