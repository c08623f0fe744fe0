"""Many operations on one secret at once, and what a single one costs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from slotwarden.resources.slotstatus import OPERATIONS
from testbed.wait import eventually
from tests.e2e.world import WRITES, kinds

if TYPE_CHECKING:
    from testbed.clients.audit import Mark
    from tests.published.operations import Bed
    from tests.published.repositories import Repo
    from tests.published.support import Json

WRITERS = 20


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


def writes(bed: Bed, repo: Repo, since: Mark) -> list[str]:
    """What was written about a repository, as verb and resource; events are not counted."""
    events = bed.api.session.kube_audit.events(since=since, namespace=bed.api.namespace, verbs=WRITES)
    made = [(event, str(((event.get("requestObject") or {}).get("metadata") or {}).get("name"))) for event in events]
    ours = [event for event, name in made if repo.id in name or repo.id in event["requestURI"]]
    return [kind for kind in kinds(ours) if not kind.endswith(" events")]
