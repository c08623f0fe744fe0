"""What is remembered of the cluster's answers, and for how long."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.cluster.errors import Unavailable
from slotwarden.cluster.reviews import User
from slotwarden.gateway.identity.access import ReviewedAccess
from slotwarden.gateway.identity.caller import Caller
from slotwarden.gateway.identity.memory import Memory
from slotwarden.gateway.identity.permissions import READ, REVEAL, SET
from slotwarden.gateway.identity.tokens import Tokens
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotwarden.cluster.reviews import Attributes


class Cluster:
    """Stands for the API server's reviews, because only so can their number and the time be set."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.known = True
        self.now = 1000.0
        self.names: set[str] | None = None

    async def token(self, _token: Sensitive, _audiences: Sequence[str]) -> User | None:
        self._count()
        return User("dana", "1", ("all",), {}) if self.known else None

    async def access(self, _user: User, asked: Attributes) -> bool:
        self._count()
        return self.known and (self.names is None or asked.name in self.names)

    def _count(self) -> None:
        self.asked += 1
        if self.away:
            raise Unavailable("create", "tokenreviews", 503, "away")


def tokens(cluster: Cluster) -> Tokens:
    parts: Any = cluster
    return Tokens(parts, ["slotwarden"], lambda: cluster.now, lambda: cluster.now)


def token(end: object, name: str = "x") -> Sensitive:
    """A token that says when it ends."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": end, "sub": name}).encode()).rstrip(b"=")
    return Sensitive(b"e30." + claims + b".c2ln")


async def test_an_owner_is_remembered_for_ten_seconds() -> None:
    cluster = Cluster()
    made = tokens(cluster)
    for after, asked in ((0.0, 1), (9.9, 1), (0.1, 2)):
        cluster.now += after
        found = await made.caller(token(5000))
        assert found == Caller("dana", "1", ("all",), {}, "token")
        assert cluster.asked == asked
    await made.caller(token(5000, "another"))
    assert cluster.asked == 3


async def test_never_past_the_end_of_the_token() -> None:
    cluster = Cluster()
    made = tokens(cluster)
    assert await made.caller(token(1003)) is not None
    cluster.now = 1002.9
    assert await made.caller(token(1003)) is not None
    cluster.now = 1003.0
    assert await made.caller(token(1003)) is None
    assert cluster.asked == 1


@pytest.mark.parametrize("end", ["soon", None, True, 10**400, [1], -(10**400)])
async def test_an_end_that_is_no_date_is_left_to_the_cluster(end: object) -> None:
    cluster = Cluster()
    assert (await tokens(cluster).caller(token(end)) is not None) is not (end is True)


async def test_a_refusal_is_forgotten_soon_and_an_outage_at_once() -> None:
    cluster = Cluster()
    cluster.known = False
    made = tokens(cluster)
    assert await made.caller(token(5000)) is None
    assert await made.caller(token(5000)) is None
    assert cluster.asked == 1
    cluster.known = True
    cluster.now += 1.0
    assert await made.caller(token(5000)) is not None
    cluster.now += 10.0
    cluster.away = True
    with pytest.raises(Unavailable):
        await made.caller(token(5000))
    cluster.away = False
    assert await made.caller(token(5000)) is not None


async def test_a_permission_is_remembered_and_a_refusal_is_not() -> None:
    cluster = Cluster()
    parts: Any = cluster
    access = ReviewedAccess(parts, lambda: cluster.now)
    asked = {"namespace": "a", "resource": "secretslots", "name": "one"}
    dana, erin = (Caller(name, "", (), {"k": ("v",)}, "token") for name in ("dana", "erin"))
    cluster.known = False
    assert not await access.may(dana, SET, **asked)
    cluster.known = True
    assert await access.may(dana, SET, **asked)
    assert await access.may(dana, SET, **asked)
    # Of each miss two: for the one object, and for all.
    assert cluster.asked == 4
    # What holds for all objects needs no further question.
    assert await access.may(dana, SET, **{**asked, "name": "two"})
    assert cluster.asked == 4
    for caller, what, changed in (
        (erin, SET, {}),
        (dana, REVEAL, {}),
        (dana, SET, {"namespace": "b"}),
        (Caller("dana", "", ("more",), {"k": ("v",)}, "token"), SET, {}),
        (Caller("dana", "", (), {}, "token"), SET, {}),
    ):
        before = cluster.asked
        assert await access.may(caller, what, **{**asked, **changed})
        assert cluster.asked == before + 2
    cluster.now += 10.0
    cluster.known = False
    assert not await access.may(dana, SET, **asked)


async def test_the_permission_for_one_object_is_that_for_no_other() -> None:
    cluster = Cluster()
    parts: Any = cluster
    cluster.names = {"one"}
    access = ReviewedAccess(parts, lambda: cluster.now)
    dana = Caller("dana", "", (), {}, "token")
    asked = {"namespace": "a", "resource": "secretslots"}
    assert await access.may(dana, READ, **asked, name="one")
    assert not await access.may(dana, READ, **asked, name="two")
    assert not await access.may(dana, READ, **asked, name="")
    assert await access.may(dana, READ, **asked, name="one")
    assert cluster.asked == 5


def test_there_is_only_so_much_room() -> None:
    now = 0.0
    memory: Memory[int, str] = Memory(lambda: now, 3)
    for number in range(5):
        memory.put(number, "x", 10)
    assert len(memory) == 3
    assert [memory.get(number) for number in range(5)] == [None, None, "x", "x", "x"]
    memory.put(4, "y", 0)
    assert memory.get(4) is None
    now = 10.0
    assert memory.get(3) is None
