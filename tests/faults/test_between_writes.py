"""The operator stopped at each of its writes, before the server has it and before the answer is back.

For each thing that it does there are as many slots as it makes writes, times two, and one that nothing stops, which
tells that these are all writes. Once each is held where it should be, the operator is killed, or all its connections
are cut; then everything has to come to the same end as without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from testbed.clients.kube import core
from testbed.proxy import WRITES, Hold
from testbed.wait import eventually
from tests.e2e.support import OWNER, Organization, data, encoded, git, projected, registry
from tests.faults.env_works import ENV_WORKS
from tests.faults.support import PATIENCE, Exposed, ExposedEnvironment
from tests.faults.works import CHANGE, CLAIM, LET_GO, MAKE, MARK, REMOVE, SCRUB, STATUS, STORE, Work, kind, released

if TYPE_CHECKING:
    from collections.abc import Callable

ADOPT_SECRET, ADOPT_VALUE = "slotwarden.io/adopt", "slotwarden.io/adopt-value"


def holds_token(token: str) -> Callable[[Organization, str], None]:
    def check(org: Organization, name: str) -> None:
        assert "token" not in org.ready(name)["spec"]["git"]
        assert data(org.secret(name)) == {"username": "bot", "password": token}

    return check


def renamed(org: Organization, name: str) -> None:
    org.ready(name)
    assert data(org.secret(f"{name}-new"))["password"] == "one"


def replaced(org: Organization, name: str) -> None:
    org.ready(name)
    secret = org.secret(name)
    assert secret["type"] == "kubernetes.io/basic-auth"
    assert data(secret) == {"username": "bot", "password": "one"}


def make_foreign(org: Organization, name: str) -> None:
    body = {"metadata": {"name": name, "annotations": {ADOPT_SECRET: "true"}}, "type": "kubernetes.io/basic-auth"}
    content = {"username": encoded("somebody"), "password": encoded("else")}
    org.kube.create(core(org.namespace, "secrets"), {**body, "data": content})


def store_foreign(org: Organization, name: str) -> None:
    """An entry of another cluster's."""
    org.vault.set_custom_metadata(
        org.entry(name), {"slotwarden.io/cluster": "another", "slotwarden.io/object-uid": "another"}
    )
    org.vault.write(org.entry(name), {"username": "bot", "token": "one", "url": "https://github.com"})


def adopted(org: Organization, name: str) -> None:
    holds_token("one")(org, name)
    assert org.secret(name)["metadata"]["labels"][OWNER] == org.slot(name)["metadata"]["uid"]


def made(org: Organization, name: str) -> None:
    org.create(name, git("one"))


def make_source(org: Organization, name: str) -> None:
    body = {"metadata": {"name": f"source-{name}"}, "data": {"token": encoded("one")}}
    org.kube.create(core(org.namespace, "secrets"), body)


def sourced(org: Organization, name: str) -> None:
    reference = {"secretKeyRef": {"name": f"source-{name}", "key": "token"}}
    org.create(name, {"git": {**git()["git"], "tokenFrom": reference}})


WORKS = [
    Work("new", [CLAIM, STORE, SCRUB, MAKE, STATUS], made, holds_token("one")),
    Work(
        "source",
        [CLAIM, STORE, MAKE, STATUS],
        sourced,
        holds_token("one"),
        make_source,
        lambda name: {name, f"source-{name}"},
    ),
    Work(
        "rotation",
        [STORE, SCRUB, CHANGE, STATUS],
        lambda org, name: org.edit(name, git("two")),
        holds_token("two"),
        made,
        versions=2,
    ),
    Work(
        "rename",
        [MAKE, REMOVE, STATUS],
        lambda org, name: org.edit(name, projected(f"{name}-new")),
        renamed,
        made,
        lambda name: {f"{name}-new"},
        together=frozenset({REMOVE, STATUS}),
    ),
    Work(
        "kind",
        [REMOVE, MAKE, STATUS],
        lambda org, name: org.edit(name, projected(name, type="basic-auth")),
        replaced,
        lambda org, name: org.create(name, registry("one")),
    ),
    # The garbage collector may remove the Secret before the operator does: that write is left out.
    Work("deletion", [LET_GO, MARK], Organization.delete_slot, released, made, lambda _: set(), where="/v1/secret/"),
    # The same of the predecessor's Secret, which may be in the way of the new one for a moment.
    Work(
        "namesake",
        [LET_GO, MARK, CLAIM, STORE],
        lambda org, name: (org.delete_slot(name), org.create(name, git("two"))),
        holds_token("two"),
        made,
        versions=2,
        where="/v1/secret/",
    ),
    *ENV_WORKS,
    Work("adopted-secret", [CLAIM, STORE, SCRUB, MAKE, CHANGE, STATUS], made, adopted, make_foreign),
    Work(
        "adopted-value",
        [CLAIM, MAKE, STATUS],
        lambda org, name: org.create(name, git(), annotations={ADOPT_VALUE: "true"}),
        adopted,
        store_foreign,
    ),
]


