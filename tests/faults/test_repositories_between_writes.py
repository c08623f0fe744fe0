"""The gateway stopped at each write of a first PUT of a repository's secret, and crashed there.

There are as many keys as there are writes, times two (before the server has it, and before its answer is back), and one
that nothing stops, which tells that these are all writes.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from slotwarden.domain.names import env_object_name
from testbed.proxy import Hold
from testbed.wait import eventually
from tests.e2e.support import condition
from tests.faults.works import CLAIM, STORE, kind, steps, write_to
from tests.published.repositories import RESOURCE, Repo
from tests.published.support import EVERYTHING, Answer, Api, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from tests.faults.doors import Doors
    from tests.published.support import Json

MAKE, STATE = "POST envsecrets", "PATCH envsecrets/status"
ALL: Final = [MAKE, STATE, CLAIM, STORE]


@dataclass(frozen=True)
class Behind(Api):
    """The APIs of gateways whose way to the servers can be spoiled."""

    folder: str

    @property
    def prefix(self) -> str:
        return self.folder


@dataclass
class Case:
    """A key, and where the gateway is stopped as it sets its value."""

    key: str
    value: str
    hold: Hold
    at: str
    delivered: bool

    @property
    def made(self) -> bool:
        """Whether there is an object then."""
        return self.at != MAKE or self.delivered

    @property
    def stated(self) -> bool:
        """Whether it tells what was about to be written."""
        return self.made and self.at != MAKE and (self.at != STATE or self.delivered)

    @property
    def stored(self) -> bool:
        """Whether Vault has the value."""
        return self.at == STORE and self.delivered


@dataclass
class Bed:
    """All keys of one repository."""

    doors: Doors
    repo: Repo
    cases: list[Case]
    executor: ThreadPoolExecutor

    def kill(self) -> None:
        """Begin all, crash the gateway once each is held where it should be, and take all faults away."""
        begun: dict[str, Future[Answer]] = {}
        for proxy in (self.doors.to_kube, self.doors.to_vault):
            proxy.add(*(case.hold for case in self.cases))
        for case in self.cases:
            begun[case.key] = self.executor.submit(self.repo.put, case.key, case.value)
        for case in self.cases[:-1]:
            assert kind(case.hold.wait()) == case.at, case.key
            if case.at == CLAIM:
                eventually(lambda case=case: self.request(case), message=f"{case.key} is stated beside its claim")
        assert begun.pop("FREE").result().code == 202
        assert steps(map(kind, self.cases[-1].hold.seen)) == steps(ALL)
        self.doors.gateways[0].kill()
        for key, future in begun.items():
            assert isinstance(future.exception(30), OSError), key
        self.doors.to_kube.clear()
        self.doors.to_vault.clear()

    def status(self, case: Case) -> Json:
        found: Json = self.repo.object(case.key).get("status", {})
        return found

    def request(self, case: Case) -> str:
        """The operation of a PUT that was never answered, as its object tells it."""
        status = self.status(case)
        pending = status.get("pending") or status["operations"][0]
        return str(pending["requestID"])

    def operation(self, case: Case) -> Json:
        """The same, to be polled."""
        request = self.request(case)
        path = f"/repos/id:{self.repo.id}/secrets/{case.key}/operations/{request}"
        return {"operation_id": request, "status_url": f"https://localhost{path}?secret_group=default"}


def case_of(repo: Repo, key: str, at: str, *, delivered: bool) -> Case:
    pattern = write_to(env_object_name(repo.ref(key)), key, at=at)
    hold = Hold(pattern, 1 if at else 99, delivered=delivered)
    return Case(key, f"c4nary{secrets.token_hex(12)}", hold, at, delivered)


def reason(repo: Repo, key: str) -> str:
    """What the object says of itself."""
    return str(condition(repo.object(key))["reason"])


@pytest.fixture
def bed(make_doors: Callable[..., Doors]) -> Iterator[Bed]:
    doors = make_doors(replicas=2)
    api = Behind(doors.session, doors.namespace, doors.operator, doors.gateways[0], doors.prefix)
    repo = Repo.new(api, User.made(api, "owner", EVERYTHING, doors.namespace))
    cases = [
        case_of(repo, f"{way}_{nth}", at, delivered=way == "ANSWER")
        for nth, at in enumerate(ALL, 1)
        for way in ("REQUEST", "ANSWER")
    ]
    cases.append(case_of(repo, "FREE", "", delivered=False))
    with ThreadPoolExecutor(32) as executor:
        yield Bed(doors, repo, cases, executor)


def test_killed_at_each_write_of_a_put(bed: Bed) -> None:
    """Nothing is half-written, what Vault has is projected though its writer is dead, and the call can be repeated."""
    bed.kill()
    repo, (_, other) = bed.repo, bed.doors.gateways
    known = {each["spec"]["key"] for each in repo.api.kube.list(repo.api.objects(RESOURCE))}
    assert known == {case.key for case in bed.cases if case.made or case.key == "FREE"}
    for case in bed.cases[:-1]:
        stored = repo.api.vault.metadata(repo.entry(case.key)) or {}
        assert bool(stored.get("current_version")) is case.stored, case.key
        if case.stored:
            repo.becomes(bed.operation(case), "success", other)
        elif case.made and not case.stated:
            eventually(
                lambda key=case.key: condition(repo.object(key))["reason"] == "AwaitingValue",
                message=f"{case.key} waits",
            )
    bed.doors.gateways[0].start()
    begun = {case.key: repo.accepted(case.key, case.value) for case in bed.cases}
    for case in bed.cases:
        repo.becomes(begun[case.key], "success", other)
        assert repo.api.vault.read(repo.entry(case.key)) == {"value": case.value}
    repo.holds({case.key: case.value for case in bed.cases})
    log = "".join(gateway.log_text() for gateway in bed.doors.gateways)
    assert not any(case.value in log for case in bed.cases)


@pytest.mark.long
def test_a_put_that_was_stated_and_never_written_fails(bed: Bed) -> None:
    """It is in progress while it is looked for, across a crash of the operator too; another PUT takes its place."""
    bed.kill()
    repo, (_, other) = bed.repo, bed.doors.gateways
    lost = [case for case in bed.cases[:-1] if case.stated and not case.stored]
    assert {case.at for case in lost} == {STATE, CLAIM, STORE}
    operations = {case.key: bed.operation(case) for case in lost}
    for case in lost:
        repo.becomes(operations[case.key], "in_progress", other)
    bed.doors.operator.kill()
    bed.doors.operator.start()
    replaced = lost.pop()
    begun = repo.accepted(replaced.key, replaced.value, other)
    repo.becomes(begun, "success", other)
    repo.becomes(operations[replaced.key], "cancel", other)
    for case in lost:
        failed = repo.becomes(operations[case.key], "failed", other, timeout=90)
        assert failed["error"]["error_code"] == "AwaitingValue"
        assert failed["error"]["message"] == "version 1 did not come to Vault: set the value again"
        again = repo.accepted(case.key, case.value, other)
        repo.becomes(again, "success", other)
