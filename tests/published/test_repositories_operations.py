"""How an operation stands: each state is reached by what happens to processes and objects, and outlives them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.clients.kube import core
from testbed.proxy import Answers
from testbed.wait import eventually

if TYPE_CHECKING:
    from tests.published.operations import Bed


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