@dataclass
class Case:
    """A slot, and where the operator is stopped at it."""

    slot: str
    hold: Hold
    at: str | None


def cases(work: Work) -> list[Case]:
    """All of a work; the last is not stopped at all."""

    def case(slot: str, nth: int, at: str | None, *, delivered: bool) -> Case:
        return Case(slot, Hold(rf"^{WRITES}{work.where}.*/{slot}(-new)?(/status)?(\?|$)", nth, delivered=delivered), at)

    found = [
        case(f"{way}-{nth}", nth, at, delivered=way == "answer")
        for nth, at in enumerate(work.writes, 1)
        for way in ("request", "answer")
    ]
    return [*found, case("free", 99, None, delivered=False)]


def prepared(org: Exposed, work: Work) -> dict[str, str]:
    """All slots before the work; returns the uids of the Secrets that have to stay the same."""
    names = [case.slot for case in cases(work)]
    for name in names:
        work.prepare(org, name)
    for made in org.kube.list(org.path()):
        org.ready(made["metadata"]["name"])
    # The MAC key and whatever else comes once is behind us.
    org.barrier()
    return {name: found["metadata"]["uid"] for name in names if (found := org.find_secret(name))}


def secrets_of(org: Exposed) -> set[str]:
    """The names of all Secrets but those of barriers."""
    names = {secret["metadata"]["name"] for secret in org.kube.list(core(org.namespace, "secrets"))}
    return {name for name in names if not name.startswith("barrier-")}


RARE = {"env-joins", "env-rotation", "env-deletion", "adopted-secret"}


def crashed(work: Work, crash: str) -> Any:
    """A cut ends where a kill does, and keys go the way of logins: some of each will do for every day."""
    often = work.name == "new" or (crash == "killed" and work.name not in RARE)
    return pytest.param(work, crash, id=f"{work.name}-{crash}", marks=() if often else pytest.mark.long)


@pytest.mark.parametrize(("work", "crash"), [crashed(work, crash) for work in WORKS for crash in ("killed", "cut")])
def test_stopped_at_each_write(make_exposed: Callable[..., Exposed], work: Work, crash: str) -> None:
    org = make_exposed("--sweep-grace", "2", "--no-leader-elect")
    org = ExposedEnvironment.of(org) if work.env else org
    before = prepared(org, work)
    all_cases = cases(work)
    for proxy in (org.to_kube, org.to_vault):
        proxy.add(*(case.hold for case in all_cases))
    for case in all_cases:
        work.act(org, case.slot)
    stopped = [(case, case.hold.wait()) for case in all_cases if case.at is not None]

    def done() -> bool:
        work.check(org, "free")
        assert work.is_all(all_cases[-1].hold.seen), all_cases[-1].hold.seen
        return True

    eventually(done, message="what nothing stops is done, by these writes")
    for case, asked in stopped:
        assert kind(asked) == case.at or {kind(asked), case.at} <= work.together, case.slot

    if crash == "killed":
        org.operator.kill()
    else:
        org.to_kube.cut()
        org.to_vault.cut()
    org.to_kube.clear()
    org.to_vault.clear()
    if crash == "killed":
        org.operator.start()

    for case in all_cases:
        eventually(lambda case=case: work.check(org, case.slot) or True, PATIENCE, message=f"{case.slot}: {case.at}")
    org.barrier()
    for case in all_cases:
        work.check(org, case.slot)
        assert org.vault.version(org.entry(case.slot)) == work.versions, case.slot
    wanted = set[str]().union(*(work.secrets(case.slot) for case in all_cases))
    eventually(lambda: secrets_of(org) == wanted, message="no Secret is missing or left over")
    if work.name in ("rotation", "adopted-secret") or work.env:
        assert {name: org.secret(name)["metadata"]["uid"] for name in before} == before
    assert "Traceback" not in org.operator.log_text()


@pytest.mark.parametrize(
    "delivered", [pytest.param(False, id="request", marks=pytest.mark.long), pytest.param(True, id="answer")]
)
def test_killed_while_the_mac_key_is_made(make_exposed: Callable[..., Exposed], *, delivered: bool) -> None:
    """The first write of all; were it made twice, no MAC of the first would ever be right again."""
    org = make_exposed("--no-leader-elect", start=False)
    hold = Hold(f"^{WRITES}/v1/secret/data/.*/_system/mac-key$", delivered=delivered)
    org.to_vault.add(hold)
    org.operator.start(wait=False)
    org.create("new", git("one"))
    hold.wait()
    org.operator.kill()
    org.to_vault.clear()
    org.operator.start()
    holds_token("one")(org, "new")
    assert org.vault.version(org.entry("new")) == 1
    assert org.vault.version(f"{org.prefix}/_system/mac-key") == 1
