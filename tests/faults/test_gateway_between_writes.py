"""The gateway stopped at each write of a set, before the server has it and before the answer is back.

For a first value and for a later one there are as many objects as there are writes, times two, and one that nothing
stops, which tells that these are all writes. Whatever was acknowledged is there; whatever was not can be sent again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from testbed.proxy import WRITES, Hold
from testbed.wait import eventually
from tests.e2e.environments import SECRET, key_of
from tests.faults.works import CLAIM, STORE, kind, steps, write_to

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from tests.faults.doors import Doors
    from tests.gateway.support import Answer

STATE = "PATCH envsecrets/status"
FIRST, LATER = [STATE, CLAIM, STORE], [STATE, STORE]


@dataclass
class Case:
    """An object, and where the gateway is stopped as it sets its value.

    Attributes:
        stored: whether Vault has the value then.
    """

    name: str
    value: str
    hold: Hold
    at: str
    stored: bool


def cases(writes: list[str]) -> list[Case]:
    """All of a set, by its writes; and one that nothing stops."""

    def case(name: str, at: str, *, delivered: bool) -> Case:
        hold = Hold(write_to(name, key_of(name), at=at), 1 if at else 99, delivered=delivered)
        return Case(name, f"c4nary{secrets.token_hex(12)}", hold, at, delivered and at == STORE)

    found = [
        case(f"{way}-{nth}", at, delivered=way == "answer")
        for nth, at in enumerate(writes, 1)
        for way in ("request", "answer")
    ]
    return [*found, case("free", "", delivered=False)]


def stopped(doors: Doors, all_cases: list[Case], writes: list[str], by: int = 0) -> dict[str, Future[Answer]]:
    """Begin all sets; returns once each is held where it should be."""
    for case in all_cases:
        doors.awaiting(case.name)
        if writes == LATER:
            assert doors.set(case.name, "first").code == 201
            doors.ready(case.name)
    for proxy in (doors.to_kube, doors.to_vault):
        proxy.add(*(case.hold for case in all_cases))
    begun = {case.name: doors.begin(case.name, case.value, f"r-{case.name}", by) for case in all_cases}
    for case in all_cases[:-1]:
        assert kind(case.hold.wait()) == case.at, case.name
    assert begun.pop("free").result().code == 201
    assert steps(map(kind, all_cases[-1].hold.seen)) == steps(writes)
    return begun


def killed(doors: Doors, begun: dict[str, Future[Answer]], by: int = 0) -> None:
    """Crash the gateway; nothing was acknowledged, and no fault is left."""
    doors.gateways[by].kill()
    for name, future in begun.items():
        assert isinstance(future.exception(30), OSError), name
    doors.to_kube.clear()
    doors.to_vault.clear()


def is_projected(doors: Doors, case: Case) -> None:
    """The value is that of the Secret, by one version, and the status says so."""
    version = doors.stored_version(case.name)

    def check() -> bool:
        assert doors.bytes_of(SECRET).get(key_of(case.name)) == case.value.encode(), case.name
        return doors.slot(case.name)["status"]["vault"]["version"] == version

    eventually(check, message=f"{case.name} is projected")
    eventually(lambda: doors.operation(case.name, f"r-{case.name}")["state"] == "Succeeded", message=case.name)
    doors.ready(case.name)


# A first set makes all the writes that a later one makes: it will do for every day.
SETS = [pytest.param(FIRST, id="first"), pytest.param(LATER, id="later", marks=pytest.mark.long)]


@pytest.mark.parametrize("writes", [FIRST, LATER], ids=["first", "later"])
def test_killed_at_each_write_of_a_set(doors: Doors, writes: list[str]) -> None:
    all_cases = cases(writes)
    version = 1 if writes == FIRST else 2
    killed(doors, stopped(doors, all_cases, writes))
    # What Vault has is projected although its writer is dead and nobody asks again.
    assert {case.name for case in all_cases if doors.stored_version(case.name) == version} == {
        case.name for case in all_cases if case.stored or case.name == "free"
    }
    for case in all_cases:
        if case.stored:
            is_projected(doors, case)
    doors.gateways[0].start()
    for case in all_cases:
        answer = doors.set(case.name, case.value, f"r-{case.name}")
        assert (answer.code, answer.body["version"]) == (201, version), answer
        assert answer.body["changed"] is not (case.stored or case.name == "free")
    for case in all_cases:
        is_projected(doors, case)
        assert doors.stored_version(case.name) == version
    assert not any(case.value in doors.gateways[0].log_text() for case in all_cases)


@pytest.mark.parametrize("writes", SETS)
def test_another_replica_takes_what_a_killed_one_did_not_answer(
    make_doors: Callable[..., Doors], writes: list[str]
) -> None:
    doors = make_doors(replicas=2)
    all_cases = cases(writes)
    killed(doors, stopped(doors, all_cases, writes))
    for case in all_cases:
        answer = doors.set(case.name, case.value, f"r-{case.name}", by=1)
        assert (answer.code, answer.body["version"]) == (201, 1 if writes == FIRST else 2), answer
    for case in all_cases:
        is_projected(doors, case)


@pytest.mark.parametrize("writes", SETS)
def test_connections_cut_at_each_write_of_a_set(doors: Doors, writes: list[str]) -> None:
    all_cases = cases(writes)
    begun = stopped(doors, all_cases, writes)
    doors.to_kube.clear()
    doors.to_vault.clear()
    doors.to_kube.cut()
    doors.to_vault.cut()
    for case in all_cases[:-1]:
        answer = begun[case.name].result(30)
        assert answer.code in (201, 503), answer
        if answer.code == 503:
            assert answer.headers["retry-after"] == "2"
        assert doors.set(case.name, case.value, f"r-{case.name}").code == 201
    for case in all_cases:
        is_projected(doors, case)
        assert doors.stored_version(case.name) == (1 if writes == FIRST else 2), case.name


@pytest.mark.long
@pytest.mark.parametrize("writes", [FIRST, LATER], ids=["first", "later"])
def test_a_set_that_was_stated_and_never_written_is_given_up(doors: Doors, writes: list[str]) -> None:
    all_cases = cases(writes)
    killed(doors, stopped(doors, all_cases, writes))
    before = [case for case in all_cases if (case.at == STATE and case.name.startswith("request")) or case.at == CLAIM]
    lost = [case for case in all_cases[:-1] if case not in before and not case.stored]
    assert lost
    for case in lost:
        told = eventually(lambda case=case: doors.operation(case.name, f"r-{case.name}"), 60, message=case.name)
        assert (told["state"], told["reason"]) == ("Failed", "AwaitingValue")
    for case in (*before, *lost):
        doors.told(case.name, "AwaitingValue" if writes == FIRST else "Ready")
        assert doors.bytes_of(SECRET).get(key_of(case.name)) == (None if writes == FIRST else b"first")
    assert not any(doors.stored_version(case.name) > (writes == LATER) for case in (*before, *lost))
    doors.gateways[0].start()
    for case in (*before, *lost):
        assert doors.set(case.name, case.value, f"r-{case.name}").code == 201
        is_projected(doors, case)


def test_an_object_deleted_in_the_middle_of_a_set(doors: Doors) -> None:
    """What is written for it late is not the value of the next object of its name."""
    late, own = (f"c4nary{secrets.token_hex(12)}" for _ in range(2))
    doors.awaiting("url")
    store = Hold(f"^{WRITES}/v1/[^/]+/data/.*/URL$")
    doors.to_vault.add(store)
    begun = doors.begin("url", late)
    store.wait()
    doors.delete_slot("url")
    doors.awaiting("url")
    store.release()
    begun.result(60)
    doors.to_vault.clear()
    doors.refreshed("url")
    doors.told("url", "AwaitingValue")
    assert doors.ask("url/reveal", {}).code == 404
    assert doors.ask("url/versions").body["items"] == []
    assert doors.set("url", own).code == 201
    doors.holds({"URL": own})
    assert [item["state"] for item in doors.ask("url/versions").body["items"]] == ["Current"]
