"""The published APIs while Vault or the API server is away, slow, or comes back: nothing half-done, nothing lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from testbed.gateway import make_gateway
from testbed.operator import make_identities
from testbed.proxy import Delay
from testbed.wait import eventually
from tests.faults.published import CALLS, World, canary
from tests.published.support import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from testbed.cluster import Testbed
    from testbed.session import Session
    from tests.e2e.support import Organization
    from tests.faults.published import Call
    from tests.published.support import Answer

BACK = 60.0
SETS_AGAIN = [call for word, call in CALLS.items() if word != "core-instance"]
"""Calls that set another value where there is one."""


@pytest.fixture(autouse=True)
def servers_up(request: pytest.FixtureRequest) -> Iterator[None]:
    """However a test ends, the next begins with servers that answer."""
    yield
    if "own_testbed" in request.fixturenames:
        testbed: Testbed = request.getfixturevalue("own_testbed")
        testbed.apiserver.start()
        testbed.vault.start()


@pytest.fixture
def world(own: Session, make_org: Callable[..., Organization], tmp_path: Path) -> Iterator[World]:
    """A namespace with an operator and two gateways, on servers that a test may stop."""
    org = make_org("--no-leader-elect")
    identities = make_identities(own, org.namespace, org.prefix, role="gateway")
    gateways = tuple(
        make_gateway(
            own, org.namespace, org.prefix, tmp_path / f"g{number}", "--no-aggregation", identities=identities
        ).start()
        for number in range(2)
    )
    try:
        with ThreadPoolExecutor(32) as executor:
            yield World.of(Api(own, org.namespace, org.operator, gateways[0]), gateways, (), executor, org.prefix)
    finally:
        for each in gateways:
            each.stop()


def come_again(answer: Answer, value: str) -> None:
    """An answer says that a server is away and when to try again, and nothing of what was sent."""
    assert (answer.code, answer.headers.get("retry-after")) == (503, "2"), answer
    assert value not in answer.raw.decode()


def done(call: Call, world: World, name: str, value: str) -> None:
    """Send it until it is done."""

    def check() -> bool:
        answer = call.ask(world, name, value)
        assert answer.code == call.done, answer
        return True

    eventually(check, BACK, message=f"{call.word} {name} is set")


def known(world: World) -> dict[str, str]:
    """A secret of each kind, with a value that is projected, by the words of their calls."""
    values = {}
    for word, call in CALLS.items():
        values[word] = canary()
        call.prepare(world, "known")
        call.prepare(world, "new")
        assert call.ask(world, "known", values[word]).code == call.done
    for word, call in CALLS.items():
        call.holds(world, "known", values[word])
    return values


def listed(world: World) -> list[Answer]:
    """Metadata of both kinds of object."""
    environment = CALLS["environment"].path(world)  # type: ignore[attr-defined]
    return [world.user.ask("GET", path) for path in (environment, "/v1/ignite/secrets")]


@pytest.mark.parametrize("how", ["stop", "seal"])
def test_vault_is_away_while_values_are_set(world: World, own_testbed: Testbed, how: str) -> None:
    first, second = known(world), {word: canary() for word in CALLS}
    before = [answer.body for answer in listed(world)]
    pids = [gateway.pid for gateway in world.gateways]
    getattr(own_testbed.vault, how)()
    for word, call in CALLS.items():
        come_again(call.ask(world, "new", second[word]), second[word])
        if call in SETS_AGAIN:
            come_again(call.ask(world, "known", second[word]), second[word])
    come_again(world.user.ask("GET", "/v1/ignite/secrets/known"), first["slot"])
    # What is known without Vault is told as ever.
    assert [answer.code for answer in listed(world)] == [200, 200]
    assert listed(world)[0].body == before[0]
    assert world.gateways[0].readyz()[0] == HTTPStatus.OK
    own_testbed.vault.start()
    for word, call in CALLS.items():
        assert call.value(world, "known") == first[word]
        assert call.value(world, "new") is None
        if call.object(world, "new") is not None:
            call.told(world, "new", "AwaitingValue")
    for word, call in CALLS.items():
        done(call, world, "new", second[word])
        call.holds(world, "new", second[word])
        assert call.stored(world, "new") == 1
        if call in SETS_AGAIN:
            done(call, world, "known", second[word])
            call.holds(world, "known", second[word])
            assert call.stored(world, "known") == 2
    assert [gateway.pid for gateway in world.gateways] == pids
    assert not any(value in gateway.log_text() for value in second.values() for gateway in world.gateways)


def test_the_api_server_is_restarted_while_values_are_set(world: World, own_testbed: Testbed) -> None:
    first, second = known(world), {word: canary() for word in CALLS}
    pids = [gateway.pid for gateway in world.gateways]
    own_testbed.apiserver.stop()
    for word, call in CALLS.items():
        for name in ("new", "known"):
            come_again(call.ask(world, name, second[word]), second[word])
    own_testbed.apiserver.start()
    for word, call in CALLS.items():
        assert call.value(world, "known") == first[word]
        assert call.value(world, "new") is None
        done(call, world, "new", second[word])
        call.holds(world, "new", second[word])
        assert call.stored(world, "new") == 1
    # What only a watch tells is seen again.
    environment = CALLS["environment"]
    path = world.api.objects(environment.resource(), environment.object_name(world, "known"))
    world.api.kube.patch(path, {"spec": {"description": "after the restart"}})

    def seen() -> bool:
        return any(each["description"] == "after the restart" for each in listed(world)[0].body)

    eventually(seen, BACK, message="a change is seen")
    assert [gateway.pid for gateway in world.gateways] == pids


def test_a_slow_vault_makes_calls_late_and_nothing_wrong(make_world: Callable[..., World]) -> None:
    world = make_world()
    for call in CALLS.values():
        call.prepare(world, "slow")
    slow = Delay("/v1/", 1)
    world.proxies[1].add(slow)
    values = {word: canary() for word in CALLS}
    begun = {word: call.begin(world, "slow", values[word]) for word, call in CALLS.items()}
    # Metadata does not wait for it.
    assert [answer.code for answer in listed(world)] == [200, 200]
    assert not any(future.done() for future in begun.values())
    for word, call in CALLS.items():
        assert begun[word].result(60).code == call.done
        call.holds(world, "slow", values[word])
        assert call.stored(world, "slow") == 1
    assert slow.seen


@dataclass
class Writer:
    """Sets one value after the other; each is tried once.

    Attributes:
        acknowledged: what was last said to be done.
        since: what was tried after that, and may be done too.
    """

    call: Call
    name: str
    acknowledged: str = ""
    since: list[str] = field(default_factory=list)
    count: int = 0

    def run(self, world: World, stop: threading.Event) -> None:
        """Write until told to stop, by one replica and the other in turn."""
        by = 0
        while not stop.is_set():
            by, value = 1 - by, canary()
            self.since.append(value)
            try:
                answer = self.call.ask(world, self.name, value, by)
            except OSError:
                continue
            # An API server that starts knows its roles late, and says no for so long.
            assert answer.code in (self.call.done, 403, 404, 409, 503), answer
            if answer.code == self.call.done:
                self.acknowledged, self.since = value, []
                self.count += 1

    def progresses(self) -> None:
        """Return once it has set some more."""
        count = self.count
        eventually(lambda: self.count > count + 2, BACK, message=f"{self.call.word} {self.name} goes on")


@pytest.mark.long
def test_what_was_acknowledged_outlasts_every_outage(world: World, own_testbed: Testbed) -> None:
    """Vault sealed and stopped, the API server restarted, a gateway killed, one after the other, as values are set."""
    stop, writers = threading.Event(), [Writer(call, f"w-{number}") for number in range(2) for call in SETS_AGAIN]
    for writer in writers:
        writer.call.prepare(world, writer.name)
    running = [world.executor.submit(writer.run, world, stop) for writer in writers]
    try:
        for outage in (own_testbed.vault.seal, own_testbed.vault.stop, own_testbed.apiserver.stop):
            for writer in writers:
                writer.progresses()
            outage()
            eventually(lambda: all(writer.since for writer in writers), message="nobody is served")
            own_testbed.apiserver.start()
            own_testbed.vault.start()
        for writer in writers:
            writer.progresses()
        world.gateways[0].kill()
        for writer in writers:
            writer.progresses()
        world.gateways[0].start()
        for writer in writers:
            writer.progresses()
    finally:
        stop.set()
    for future in running:
        future.result(60)
    for writer in writers:
        newest = writer.call.value(world, writer.name)
        assert newest is not None
        assert newest in (writer.acknowledged, *writer.since), writer.call.word
        writer.call.holds(world, writer.name, newest)
