"""What a status tells of the requests to set a value: which waits and for what, and what came of the others. Pure.

Whoever asked polls for it, on any replica of the gateway and after any restart: it is written before it is forgotten
that it was asked for, by the one write that takes the request back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from slotwarden.resources.conditions import Reason
from slotwarden.resources.slotstatus import OPERATIONS, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotwarden.reconcile.state import Problem, SlotState
    from slotwarden.resources.slotstatus import Pending, Status, Superseded

SUPERSEDED: Final = "Superseded"
_PASSES: Final = frozenset(
    {
        Reason.VAULT_UNAVAILABLE,
        Reason.VAULT_SEALED,
        Reason.VAULT_DENIED,
        Reason.STALE,
        Reason.PROJECTION_FAILED,
    }
)
"""Problems that are tried again until they are over, without anybody setting the value again."""


def told(status: Status, state: SlotState, problem: Problem | None, now: str) -> dict[str, Any]:
    """The members of the status that the stated request changes: none as long as nothing is to be said of it.

    Args:
        problem: what stands in the way first, of the value or of its Secret.
        now: the time, in RFC 3339.
    """
    request = status.pending
    if request is None:
        return {}
    answered, waits = request == state.answered, problem is not None and problem.reason in _PASSES
    if answered and (state.missing or not waits):
        return {"pending": None, "operations": _over(status, request, state, problem, now)}
    return {"operations": progress(status, state, problem, now)} if waits else {}


def progress(status: Status, state: SlotState, problem: Problem | None, now: str) -> tuple[Operation, ...]:
    """The operations, with the stated request in progress before all others."""
    request = status.pending
    if request is None:
        return status.operations
    if problem is not None and problem.reason in _PASSES:
        reason, message = problem.reason.value, problem.message
    elif request != state.answered:
        reason, message = Reason.AWAITING_VALUE.value, f"version {request.expected_version} is not in Vault yet"
    else:
        reason, message = "Reconciling", "the value is in Vault, and its Secret is yet to be written"
    waiting = Operation(
        request_id=request.request_id,
        state="InProgress",
        reason=reason,
        message=message,
        requested_time=request.requested_time,
        started_time=_started(status, request) or now,
    )
    return (waiting, *_others(status.operations, {request.request_id}))[:OPERATIONS]


def _over(
    status: Status, request: Pending, state: SlotState, problem: Problem | None, now: str
) -> tuple[Operation, ...]:
    """The operations, with what came of the stated request and of those whose place it took before all others."""
    replaced = request.superseded or ()
    holds = _holding(request, state)

    def ended(earlier: Superseded) -> Operation:
        if earlier is holds:
            return _done(status, earlier, replace(state, missing=""), problem, now)
        return _canceled(status, earlier, request.request_id, now)

    ids = {request.request_id, *(earlier.request_id for earlier in replaced)}
    # One that was in progress and of which the request names no more than it has room for was replaced as well.
    others = (
        _canceled(status, each, request.request_id, now) if each.state == "InProgress" else each
        for each in _others(status.operations, ids)
    )
    return (_done(status, request, state, problem, now), *map(ended, replaced), *others)[:OPERATIONS]


def _holding(request: Pending, state: SlotState) -> Superseded | None:
    """The request whose value holds although another took its place: that one's value never came."""
    if not state.missing or state.version is None:
        return None
    version = state.version.number
    return next((each for each in request.superseded or () if each.expected_version <= version), None)


def _done(
    status: Status, request: Pending | Superseded, state: SlotState, problem: Problem | None, now: str
) -> Operation:
    # A problem that somebody has to solve is also why a version was not found.
    missing = state.missing if problem is None or not problem.stalled else ""
    return Operation(
        request_id=request.request_id,
        state="Failed" if problem or missing else "Succeeded",
        reason=(problem.reason if problem else Reason.AWAITING_VALUE if missing else Reason.READY).value,
        message=missing or (problem.message if problem else None),
        version=state.version.number if state.version else None,
        requested_time=request.requested_time,
        started_time=_started(status, request),
        finished_time=now,
    )


def _canceled(status: Status, earlier: Superseded | Operation, by: str, now: str) -> Operation:
    return Operation(
        request_id=earlier.request_id,
        state="Canceled",
        reason=SUPERSEDED,
        message=f"request {by} took its place",
        requested_time=earlier.requested_time,
        started_time=_started(status, earlier),
        finished_time=now,
    )


def _others(operations: Iterable[Operation], ids: set[str]) -> list[Operation]:
    return [operation for operation in operations if operation.request_id not in ids]


def _started(status: Status, request: Pending | Superseded | Operation) -> str | None:
    """When a request was first told to be in progress, where it still is."""
    found = (each for each in status.operations if each.request_id == request.request_id)
    return next((each.started_time for each in found if each.state == "InProgress"), None)
