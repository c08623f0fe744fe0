"""A round that fails, by whatever, is told and done again."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from slotwarden.cluster.errors import Unavailable
from slotwarden.reconcile import rounds
from slotwarden.reconcile.backlog import Priority
from slotwarden.reconcile.cache import Cache
from slotwarden.reconcile.keys import Key, SlotKey
from slotwarden.reconcile.rollcall import RollCall
from slotwarden.reconcile.rounds import Rounds
from slotwarden.reconcile.sweep import Swept
from tests.unit.reconcile.objects import slot

if TYPE_CHECKING:
    from collections.abc import Iterable

ONE = SlotKey("acme", "one", "slot")
FAILURES = [Unavailable("list", "secrets", 503, "down"), ValueError("canary")]


@dataclass
class World:
    """Rounds whose lists and sweeps do what the test says, one after the other."""

    lists: list[Exception | set[Key]] = field(default_factory=list)
    sweeps: list[Exception | Swept] = field(default_factory=list)
    queued: list[tuple[set[Key], Priority]] = field(default_factory=list)

    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.rounds = Rounds(
            cache=Cache(),
            resync=cast("Any", self._list),
            sweeper=cast("Any", self),
            enqueue=self._enqueue,
            grace=30.0,
            sweep_wanted=asyncio.Event(),
            relisted=asyncio.Event(),
            roll=RollCall(lambda: None, lambda: 0.0),
        )

    def _enqueue(self, keys: Iterable[Key], priority: Priority) -> None:
        self.queued.append((set(keys), priority))
        self.woken.set()

    async def _list(self) -> set[Key]:
        outcome = self.lists.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def sweep(self) -> Swept:
        outcome = self.sweeps.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.mark.parametrize("failure", FAILURES)
async def test_the_first_sync_is_tried_until_it_works(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "_FIRST_RETRY", 0.0)
    world = World(lists=[failure, failure, set()])
    world.rounds.cache.put_slot(slot())
    await asyncio.wait_for(world.rounds.sync(), 10)
    assert world.rounds.synced
    world.rounds.begin()
    assert ({ONE}, Priority.USER) in world.queued
    assert ({ONE}, Priority.REFRESH) in world.queued


@pytest.mark.parametrize(
    ("outcome", "pause"),
    [
        (Swept(), 86400.0),
        (Swept(suspected=1), 30.0),
        (Swept(suspected=1, capped=True), 600.0),
        *((failure, 60.0) for failure in FAILURES),
    ],
)
async def test_when_the_next_sweep_is(outcome: Exception | Swept, pause: float) -> None:
    assert await World(sweeps=[outcome]).rounds._swept() == pause


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_list_that_failed_is_made_again(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "_RELIST_PAUSE", 0.0)
    world = World(lists=[failure, {ONE}])
    world.rounds.relisted.set()
    task = asyncio.ensure_future(world.rounds.follow_relists())
    async with asyncio.timeout(10):
        await world.woken.wait()
    assert world.queued == [({ONE}, Priority.USER)]
    task.cancel()


async def test_no_list_is_made_where_kopf_named_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "_RELIST_PAUSE", 0.0)
    world = World(lists=[{ONE}])
    world.rounds.cache.put_slot(slot(uid="uid-1"))
    task = asyncio.ensure_future(world.rounds.follow_relists())
    roll = world.rounds.roll
    called = asyncio.Event()
    ask = roll.complete
    monkeypatch.setattr(roll, "complete", lambda uids: called.set() or ask(uids))
    roll.begin()
    roll.answer("uid-1", listed=True)
    world.rounds.relisted.set()
    async with asyncio.timeout(10):
        await called.wait()
        # Kopf lists again, and names nothing.
        roll.begin()
        world.rounds.relisted.set()
        await world.woken.wait()
    assert world.lists == []
    assert world.queued == [({ONE}, Priority.USER)]
    task.cancel()


async def test_what_nobody_foresaw_is_told_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        await World(sweeps=[ValueError("x")]).rounds._swept()
    assert [record.getMessage() for record in caplog.records] == ["the sweep failed"]
