"""The waiting around the backlog: gate, wake-ups, backoff. Time is a variable of the test."""

from __future__ import annotations

import asyncio

import pytest

from slotwarden.reconcile.backlog import Priority
from slotwarden.reconcile.queue import FIRST_RETRY, LAST_RETRY, WorkQueue


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue[str]:
    queue: WorkQueue[str] = WorkQueue(clock, jitter=lambda: 1.0)
    queue.open()
    return queue


async def soon(queue: WorkQueue[str]) -> str:
    return await asyncio.wait_for(queue.get(), 5)


async def idle(queue: WorkQueue[str]) -> bool:
    """Whether nothing comes out however often the loop turns."""
    task = asyncio.ensure_future(queue.get())
    for _ in range(20):
        await asyncio.sleep(0)
    came = task.done()
    task.cancel()
    return not came


async def test_a_waiting_consumer_is_woken(queue: WorkQueue[str]) -> None:
    task = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.add("a")
    assert await asyncio.wait_for(task, 5) == "a"


async def test_nothing_passes_a_closed_gate(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add_after("b", 0.0)
    queue.close()
    assert await idle(queue)
    queue.open()
    assert await soon(queue) == "a"
    assert await soon(queue) == "b"


async def test_a_standby_keeps_no_keys(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue(clock, jitter=lambda: 0.0)
    queue.add("a")
    queue.add_after("b", 0.0)
    queue.open()
    assert await idle(queue)


async def test_a_delayed_key_comes_when_it_is_due(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("a", 10.0)
    assert await idle(queue)
    clock.now += 10.0
    assert await soon(queue) == "a"


async def test_a_key_added_while_it_runs_runs_again_afterwards(queue: WorkQueue[str]) -> None:
    queue.add("a")
    assert await soon(queue) == "a"
    queue.add("a")
    assert await idle(queue)
    queue.done("a")
    assert await soon(queue) == "a"
    queue.done("a")
    assert await idle(queue)


async def test_backoff_doubles_to_its_cap_and_starts_anew_after_success(queue: WorkQueue[str]) -> None:
    waits = [queue.retry("a") for _ in range(12)]
    assert waits[:4] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY, 8 * FIRST_RETRY]
    assert waits[-1] == LAST_RETRY
    queue.forget("a")
    assert queue.retry("a") == FIRST_RETRY


async def test_jitter_takes_away_up_to_half(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue(clock, jitter=lambda: 0.0)
    assert queue.retry("a") == FIRST_RETRY / 2


async def test_depth_and_age(queue: WorkQueue[str], clock: Clock) -> None:
    assert queue.age(Priority.USER) == 0.0
    queue.add("a")
    clock.now += 3
    queue.add("b")
    assert queue.depth(Priority.USER) == 2
    assert queue.age(Priority.USER) == 3.0
    assert await soon(queue) == "a"
    assert queue.running == 1


async def test_a_consumer_that_is_cancelled_just_as_something_comes_ends(queue: WorkQueue[str]) -> None:
    task = asyncio.ensure_future(queue.get())
    for _ in range(3):
        await asyncio.sleep(0)
    queue.add_after("later", 1000.0)
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done
    assert task.cancelled()


def test_whether_any_key_is_ready(queue: WorkQueue[str], clock: Clock) -> None:
    assert not queue.has_ready()
    queue.add_after("later", 10.0)
    assert not queue.has_ready()
    queue.add("now", Priority.REFRESH)
    assert queue.has_ready()
