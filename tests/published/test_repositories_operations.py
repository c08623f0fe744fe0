"""How an operation stands: each state is reached by what happens to processes and objects, and outlives them all.

The operator reaches its servers through proxies, which can be spoiled; two gateways do not.
"""

from __future__ import annotations

import contextlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from slotwarden.resources.slotstatus import OPERATIONS
from testbed.clients.kube import core
from testbed.gateway import make_gateway
from testbed.operator import Operator, make_identities, operator_env, remove_identities
from testbed.proxy import Answers, Proxy
from testbed.wait import eventually
from tests.e2e.world import WRITES, kinds
from tests.published.repositories import Repo
from tests.published.support import EVERYTHING, Api, User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testbed.gateway import Gateway
    from testbed.session import Session
    from tests.published.support import Json

WRITERS = 20


@dataclass(frozen=True)
class Bed:
    """An operator between proxies, and two gateways."""

    api: Api
    user: User
    other: Gateway
    to_kube: Proxy
    to_vault: Proxy

    @property
    def operator(self) -> Operator:
        return self.api.operator

    @property
    def gateways(self) -> tuple[Gateway, Gateway]:
        return self.api.gateway, self.other

    def repo(self) -> Repo:
        return Repo.new(self.api, self.user)

    def everywhere(self, repo: Repo, operation: Json, status: str) -> Json:
        """The operation as both gateways tell of it, once it stands like that for both."""
        first, second = (repo.becomes(operation, status, gateway) for gateway in self.gateways)
        strip = {"status_url": ""}
        assert first | strip == second | strip
        return first

    def restart(self) -> None:
        """Crash both gateways and start them again."""
        for gateway in self.gateways:
            gateway.kill()
            gateway.start()

    def restart_all(self) -> None:
        """Crash everything of ours and start it again."""
        self.operator.kill()
        self.restart()
        self.operator.start()


