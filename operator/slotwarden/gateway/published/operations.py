"""How a request to set a value stands, told from its object alone: the same on every replica and after any restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotwarden.resources.slotstatus import Operation, Pending

State = Literal["scheduled", "in_progress", "success", "failed", "cancel"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a request stands. Times are in RFC 3339, in UTC.

    Attributes:
        reason: in one word why it failed; empty where it did not. The message is the cause in a sentence.
    """

    id: str
    state: State
    created: str
    modified: str
    reason: str = ""
    message: str = ""


def scheduled(request: str, created: str) -> Standing:
    """The operator has not looked at it."""
    return Standing(request, "scheduled", created, created)


def standing(pending: Pending | None, operations: Sequence[Operation], request: str) -> Standing | None:
    """How a request stands by what a status tells; None for one of another object, or older than all that it tells."""
    told = next((each for each in operations if each.request_id == request), None)
    if pending is not None and pending.request_id == request:
        if told is None or told.state != "InProgress":
            return scheduled(request, pending.requested_time)
        return Standing(request, "in_progress", told.requested_time, told.started_time or told.requested_time)
    for earlier in (pending.superseded or ()) if pending is not None else ():
        if pending is not None and earlier.request_id == request:
            return Standing(request, "cancel", earlier.requested_time, pending.requested_time)
    return _over(told) if told is not None else None


def _over(told: Operation) -> Standing:
    modified = told.finished_time or told.started_time or told.requested_time
    match told.state:
        case "Succeeded":
            return Standing(told.request_id, "success", told.requested_time, modified)
        case "Failed":
            return Standing(told.request_id, "failed", told.requested_time, modified, told.reason, told.message or "")
        case "Canceled" | "InProgress":
            # What was in progress and is no longer what is asked for was replaced.
            return Standing(told.request_id, "cancel", told.requested_time, modified)
