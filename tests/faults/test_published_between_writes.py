"""The gateway stopped at each write of a call that sets a value, before the server has it or before it has answered.

For each call there are as many secrets as there are writes, times two, and one that nothing stops, which tells that
these are all writes. No value is half there; what was acknowledged is kept; the same call again completes the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from testbed.proxy import Fault, Hold
from testbed.wait import eventually
from tests.faults.published import CALLS, MAKE_ENV, canary
from tests.faults.works import CLAIM, STORE, kind, steps, write_to

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from tests.faults.published import Call, World
    from tests.published.support import Answer


def calls(*every_day: str) -> pytest.MarkDecorator:
    """All calls; what the others would show is shown by these, so they are left to `make test-faults`."""
    marks = {word: () if word in every_day else (pytest.mark.long,) for word in CALLS}
    return pytest.mark.parametrize("call", [pytest.param(CALLS[word], id=word, marks=marks[word]) for word in CALLS])


@dataclass
class Case:
    """A secret, and where the gateway is stopped as it sets its value."""

    name: str
    value: str
    hold: Hold
    at: str
    delivered: bool

    @property
    def stored(self) -> bool:
        """Whether Vault has the value then."""
        return self.delivered and self.at == STORE

    def made(self, call: Call) -> bool:
        """Whether there is an object then."""
        return self.at != call.writes[0] or self.delivered or not call.writes[0].startswith("POST ")


def written(world: World, call: Call, name: str, at: str = "") -> str:
    """The pattern of a write for a secret; of all of them where none is named."""
    return write_to(call.object_name(world, name), call.key(name), at=at)


def cases(world: World, call: Call) -> list[Case]:
    """All writes of a call, and a secret that nothing stops."""

    def case(name: str, at: str, *, delivered: bool) -> Case:
        return Case(name, canary(), Hold(written(world, call, name, at), delivered=delivered), at, delivered)

    found = [
        case(f"{way}-{nth}", at, delivered=way == "answer")
        for nth, at in enumerate(call.writes, 1)
        for way in ("request", "answer")
    ]
    return [*found, Case("free", canary(), Hold(written(world, call, "free"), 99), "", delivered=False)]


def stopped(world: World, call: Call, all_cases: list[Case]) -> dict[str, Future[Answer]]:
    """Begin all; returns once each is held where it should be, and the last one is done."""
    for case in all_cases:
        call.prepare(world, case.name)
    for proxy in world.proxies:
        proxy.add(*(case.hold for case in all_cases))
    begun = {case.name: call.begin(world, case.name, case.value) for case in all_cases}
    for case in all_cases[:-1]:
        assert kind(case.hold.wait()) == case.at, case.name
    assert begun.pop("free").result().code == call.done
    assert steps(map(kind, all_cases[-1].hold.seen)) == steps(call.writes)
    return begun


def killed(world: World, begun: dict[str, Future[Answer]]) -> None:
    """Crash the first gateway; nothing more was acknowledged, and no fault is left."""
    world.gateways[0].kill()
    for name, future in begun.items():
        assert isinstance(future.exception(30), OSError), name
    for proxy in world.proxies:
        proxy.clear()


def nothing_is_half_there(world: World, call: Call, all_cases: list[Case]) -> None:
    """What Vault has is the value; what it has not is in no object, and its object says that it waits."""
    for case in all_cases:
        whole = case.stored or case.name == "free"
        assert call.value(world, case.name) == (case.value if whole else None), case.name
        found = call.object(world, case.name)
        assert (found is not None) is case.made(call), case.name
        if found is not None:
            # Without a gateway, without a refresh, and without anybody who asks.
            call.told(world, case.name, "Ready" if whole else "AwaitingValue")
        if whole:
            call.holds(world, case.name, case.value)


def completed(world: World, call: Call, all_cases: list[Case], by: int = 0) -> None:
    """Send all of them again: each is done then, by one version in Vault."""
    for case in all_cases:
        answer = call.ask(world, case.name, case.value, by)
        expected = call.repeated if case.stored or case.name == "free" else call.done
        assert answer.code == expected, (case.name, answer)
    for case in all_cases:
        call.holds(world, case.name, case.value)
        assert call.stored(world, case.name) == 1, case.name


@calls("environment", "slot", "core-instance")
def test_killed_at_each_write_of_a_call(make_world: Callable[..., World], call: Call) -> None:
    world = make_world()
    all_cases = cases(world, call)
    killed(world, stopped(world, call, all_cases))
    nothing_is_half_there(world, call, all_cases)
    world.gateways[0].start()
    completed(world, call, all_cases)
    assert not any(case.value in world.gateways[0].log_text() for case in all_cases)


@calls("slot")
def test_another_replica_completes_what_a_killed_one_began(make_world: Callable[..., World], call: Call) -> None:
    world = make_world(replicas=2)
    all_cases = cases(world, call)
    killed(world, stopped(world, call, all_cases))
    completed(world, call, all_cases, by=1)


@calls("slot")
def test_connections_cut_at_each_write_of_a_call(make_world: Callable[..., World], call: Call) -> None:
    """To both servers: the gateway lives, and says that it does not know."""
    world = make_world()
    all_cases = cases(world, call)
    begun = stopped(world, call, all_cases)
    for proxy in world.proxies:
        proxy.clear()
        proxy.cut()
    for case in all_cases[:-1]:
        answer = begun[case.name].result(30)
        assert answer.code in (call.done, 503), answer
        if answer.code == 503:
            assert answer.headers["retry-after"] == "2"
        assert case.value not in answer.raw.decode()
    for case in all_cases:
        answer = call.ask(world, case.name, case.value)
        assert answer.code in (call.done, call.repeated), answer
        call.holds(world, case.name, case.value)
        assert call.stored(world, case.name) == 1, case.name


@pytest.mark.parametrize("word", ["slot", "core-instance", "repository"])
def test_what_a_creation_does_at_one_time(make_world: Callable[..., World], word: str) -> None:
    """The entry is looked at while the object is made, and claimed while the intent is stated; each is asked once."""
    world, call = make_world(), CALLS[word]
    make, state = (Hold(written(world, call, "new", at)) for at in call.writes[:2])
    entry = rf"/.*/{call.key('new')}$"
    look, claim, store = (
        Fault(f"^GET /v1/[^/]+/metadata{entry}"),
        Hold(written(world, call, "new", CLAIM)),
        Fault(written(world, call, "new", STORE)),
    )
    for proxy in world.proxies:
        proxy.add(make, state, look, claim, store)
    value = canary()
    begun = call.begin(world, "new", value)
    make.wait()
    eventually(lambda: look.seen, message="the entry is looked at")
    assert not state.seen
    make.release()
    state.wait()
    claim.wait()
    assert not store.seen
    state.release()
    claim.release()
    assert begun.result(30).code == call.done
    assert [len(fault.seen) for fault in (make, look, claim, store)] == [1, 1, 1, 1]
    call.holds(world, "new", value)


def test_a_declaration_is_made_or_not(make_world: Callable[..., World]) -> None:
    """Of a secret of an environment: what was made before the answer was lost is there, and not made twice."""
    world, call = make_world(), CALLS["environment"]
    all_cases = [
        Case(name, canary(), Hold(written(world, call, name, MAKE_ENV), delivered=delivered), MAKE_ENV, delivered)
        for name, delivered in (("request", False), ("answer", True))
    ]
    for proxy in world.proxies:
        proxy.add(*(case.hold for case in all_cases))
    begun = {case.name: world.executor.submit(call.prepare, world, case.name) for case in all_cases}
    for case in all_cases:
        assert kind(case.hold.wait()) == MAKE_ENV, case.name
    killed(world, begun)
    world.gateways[0].start()
    eventually(lambda: call.look(world, "answer").code == 200, message="what was made is known")
    assert call.look(world, "request").code == 404
    call.prepare(world, "request")
    path = call.path(world)  # type: ignore[attr-defined]
    again = world.user.ask("POST", path, {"kind": "Secret", "name": call.key("answer")})
    assert again.code == 409
    for case in all_cases:
        assert call.ask(world, case.name, case.value).code == 200
        call.holds(world, case.name, case.value)
