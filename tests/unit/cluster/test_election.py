"""Who leads, seen from processes whose clocks and API server are variables of the test."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.cluster.election import LeaseLost, Timing
from slotwarden.cluster.errors import Conflict, Unavailable
from slotwarden.cluster.term import NotLeading
from tests.unit.cluster.elections import TIMING, Clock, Server, elector, held, turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.cluster.leases import Record


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Server:
    return Server()


def test_the_proportions_are_those_of_kubernetes_controllers() -> None:
    timing = Timing.of(15.0)
    assert (timing.duration, timing.deadline, timing.retry) == (15.0, 10.0, 2.0)


@given(st.floats(min_value=1.0, max_value=3600.0))
def test_a_holder_stops_before_a_candidate_may_begin_and_asks_twice_before_it_stops(duration: float) -> None:
    timing = Timing.of(duration)
    assert timing.retry + 2 * timing.timeout <= timing.deadline + 1e-9 < timing.duration


async def test_the_first_comer_leads(server: Server, clock: Clock) -> None:
    first, term = elector(server, clock)
    with pytest.raises(NotLeading):
        term.check()
    assert await first.take()
    term.check()
    assert server.record is not None
    assert server.record.holder == "me"
    await first.release()


async def test_a_term_counts_from_before_the_request(server: Server, clock: Clock) -> None:
    class Slow(Server):
        async def write(self, known: Record | None, spec: Mapping[str, Any]) -> Record:
            clock.now += 4.0
            return await super().write(known, spec)

    first, term = elector(Slow(), clock)
    assert await first.take()
    assert term.left == TIMING.deadline - 4.0
    await first.release()


async def test_a_living_holder_is_left_alone_and_a_silent_one_succeeded(server: Server, clock: Clock) -> None:
    server.put(held())
    second, term = elector(server, clock)
    assert not await second.take()
    clock.now += 14.9
    server.put(held())
    assert not await second.take()
    clock.now += 14.9
    assert not await second.take()
    assert term.left == 0.0
    clock.now += 0.2
    assert await second.take()
    assert server.record is not None
    assert (server.record.holder, server.record.transitions) == ("me", 5)
    await second.release()


async def test_a_holders_own_clock_is_not_asked(server: Server, clock: Clock) -> None:
    server.put({**held(), "renewTime": "1970-01-01T00:00:00.000000Z"})
    second, _ = elector(server, clock)
    assert not await second.take()


async def test_a_released_lease_is_taken_at_once(server: Server, clock: Clock) -> None:
    first, term = elector(server, clock, "first")
    second, _ = elector(server, clock, "second")
    assert await first.take()
    winning = asyncio.ensure_future(second.win())
    await turn()
    assert not winning.done()
    await first.release()
    assert term.left == 0.0
    async with asyncio.timeout(10):
        await winning
    await second.release()
    assert server.record is not None
    assert server.record.holder == ""


async def test_a_lease_is_let_go_although_a_renewal_was_cut_off_when_it_was_done(server: Server, clock: Clock) -> None:
    class Slow(Server):
        async def write(self, known: Record | None, spec: Mapping[str, Any]) -> Record:
            written = await super().write(known, spec)
            if "renewTime" in spec and "holderIdentity" not in spec:
                renewed.set()
                await asyncio.Event().wait()
            return written

    renewed = asyncio.Event()
    server = Slow()
    first, _ = elector(server, clock)
    assert await first.take()
    await renewed.wait()
    await first.release()
    assert server.record is not None
    assert server.record.holder == ""


async def test_of_two_that_take_it_at_once_one_wins(server: Server, clock: Clock) -> None:
    contenders = [elector(server, clock, name)[0] for name in ("a", "b", "c")]
    won = await asyncio.gather(*(one.take() for one in contenders))
    assert won.count(True) == 1
    for one in contenders:
        await one.release()


async def test_an_own_write_whose_answer_was_lost_is_recognised(server: Server, clock: Clock) -> None:
    server.loses_answers = True
    first, _ = elector(server, clock)
    assert not await first.take()
    server.loses_answers = False
    assert await first.take()
    await first.release()


async def test_a_leader_that_cannot_renew_ends_its_term_and_says_why(server: Server, clock: Clock) -> None:
    first, term = elector(server, clock)
    assert await first.take()
    server.away = True
    await turn()
    term.check()
    clock.now += TIMING.deadline
    with pytest.raises(NotLeading):
        term.check()
    with pytest.raises(LeaseLost, match="could not be renewed within 10 s"):
        async with asyncio.timeout(10):
            await first.lost()


async def test_a_leader_that_stood_still_writes_nothing_first(server: Server, clock: Clock) -> None:
    slow = replace(TIMING, retry=0.05)
    first, _ = elector(server, clock, timing=slow)
    assert await first.take()
    before = len(server.writes)
    clock.now += TIMING.deadline
    with pytest.raises(LeaseLost, match="stood still"):
        async with asyncio.timeout(10):
            await first.lost()
    await first.release()
    assert len(server.writes) == before


async def test_a_leader_that_finds_another_holder_ends(server: Server, clock: Clock) -> None:
    first, term = elector(server, clock)
    assert await first.take()
    server.put(held("usurper"))
    with pytest.raises(LeaseLost, match="usurper holds it"):
        async with asyncio.timeout(10):
            await first.lost()
    assert term.left == 0.0
    await first.release()
    assert server.record is not None
    assert server.record.holder == "usurper"


FAILURES = [Conflict("update", "leases", 409, "it changed"), Unavailable("create", "leases", 503, "away")]


@pytest.mark.parametrize(("deleted", "failures"), [(False, []), (True, []), (True, FAILURES)])
async def test_a_lease_that_somebody_edits_or_deletes_stays_the_leaders(
    server: Server, clock: Clock, deleted: bool, failures: list[Exception]
) -> None:
    first, term = elector(server, clock)
    assert await first.take()
    server.failures = [*failures]
    if deleted:
        server.record = None
    else:
        server.put({"labels": "new"})
    clock.now += 1.0
    await turn()
    assert term.left == TIMING.deadline
    assert server.record is not None
    assert (server.record.holder, server.record.duration) == ("me", TIMING.duration)
    await first.release()


async def test_a_failure_that_nobody_foresaw_ends_the_term(server: Server, clock: Clock) -> None:
    first, term = elector(server, clock)
    assert await first.take()
    server.failures = [KeyError("metadata")]
    with pytest.raises(LeaseLost, match="KeyError"):
        await asyncio.wait_for(first.lost(), 10)
    assert term.left == 0.0


async def test_a_request_without_an_answer_ends_in_time(clock: Clock) -> None:
    server = Server(silent=True)
    first, _ = elector(server, clock, timing=replace(TIMING, timeout=0.01))
    assert not await first.take()


async def test_a_candidate_looks_when_the_lease_runs_out(server: Server, clock: Clock) -> None:
    asked = []

    async def unchanged(_version: str, seconds: float) -> bool:
        asked.append(seconds)
        clock.now += seconds
        return False

    server.has_changed = unchanged  # type: ignore[method-assign]
    server.put(held(duration=1))
    second, _ = elector(server, clock, timing=replace(TIMING, retry=0.4))
    async with asyncio.timeout(10):
        await second.win()
    assert asked == pytest.approx([0.4, 0.4, 0.2])
    await second.release()
