"""A request to set a value, stated in the status before the value is written: looked for until it is there.

What wakes the operator is the statement, which comes first; so the first look may be too early, and a door that was
killed in between may never write at all. One request can be stated several times, for another version each: a door
that lost to another writer tries again, and so does a client whose door died.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.domain.declared import CREATED_ANNOTATION
from slotwarden.resources.conditions import Reason

if TYPE_CHECKING:
    from slotwarden.reconcile.observe import SlotView
    from slotwarden.reconcile.state import SlotState
    from slotwarden.resources.slotstatus import Pending

PATIENCE: Final = 30.0
"""Seconds after which a version that is not there is no longer looked for."""
SOON: Final = 1.0
"""Seconds within which most requests are over: what takes longer is told to be in progress."""
_FIRST_PAUSE: Final = 0.005
_LAST_PAUSE: Final = 0.5
_NO_VALUE: Final = frozenset({Reason.AWAITING_VALUE, Reason.VERSION_DELETED})


def open_request(view: SlotView, state: SlotState) -> Pending | None:
    """The request that is to be looked for; None where there is none, or it was answered."""
    request = view.status.pending
    return request if request is not None and request != state.answered else None


def notice(view: SlotView, state: SlotState, now: float) -> None:
    """Take note of since when a request is known, whatever comes of it; `now` is monotonic."""
    request = view.status.pending
    if request is None:
        state.noticed = None
    elif state.noticed is None or state.noticed[0] != request:
        state.noticed = (request, now)


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


def until_slow(view: SlotView, state: SlotState, now: float) -> float | None:
    """Seconds until a request that is not over is to be told to be in progress; None where none is, or it was told."""
    request = view.status.pending
    if request is None or state.noticed is None or state.noticed[0] != request:
        return None
    if any(told.request_id == request.request_id and told.state == "InProgress" for told in view.status.operations):
        return None
    return max(0.0, state.noticed[1] + SOON - now)


def until_told(view: SlotView, state: SlotState, now: float) -> float:
    """Seconds for which a problem is not told because what is under way will most likely end it.

    Whoever makes an object through an API sets its value next, and whoever changes an address states the value for the
    new one: to tell of it in between would be a write more for each of them, and an alarm about nothing.
    """
    reason = state.problem.reason if state.problem is not None else None
    if open_request(view, state) is not None and state.noticed is not None:
        if reason is Reason.ADDRESS_MISMATCH:
            return _LAST_PAUSE
        since: float | None = state.noticed[1]
    else:
        new = view.status.observed_generation < 0 and CREATED_ANNOTATION in view.metadata.annotations
        since = state.since if new else None
    if reason is not Reason.AWAITING_VALUE or since is None:
        return 0.0
    return max(0.0, since + SOON - now)
