"""Servers that are away, slow, silent or in trouble while values are set; and many who set one value at once."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from testbed.proxy import WRITES, Answers, Delay
from testbed.wait import eventually
from tests.faults.support import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.proxy import Proxy
    from tests.faults.doors import Doors
    from tests.gateway.support import Answer

WRITERS = 20


def canary() -> str:
    return f"c4nary{secrets.token_hex(12)}"


def come_again(answer: Answer, value: str) -> bool:
    """Whether an answer says that a server is away, when to try again, and nothing of what was sent."""
    assert answer.code == HTTPStatus.SERVICE_UNAVAILABLE, answer
    assert (answer.body["reason"], answer.body["details"]["retryAfterSeconds"]) == ("ServiceUnavailable", 2)
    assert answer.headers["retry-after"] == "2"
    assert value not in str(answer)
    return True


def untouched(doors: Doors, name: str) -> bool:
    """Whether nothing was begun at an object that waits for its value."""
    assert "pending" not in doors.slot(name)["status"]
    return doors.vault.metadata(doors.entry(name)) is None


@pytest.mark.parametrize(
    ("server", "fault"),
    [
        ("vault", "refused"),
        ("kubernetes", "refused"),
        ("vault", "silent"),
        # Its requests may take 30 s.
        pytest.param("kubernetes", "silent", marks=pytest.mark.long),
    ],
)
def test_a_server_that_is_away(doors: Doors, server: str, fault: str) -> None:
    proxy: Proxy = doors.to_vault if server == "vault" else doors.to_kube
    doors.awaiting("url")
    value = canary()
    if fault == "refused":
        proxy.stop()
    else:
        proxy.silence()
    # The first request finds the connections that there were; none of them can be trusted again.
    begun = doors.begin("url", value)
    assert come_again(doors.ask("url/reveal", {}), value)
    assert come_again(begun.result(60), value)
    assert doors.gateways[0].readyz()[0] == HTTPStatus.OK
    assert untouched(doors, "url")
    if fault == "refused":
        proxy.start()
    else:
        proxy.clear()
        proxy.cut()
    eventually(lambda: doors.set("url", value).code == HTTPStatus.CREATED, message="it is set")
    doors.holds({"URL": value})
    assert doors.stored_version("url") == 1
    assert value not in doors.gateways[0].log_text()


def test_a_slow_vault_makes_a_set_late_and_nothing_wrong(doors: Doors) -> None:
    slow = Delay("/v1/", 1)
    doors.to_vault.add(slow)
    doors.awaiting("url")
    value = canary()
    answer = doors.set("url", value)
    assert (answer.code, answer.body["version"]) == (201, 1)
    assert len(slow.seen) >= 3
    doors.holds({"URL": value})


@pytest.mark.parametrize("status", [500, *(pytest.param(code, marks=pytest.mark.long) for code in (502, 429))])
def test_errors_of_vault_are_told_and_outlasted(doors: Doors, status: int) -> None:
    doors.awaiting("url")
    value = canary()
    wrong = Answers(f"{WRITES}/v1/[^/]+/data/", status, {"errors": [f"about {value}"]}, times=0)
    doors.to_vault.add(wrong)
    assert come_again(doors.set("url", value), value)
    assert doors.stored_version("url") == 0
    doors.to_vault.clear()
    assert doors.set("url", value).code == 201
    doors.holds({"URL": value})
    assert value not in doors.gateways[0].log_text()


@pytest.mark.parametrize("status", [409, 503, *(pytest.param(code, marks=pytest.mark.long) for code in (500, 429))])
def test_what_could_not_be_stated_is_not_written(doors: Doors, status: int) -> None:
    doors.awaiting("url")
    value = canary()
    wrong = Answers(f"{WRITES}.*/envsecrets/url/status", status, refusal(status, "made up"))
    doors.to_kube.add(wrong)
    answer = doors.set("url", value)
    assert answer.code == (409 if status == 409 else 503), answer
    assert value not in str(answer)
    assert wrong.seen
    assert doors.stored_version("url") == 0
    doors.to_kube.clear()
    assert doors.set("url", value).code == 201
    doors.holds({"URL": value})


@pytest.mark.parametrize(
    "killed", [pytest.param(False, id="both live", marks=pytest.mark.long), pytest.param(True, id="one is killed")]
)
def test_many_write_one_value_through_two_replicas(make_doors: Callable[..., Doors], *, killed: bool) -> None:
    """Each comes again, to the other replica where one is gone, as long as it is told to."""
    doors = make_doors(replicas=2)
    doors.awaiting("url")
    assert doors.set("url", "before").body["version"] == 1
    # More than the ten that Vault keeps are to be looked at.
    doors.vault.request("POST", f"{doors.vault.mount}/metadata/{doors.entry('url')}", {"max_versions": 2 * WRITERS})
    # Each replica meets the other's writes: its own are in turn.
    late = Delay(f"{WRITES}/v1/[^/]+/data/", 0.05)
    doors.to_vault.add(late)
    values = {number: canary() for number in range(WRITERS)}

    def until_taken(number: int) -> Answer:
        by = number % 2
        while True:
            try:
                answer = doors.set("url", values[number], f"r-{number}", by=by)
            except OSError:
                by = 1 - by
                continue
            if answer.code not in (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE):
                return answer

    begun = {number: doors.executor.submit(until_taken, number) for number in values}
    if killed:
        eventually(lambda: len(late.seen) > WRITERS / 2, message="some are written")
        doors.gateways[0].kill()
    answers = {number: future.result(120) for number, future in begun.items()}
    assert {answer.code for answer in answers.values()} == {201}
    versions = {answer.body["version"]: number for number, answer in answers.items()}
    assert len(versions) == WRITERS
    # Without a dead one there are no others; with one, a value that it wrote unsaid can have been written over since.
    last = doors.stored_version("url")
    assert killed or last == WRITERS + 1
    for version, number in versions.items():
        assert (doors.vault.read(doors.entry("url"), version) or {})["value"] == values[number]
    newest = (doors.vault.read(doors.entry("url")) or {})["value"]
    assert newest == values[versions[last]]
    doors.holds({"URL": newest})
    eventually(lambda: "pending" not in doors.slot("url")["status"], 60, message="nothing is pending")
    doors.barrier()
    doors.holds({"URL": newest})
    assert doors.stored_version("url") == last
