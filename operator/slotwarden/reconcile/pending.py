"""A request to set a value, stated in the status before the value is written: looked for until it is there.

What wakes the operator is the statement, which comes first; so the first look may be too early, and a door that was
killed in between may never write at all. One request can be stated several times, for another version each: a door
that lost to another writer tries again, and so does a client whose door died.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.resources.conditions import Reason

if TYPE_CHECKING:
    from slotwarden.reconcile.observe import SlotView
    from slotwarden.reconcile.state import SlotState
    from slotwarden.resources.slotstatus import Pending

PATIENCE: Final = 30.0
"""Seconds after which a version that is not there is no longer looked for."""
_FIRST_PAUSE: Final = 0.005
_LAST_PAUSE: Final = 0.5
_NO_VALUE: Final = frozenset({Reason.AWAITING_VALUE, Reason.VERSION_DELETED})


def open_request(view: SlotView, state: SlotState) -> Pending | None:
    """The request that is to be looked for; None where there is none, or it was answered."""
    request = view.status.pending
    return request if request is not None and request != state.answered else None


def look_for(request: Pending, state: SlotState, now: float) -> None:
    """Take note of whether the version of a request is there, once Vault was asked; `now` is monotonic."""
    if state.request is None or state.request[0] != request:
        state.request = (request, now)
    # The version that was last known tells nothing where the entry holds none: Vault may count from 1 again.
    gone = state.problem is not None and state.problem.reason in _NO_VALUE
    found = state.version is not None and state.version.number >= request.expected_version and not gone
    if found or now - state.request[1] >= PATIENCE:
        state.answered, state.request = request, None
        state.missing = (
            "" if found else f"version {request.expected_version} did not come to Vault: set the value again"
        )


def pause(state: SlotState, now: float) -> float:
    """Seconds until the next look: as long as was waited so far, within limits."""
    waited = now - state.request[1] if state.request is not None else 0.0
    return min(_LAST_PAUSE, max(_FIRST_PAUSE, waited))
