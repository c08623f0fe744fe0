"""What is told of requests to set a value: those that wait, those that are over, and those that others replaced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slotwarden.reconcile import operations
from slotwarden.reconcile.state import Problem, SlotState
from slotwarden.resources.conditions import Reason
from slotwarden.resources.slotstatus import OPERATIONS, Operation, Status
from slotwarden.values.entries import Version

WHEN = "2026-05-01T11:59:58Z"
NOW = "2026-05-01T12:00:00Z"
REQUEST = {"requestID": "r-1", "expectedVersion": 1, "requestedTime": WHEN}
AWAY = Problem(Reason.VAULT_UNAVAILABLE, "no answer")


def stated(*told: dict[str, Any], superseded: tuple[str, ...] = ()) -> Status:
    """A status with the request pending."""
    earlier = [{"requestID": request, "expectedVersion": 1, "requestedTime": WHEN} for request in superseded]
    pending = REQUEST | ({"superseded": earlier} if earlier else {})
    return Status.model_validate({"pending": pending, "operations": told})


def known(request: str, state: str = "Succeeded", **fields: Any) -> dict[str, Any]:
    """An operation as it stands in a status."""
    return {"requestID": request, "state": state, "reason": "Ready", "requestedTime": WHEN, **fields}


def after(status: Status, *, answered: bool = True, missing: str = "", version: int | None = 1) -> SlotState:
    """What is known once Vault was asked for the request."""
    held = Version(version, WHEN) if version else None
    return SlotState("uid-1", 0.0, version=held, answered=status.pending if answered else None, missing=missing)


def ids(told: dict[str, Any] | tuple[Operation, ...]) -> list[tuple[str, str]]:
    found = told["operations"] if isinstance(told, dict) else told
    return [(each.request_id, each.state) for each in found]


def test_a_request_that_is_over_is_told_once_whatever_it_was_before() -> None:
    earlier = (known("r-1", "Failed", finishedTime=WHEN), known("r-0", finishedTime=WHEN))
    status = stated(*earlier)
    assert operations.told(status, after(status, answered=False), None, NOW) == {}
    told = operations.told(status, after(status), None, NOW)
    assert told["pending"] is None
    assert ids(told) == [("r-1", "Succeeded"), ("r-0", "Succeeded")]
    done = told["operations"][0]
    assert (done.version, done.reason, done.message, done.finished_time) == (1, "Ready", None, NOW)
    full = stated(*(known(f"r-{number}") for number in range(10, 20)))
    kept = operations.told(full, after(full), None, NOW)["operations"]
    assert [each.request_id for each in kept] == ["r-1", *(f"r-{number}" for number in range(10, 19))]
    assert operations.told(Status(), SlotState("uid-1", 0.0), AWAY, NOW) == {}


@pytest.mark.parametrize("answered", [True, False], ids=["found", "looked for"])
@pytest.mark.parametrize("reason", ["VaultUnavailable", "VaultSealed", "VaultDenied", "ProjectionFailed"])
def test_a_problem_that_passes_ends_no_request(reason: str, *, answered: bool) -> None:
    status = stated(known("r-0"))
    told = operations.told(status, after(status, answered=answered), Problem(Reason(reason), "why"), NOW)
    assert ids(told) == [("r-1", "InProgress"), ("r-0", "Succeeded")]
    waiting = told["operations"][0]
    assert "pending" not in told
    assert (waiting.reason, waiting.message, waiting.started_time) == (reason, "why", NOW)
    assert (waiting.finished_time, waiting.version) == (None, None)
    again = replace_operations(status, told["operations"])
    assert operations.told(again, after(status, answered=answered), Problem(Reason(reason), "why"), "later") == told


def replace_operations(status: Status, told: tuple[Operation, ...]) -> Status:
    return status.model_copy(update={"operations": told})


@pytest.mark.parametrize(
    ("problem", "missing", "reason", "message"),
    [
        (Problem(Reason.FOREIGN_SECRET, "a stranger's", stalled=True), "", "ForeignSecret", "a stranger's"),
        (Problem(Reason.NOT_OWNER, "another's", stalled=True), "it did not come", "NotOwner", "another's"),
        (Problem(Reason.AWAITING_VALUE, "no value"), "it did not come", "AwaitingValue", "it did not come"),
        (None, "it did not come", "AwaitingValue", "it did not come"),
        (Problem(Reason.PROJECTION_FAILED, "a quota"), "it did not come", "ProjectionFailed", "it did not come"),
    ],
)
def test_a_request_fails_by_its_real_cause(problem: Problem | None, missing: str, reason: str, message: str) -> None:
    status = stated()
    told = operations.told(status, after(status, missing=missing), problem, NOW)
    (failed,) = told["operations"]
    assert (failed.state, failed.reason, failed.message) == ("Failed", reason, message)
    assert told["pending"] is None


def test_those_that_were_replaced_are_canceled_with_it() -> None:
    status = stated(known("r-b", "InProgress", startedTime=WHEN), known("r-0"), superseded=("r-c", "r-b"))
    told = operations.told(status, after(status), None, NOW)
    assert ids(told) == [("r-1", "Succeeded"), ("r-c", "Canceled"), ("r-b", "Canceled"), ("r-0", "Succeeded")]
    canceled = told["operations"][2]
    assert (canceled.reason, canceled.message) == ("Superseded", "request r-1 took its place")
    assert (canceled.requested_time, canceled.started_time, canceled.finished_time) == (WHEN, WHEN, NOW)


def test_none_is_left_in_progress_that_nobody_works_on() -> None:
    """As when more requests came at once than one can name."""
    full = tuple(f"r-{letter}" for letter in "bcdefghij")
    status = stated(known("r-z", "InProgress", startedTime=WHEN), superseded=full[:8])
    told = ids(operations.told(status, after(status), None, NOW))
    assert (told[0], told[-1], len(told)) == (("r-1", "Succeeded"), ("r-z", "Canceled"), OPERATIONS)
    status = stated(known("r-z", "InProgress", startedTime=WHEN), superseded=full)
    told = ids(operations.told(status, after(status), None, NOW))
    assert ("r-z" not in dict(told), len(told)) == (True, OPERATIONS)


def test_progress_says_what_is_waited_for() -> None:
    status = stated(known("r-1", "Failed", finishedTime=WHEN), known("r-0"))
    state = after(status, answered=False, version=None)
    for problem in (None, Problem(Reason.AWAITING_VALUE, "no value")):
        told = operations.progress(status, state, problem, NOW)
        assert ids(told) == [("r-1", "InProgress"), ("r-0", "Succeeded")]
        assert (told[0].reason, told[0].message) == ("AwaitingValue", "version 1 is not in Vault yet")
    told = operations.progress(status, state, AWAY, NOW)
    assert (told[0].reason, told[0].message) == ("VaultUnavailable", "no answer")
    told = operations.progress(status, replace(state, answered=status.pending), None, NOW)
    assert told[0].reason == "Reconciling"


def test_one_that_was_replaced_by_what_never_came_is_told_of_by_its_own_value() -> None:
    """As when a gateway dies between its statement and its write: the value before it was acknowledged, and holds."""
    earlier = [{"requestID": f"r-{at}", "expectedVersion": at, "requestedTime": WHEN} for at in (4, 3, 2)]
    status = Status.model_validate({"pending": REQUEST | {"expectedVersion": 5, "superseded": earlier}})
    told = operations.told(status, after(status, missing="it did not come", version=3), None, NOW)
    assert ids(told) == [("r-1", "Failed"), ("r-4", "Canceled"), ("r-3", "Succeeded"), ("r-2", "Canceled")]
    stranger = Problem(Reason.FOREIGN_SECRET, "a stranger's", stalled=True)
    told = operations.told(status, after(status, missing="it did not come", version=3), stranger, NOW)
    assert [each.state for each in told["operations"]] == ["Failed", "Canceled", "Failed", "Canceled"]
    assert told["operations"][2].message == "a stranger's"