@pytest.fixture(scope="module")
def made(installed: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    name = f"operations-{secrets.token_hex(4)}"
    kube, testbed = installed.kube, installed.testbed
    with contextlib.ExitStack() as after:
        kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
        after.callback(kube.delete, f"/api/v1/namespaces/{name}")
        ours, theirs = (make_identities(installed, name, name, role=role) for role in ("operator", "gateway"))
        after.callback(remove_identities, installed, ours)
        after.callback(remove_identities, installed, theirs)
        to_kube, to_vault = (Proxy(url, testbed.pki).start() for url in (testbed.apiserver.url, testbed.vault.url))
        after.callback(to_kube.stop)
        after.callback(to_vault.stop)
        folder = tmp_path_factory.mktemp("operator")
        arguments = ["--namespace", name, "--vault-mount", installed.vault.mount, "--vault-prefix", name]
        arguments += ["--log-level", "debug", "--log-format", "json", "--no-leader-elect"]
        operator = Operator(arguments, operator_env(installed, ours, folder), folder, ours.account.user)
        operator.through(kubernetes=to_kube.url, vault=to_vault.url).start()
        after.callback(operator.stop)
        gateways = [
            make_gateway(
                installed, name, name, tmp_path_factory.mktemp("gateway"), "--no-aggregation", identities=theirs
            )
            for _ in range(2)
        ]
        for gateway in gateways:
            after.callback(gateway.stop)
            gateway.start()
        api = Api(installed, name, operator, gateways[0])
        yield Bed(api, User.made(api, "owner", EVERYTHING, name), gateways[1], to_kube, to_vault)


@pytest.fixture
def bed(made: Bed) -> Iterator[Bed]:
    """However a test ends, the next one begins with all of it running."""
    yield made
    for proxy in (made.to_kube, made.to_vault):
        proxy.clear()
        proxy.start()
    for program in (*made.gateways, made.operator):
        if not program.running:
            program.start()


def test_scheduled_until_the_operator_sees_it(bed: Bed) -> None:
    repo = bed.repo()
    bed.operator.stop()
    operation = repo.accepted("TOKEN", "v")
    assert operation["status"] == "scheduled"
    told = bed.everywhere(repo, operation, "scheduled")
    assert told["created_at"] == told["modified_at"] == operation["created_at"]
    bed.restart()
    assert bed.everywhere(repo, operation, "scheduled") == told | {"status_url": repo.standing(operation)["status_url"]}
    bed.operator.start()
    bed.everywhere(repo, operation, "success")
    repo.holds({"TOKEN": "v"})


def test_in_progress_while_vault_keeps_the_operator_waiting(bed: Bed) -> None:
    repo = bed.repo()
    repo.becomes(repo.accepted("KNOWN", "v"), "success")
    bed.to_vault.stop()
    begun = [repo.accepted(key, "w") for key in ("NEW", "KNOWN")]
    for operation in begun:
        told = bed.everywhere(repo, operation, "in_progress")
        assert told["modified_at"] >= told["created_at"] == operation["created_at"]
    bed.restart()
    bed.operator.kill()
    bed.operator.start(wait=False)
    for operation in begun:
        bed.everywhere(repo, operation, "in_progress")
    status = repo.object("NEW")["status"]
    assert status["operations"][0]["reason"] == "VaultUnavailable"
    bed.to_vault.start()
    for operation in begun:
        bed.everywhere(repo, operation, "success")
    repo.holds({"NEW": "w", "KNOWN": "w"})
    bed.operator.wait_ready()


def test_in_progress_while_the_api_server_takes_no_secret(bed: Bed) -> None:
    repo = bed.repo()
    refusing = Answers(f"^POST /api/v1/namespaces/{bed.api.namespace}/secrets", 403, {"reason": "Forbidden"})
    bed.to_kube.add(refusing)
    operation = repo.accepted("TOKEN", "v")
    bed.everywhere(repo, operation, "in_progress")
    assert repo.object("TOKEN")["status"]["operations"][0]["reason"] == "ProjectionFailed"
    bed.restart_all()
    bed.everywhere(repo, operation, "in_progress")
    bed.to_kube.remove(refusing)
    bed.everywhere(repo, operation, "success")
    repo.holds({"TOKEN": "v"})
    (done,) = repo.object("TOKEN")["status"]["operations"]
    assert done["startedTime"] <= done["finishedTime"]


def test_success_once_the_value_is_stored_and_projected(bed: Bed) -> None:
    repo = bed.repo()
    operation = repo.accepted("TOKEN", "v")
    told = bed.everywhere(repo, operation, "success")
    repo.holds({"TOKEN": "v"})
    assert bed.api.vault.read(repo.entry("TOKEN")) == {"value": "v"}
    (done,) = repo.object("TOKEN")["status"]["operations"]
    assert (told["modified_at"], done["state"], "startedTime" in done) == (done["finishedTime"], "Succeeded", False)
    bed.restart_all()
    assert bed.everywhere(repo, operation, "success")["modified_at"] == told["modified_at"]


def test_failed_with_the_real_cause(bed: Bed) -> None:
    repo = bed.repo()
    name = f"repo-{repo.id}-default-env"
    bed.api.kube.create(core(bed.api.namespace, "secrets"), {"metadata": {"name": name}})
    operation = repo.accepted("TOKEN", "v")
    told = bed.everywhere(repo, operation, "failed")
    assert told["error"].keys() == {"error_code", "message", "details"}
    assert told["error"]["error_code"] == "ForeignSecret"
    assert f'a Secret "{name}" exists that the operator did not make' in told["error"]["message"]
    bed.restart_all()
    assert bed.everywhere(repo, operation, "failed")["error"] == told["error"]
    bed.api.kube.delete(core(bed.api.namespace, "secrets", name))
    bed.everywhere(repo, repo.accepted("TOKEN", "w"), "success")
    assert repo.standing(operation)["status"] == "failed"
    repo.holds({"TOKEN": "w"})


def test_cancel_when_a_newer_write_took_its_place(bed: Bed) -> None:
    repo = bed.repo()
    bed.operator.stop()
    first, second, third = (repo.accepted("TOKEN", value, bed.gateways[at % 2]) for at, value in enumerate("abc"))
    for operation in (first, second):
        bed.everywhere(repo, operation, "cancel")
    bed.everywhere(repo, third, "scheduled")
    bed.restart()
    bed.everywhere(repo, first, "cancel")
    bed.operator.start()
    bed.everywhere(repo, third, "success")
    for operation in (first, second):
        bed.everywhere(repo, operation, "cancel")
    states = ["Succeeded", "Canceled", "Canceled"]
    assert list(repo.operations("TOKEN").items()) == [
        (operation["operation_id"], state) for operation, state in zip((third, second, first), states, strict=True)
    ]
    bed.restart_all()
    bed.everywhere(repo, first, "cancel")
    repo.holds({"TOKEN": "c"})


def test_what_was_in_progress_is_canceled_too(bed: Bed) -> None:
    repo = bed.repo()
    bed.to_vault.stop()
    first = repo.accepted("TOKEN", "one")
    repo.becomes(first, "in_progress")
    second = repo.accepted("TOKEN", "two")
    repo.becomes(first, "cancel")
    bed.everywhere(repo, second, "in_progress")
    bed.to_vault.start()
    bed.everywhere(repo, second, "success")
    bed.everywhere(repo, first, "cancel")
    repo.holds({"TOKEN": "two"})


def written(bed: Bed, repo: Repo) -> list[tuple[Json, str]]:
    """Many operations at once on one key, by both gateways, each with its value; the last version's comes last."""
    values = [f"value {number} of {WRITERS}" for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as executor:
        answers = executor.map(lambda at: repo.put("TOKEN", values[at], bed.gateways[at % 2]), range(WRITERS))
        found = dict(zip(values, answers, strict=True))
    # Too many that are ahead of one are told to it: nothing of its own was begun that would be left.
    accepted = {value: answer.body for value, answer in found.items() if answer.code == 202}
    assert {answer.code for answer in found.values()} <= {202, 409}
    last = bed.api.vault.read(repo.entry("TOKEN"))["value"]
    assert last in accepted
    return [*((operation, value) for value, operation in accepted.items() if value != last), (accepted[last], last)]


def test_of_many_at_once_the_last_version_is_the_one_that_succeeds(bed: Bed) -> None:
    """All others are canceled, or no longer told of: an object tells of its latest ten requests."""
    repo = bed.repo()
    bed.operator.stop()
    *others, (last, value) = written(bed, repo)
    bed.operator.start()
    bed.everywhere(repo, last, "success")
    repo.holds({"TOKEN": value})
    known = repo.operations("TOKEN")
    assert len(known) == OPERATIONS
    assert sorted(known.values()) == ["Canceled"] * (OPERATIONS - 1) + ["Succeeded"]
    for operation, _ in others:
        if operation["operation_id"] in known:
            assert repo.standing(operation)["status"] == "cancel"
        else:
            assert repo.poll(operation).code == 404


def test_many_at_once_while_the_operator_works(bed: Bed) -> None:
    """One that was projected before the next one came succeeded as well; none is left open."""
    repo = bed.repo()
    *others, (last, value) = written(bed, repo)
    bed.everywhere(repo, last, "success")
    repo.holds({"TOKEN": value})
    eventually(lambda: "pending" not in repo.object("TOKEN")["status"], message="nothing is pending")
    known = repo.operations("TOKEN")
    assert next(iter(known)) == last["operation_id"]
    for operation, _ in others:
        if operation["operation_id"] in known:
            assert repo.over(operation)["status"] in ("success", "cancel")
        else:
            eventually(lambda each=operation: repo.poll(each).code == 404, message="it is told of no more")


def test_a_first_value_costs_four_kubernetes_writes_and_two_of_vault(bed: Bed) -> None:
    """A later one three and one. Nothing is told in between: neither that there is no value yet, nor any progress."""
    repo = bed.repo()
    barrier(bed)
    for value, made, stored in (("one", ["create envsecrets", "create secrets"], ["metadata"]), ("two", [], [])):
        kube, vault = bed.api.session.kube_audit.mark(), bed.api.session.vault_audit.mark()
        repo.becomes(repo.accepted("TOKEN", value), "success")
        repo.holds({"TOKEN": value})
        barrier(bed)
        rest = ["patch secrets"] if value == "two" else []
        assert sorted(writes(bed, repo, kube)) == sorted([*made, *rest, *["patch envsecrets/status"] * 2])
        asked = bed.api.session.vault_audit.requests(repo.entry("TOKEN"), since=vault)
        found = [each["path"].split("/")[1] for each in asked if each["operation"] not in ("read", "list")]
        assert found == [*stored, "data"]


def barrier(bed: Bed) -> None:
    """Return once the operator has nothing left to do, and the audit log tells of what it did."""
    other = bed.repo()
    other.becomes(other.accepted("BARRIER", "v"), "success")


def writes(bed: Bed, repo: Repo, since: int) -> list[str]:
    """What was written about a repository, as verb and resource; events are not counted."""
    events = bed.api.session.kube_audit.events(since=since, namespace=bed.api.namespace, verbs=WRITES)
    made = [(event, str(((event.get("requestObject") or {}).get("metadata") or {}).get("name"))) for event in events]
    ours = [event for event, name in made if repo.id in name or repo.id in event["requestURI"]]
    return [kind for kind in kinds(ours) if not kind.endswith(" events")]


def test_deleted_while_it_waits(bed: Bed) -> None:
    repo = bed.repo()
    bed.operator.stop()
    operation = repo.accepted("TOKEN", "v")
    repo.delete("TOKEN")
    for gateway in bed.gateways:
        eventually(lambda at=gateway: repo.poll(operation, at).code == 404, message="it is gone")
    again = repo.accepted("TOKEN", "w")
    bed.everywhere(repo, again, "scheduled")
    assert {repo.poll(operation, gateway).code for gateway in bed.gateways} == {404}
    bed.operator.start()
    bed.everywhere(repo, again, "success")
    repo.holds({"TOKEN": "w"})
