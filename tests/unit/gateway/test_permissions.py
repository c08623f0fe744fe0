"""Which of many objects a caller may do something to, with as few questions as that takes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from slotwarden.gateway.identity.access import ReviewedAccess
from slotwarden.gateway.identity.caller import Caller
from slotwarden.gateway.identity.permissions import REVEAL, Permissions

if TYPE_CHECKING:
    from slotwarden.cluster.reviews import Attributes, Reviews, User

DANA = Caller("dana", "", (), {}, "token")


class Answers:
    """What the API server says; a fake, so that its answers can be counted."""

    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed
        self.asked: list[str] = []

    async def access(self, _user: User, attributes: Attributes) -> bool:
        self.asked.append(attributes.name)
        return attributes.name in self.allowed


def permissions(reviews: Reviews, *served: str) -> Permissions:
    return Permissions(ReviewedAccess(reviews, lambda: 0.0), frozenset(served))


async def among(asked: Permissions, *names: str) -> set[str]:
    return set(await asked.among(DANA, REVEAL, "envsecrets", "acme", names))


@pytest.mark.parametrize(
    ("allowed", "names", "told", "asked"),
    [
        ([""], ["a", "b"], {"a", "b"}, [""]),
        (["b"], ["a", "b"], {"b"}, ["", "a", "b"]),
        ([], ["a", "b"], set(), ["", "a", "b"]),
        ([""], [], set(), []),
    ],
)
async def test_all_are_asked_for_before_each(
    allowed: list[str], names: list[str], told: set[str], asked: list[str]
) -> None:
    reviews = Answers(*allowed)
    assert await among(permissions(reviews), *names) == told  # type: ignore[arg-type]
    assert reviews.asked == asked


async def test_a_yes_is_remembered_and_a_no_is_not() -> None:
    reviews = Answers("b")
    known = permissions(reviews)  # type: ignore[arg-type]
    assert await among(known, "a", "b") == await among(known, "a", "b") == {"b"}
    assert reviews.asked == ["", "a", "b", "", "a"]


async def test_in_a_namespace_that_is_not_served_nobody_may() -> None:
    reviews = Answers("", "a")
    assert await among(permissions(reviews, "other"), "a") == set()  # type: ignore[arg-type]


class Silent(Answers):
    """An API server that answers for all objects at once, and for single ones when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = asyncio.Event()

    async def access(self, user: User, attributes: Attributes) -> bool:
        if attributes.name:
            self.asked.append(user.name)
            await self.let.wait()
        return False


async def test_many_lists_of_one_caller_leave_room_for_the_questions_of_others() -> None:
    reviews, names = Silent(), [str(number) for number in range(40)]
    known = permissions(reviews)  # type: ignore[arg-type]
    lists = [asyncio.create_task(among(known, *names)) for _ in range(8)]
    # Far more turns of the loop than the questions take to be asked.
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(reviews.asked) == 16
    other = asyncio.create_task(known.among(replace(DANA, username="eve"), REVEAL, "envsecrets", "acme", names))
    for _ in range(200):
        await asyncio.sleep(0)
    assert reviews.asked.count("eve") == 16
    reviews.let.set()
    assert await asyncio.gather(*lists) == [set()] * 8
    assert not await other
