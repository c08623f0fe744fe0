"""What follows a run: nothing, a timer, a backoff, or a wait for Vault."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slotwarden.cluster import health as cluster_health
from slotwarden.cluster.errors import KubernetesError, Unavailable
from slotwarden.reconcile.context import Result
from slotwarden.reconcile.engine import CONCURRENCY, Engine
from slotwarden.reconcile.keys import Key, SlotKey, TargetKey
from slotwarden.reconcile.outage import Outage
from slotwarden.reconcile.queue import WorkQueue
from slotwarden.vault import health as vault_health
from slotwarden.vault.errors import Operation, VaultUnavailable
from slotwarden.vault.kv import Health

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

SLOT, TARGET = SlotKey("acme", "one", "slot"), TargetKey("acme", "one")
DOWN = VaultUnavailable(Operation.READ, "secret/data/x", "Vault could not be reached")
WELL = Health(sealed=False, initialized=True, standby=False, reachable=True)
AWAY = Health(sealed=False, initialized=False, standby=False, reachable=False)


@dataclass
class World:
    """An engine around functions of the test; time passes only when the test says so."""

    behave: Callable[[Key], Awaitable[Result]]
    now: float = 0.0
    health: Health = WELL
    refused: KubernetesError | None = None
    ran: list[Key] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    told: list[bool] = field(default_factory=list)
    back: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(lambda: self.now, lambda: 1.0)
        self.vault = Outage("Vault", vault_health.asking(self._health), self.queue.add, self.back.set, self.told.append)
        ask = cluster_health.asking(self._served)
        self.api_server = Outage("the API server", ask, self.queue.add, self.back.set, self.told.append)
        self.engine = Engine(self.queue, self._run, self._run, self.vault, self.api_server, self._count)
        self.queue.open()
        self.task = asyncio.ensure_future(self.engine.run())

    async def _health(self) -> Health:
        return self.health

    async def _served(self) -> None:
        if self.refused is not None:
            raise self.refused

    def _count(self, kind: str, outcome: str) -> None:
        self.outcomes[kind, outcome] += 1

    async def _run(self, key: Key) -> Result:
        self.ran.append(key)
        return await self.behave(key)

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.engine.drain(5)
        await self.vault.stop()
        await self.api_server.stop()


async def test_success_ends_the_matter_or_sets_a_timer() -> None:
    async def behave(key: Key) -> Result:
        return Result(again=10.0) if key == SLOT else Result()

    world = World(behave)
    world.queue.add(SLOT)
    world.queue.add(TARGET)
    await world.settle()
    world.now = 10.0
    world.queue.add(TARGET)
    await world.settle()
    assert Counter(world.ran) == {SLOT: 2, TARGET: 2}
    assert world.outcomes == {("slot", "done"): 2, ("target", "done"): 2}
    await world.end()


async def test_failures_back_off_and_one_success_forgets_them() -> None:
    failing = True

    async def behave(_: Key) -> Result:
        if failing:
            raise Unavailable("get", "secrets", 503, "down")
        return Result()

    world = World(behave)
    world.queue.add(SLOT)
    for number, wait in enumerate((0.5, 1.0, 2.0), 1):
        await world.settle()
        assert len(world.ran) == number
        world.now += wait
        world.queue._changed.set()
    await world.settle()
    assert world.outcomes["slot", "failed"] == 4
    failing = False
    world.now += 4.0
    world.queue._changed.set()
    await world.settle()
    assert world.queue.retry(SLOT) == 0.5
    await world.end()


async def test_a_failure_that_goes_on_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def behave(_: Key) -> Result:
        raise Unavailable("get", "secrets", 503, "down")

    caplog.set_level(logging.DEBUG)
    world = World(behave)
    world.queue.add(SLOT)
    await world.settle()
    world.now = 1.0
    world.queue.add(TARGET)
    await world.settle()
    told = [(record.levelname, record.args[0]) for record in caplog.records if record.args]  # type: ignore[index]
    assert sorted(told) == [("DEBUG", "slot"), ("WARNING", "slot"), ("WARNING", "target")]
    await world.end()


async def test_an_unexpected_error_ends_neither_the_engine_nor_the_key() -> None:
    async def behave(_: Key) -> Result:
        raise RuntimeError("canary")

    world = World(behave)
    world.queue.add(SLOT)
    await world.settle()
    world.now = 1.0
    world.queue.add(TARGET)
    await world.settle()
    assert world.outcomes == {("slot", "error"): 2, ("target", "error"): 1}
    assert not world.task.done()
    await world.end()


async def test_no_more_than_so_many_at_once_and_never_one_key_twice() -> None:
    gate = asyncio.Event()
    running: Counter[Key] = Counter()
    most = 0

    async def behave(key: Key) -> Result:
        nonlocal most
        running[key] += 1
        assert running[key] == 1
        most = max(most, running.total())
        await gate.wait()
        running[key] -= 1
        return Result()

    world = World(behave)
    for number in range(3 * CONCURRENCY):
        world.queue.add(SlotKey("acme", f"s{number}", "slot"))
    await world.settle()
    for number in range(3 * CONCURRENCY):
        world.queue.add(SlotKey("acme", f"s{number}", "slot"))
    await world.settle()
    assert most == CONCURRENCY
    gate.set()
    while world.outcomes.total() < 3 * CONCURRENCY:
        await world.settle()
    assert most == CONCURRENCY
    await world.end()


async def test_keys_that_wait_for_vault_run_when_it_is_back() -> None:
    down = True

    async def behave(_: Key) -> Result:
        if down:
            raise DOWN
        return Result()

    world = World(behave)
    world.health = AWAY
    world.queue.add(SLOT)
    await world.settle()
    assert world.told == [False]
    assert "could not be reached" in world.vault.cause
    assert world.outcomes == {("slot", "waiting"): 1}
    down = False
    world.health = WELL
    async with asyncio.timeout(10):
        await world.back.wait()
    await world.settle()
    assert world.outcomes["slot", "done"] == 1
    assert world.told == [False, True]
    assert world.vault.cause == ""
    await world.end()


async def test_an_error_that_is_no_outage_ends_by_its_backoff() -> None:
    async def behave(_: Key) -> Result:
        raise DOWN

    world = World(behave)
    world.queue.add(SLOT)
    await world.settle()
    assert world.told == []
    assert world.vault.cause == ""
    assert world.ran == [SLOT]
    world.now = 0.5
    world.queue.add(TARGET)
    await world.settle()
    assert Counter(world.ran) == {SLOT: 2, TARGET: 1}
    await world.end()


async def test_keys_that_wait_for_the_api_server_run_when_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    async def behave(_: Key) -> Result:
        if world.refused is not None:
            raise world.refused
        return Result()

    world = World(behave)
    world.refused = Unavailable("get", "secrets", 0, "TimeoutError")
    world.queue.add(SLOT)
    await world.settle()
    assert world.told == [False]
    assert world.api_server.cause == "the API server could not be reached"
    caplog.clear()
    world.queue.add(TARGET)
    await world.settle()
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == [], "it is told already"
    world.refused = None
    async with asyncio.timeout(10):
        await world.back.wait()
    await world.settle()
    done = {("slot", "done"): 1, ("target", "done"): 1}
    assert world.outcomes == {("slot", "failed"): 1, ("target", "failed"): 1, **done}
    assert (world.told, world.api_server.cause) == ([False, True], "")
    await world.end()


async def test_draining_waits_for_what_runs_and_cuts_off_the_rest() -> None:
    gate = asyncio.Event()
    finished = []

    async def behave(key: Key) -> Result:
        if key == TARGET:
            await asyncio.Event().wait()
        await gate.wait()
        finished.append(key)
        return Result()

    world = World(behave)
    world.queue.add(SLOT)
    world.queue.add(TARGET)
    await world.settle()
    world.queue.close()
    world.task.cancel()
    gate.set()
    await world.engine.drain(0.2)
    assert finished == [SLOT]
    assert world.queue.running == 0
