"""How long a request to set a value is looked for, and what counts as its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slotwarden.reconcile import pending
from slotwarden.reconcile.state import Problem, SlotState
from slotwarden.resources.conditions import Reason
from slotwarden.resources.slotstatus import Pending
from slotwarden.values.entries import Version
from tests.unit.reconcile.objects import slot

REQUEST = Pending(request_id="r-1", expected_version=2, requested_time="2026-05-01T12:00:00Z")


def holding(version: int | None, reason: Reason | None = None) -> SlotState:
    """A slot whose value has that version, with that in the way."""
    known = Version(version, "2026-05-01T11:59:59Z") if version is not None else None
    return SlotState("uid-1", 0.0, version=known, problem=Problem(reason, "m") if reason else None)


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (holding(2), True),
        (holding(3), True),
        (holding(1), False),
        (holding(None, Reason.AWAITING_VALUE), False),
        (holding(5, Reason.VERSION_DELETED), False),
        (holding(2, Reason.ADDRESS_MISMATCH), True),
    ],
    ids=["there", "overtaken", "not yet", "no value", "a version that is gone", "there, of no use"],
)
def test_a_version_that_is_there_is_the_answer(state: SlotState, *, found: bool) -> None:
    pending.look_for(REQUEST, state, 100.0)
    assert (state.answered == REQUEST) is found
    assert (state.request is None) is found
    assert not state.missing


def test_it_is_given_up_after_some_time() -> None:
    state = holding(1)
    for now in (100.0, 100.0 + pending.PATIENCE - 0.1):
        pending.look_for(REQUEST, state, now)
        assert state.answered is None
    pending.look_for(REQUEST, state, 100.0 + pending.PATIENCE)
    assert state.answered == REQUEST
    assert state.missing == "version 2 did not come to Vault: set the value again"
    pending.look_for(REQUEST.model_copy(update={"expected_version": 1}), state, 200.0)
    assert not state.missing


@pytest.mark.parametrize("change", [{"expected_version": 3}, {"requested_time": "2026-05-01T12:01:00Z"}])
def test_a_request_that_is_stated_again_is_looked_for_anew(change: dict[str, Any]) -> None:
    again = REQUEST.model_copy(update=change)
    state = holding(1)
    pending.look_for(REQUEST, state, 100.0)
    pending.look_for(again, state, 100.0 + pending.PATIENCE)
    assert state.answered is None
    view = slot(status={"observedGeneration": 1, "pending": again.to_object()})
    assert pending.open_request(view, replace(state, answered=REQUEST)) == again
    assert pending.open_request(view, replace(state, answered=again)) is None
    assert pending.open_request(slot(), state) is None


def test_looks_get_rarer() -> None:
    state = holding(1)
    assert pending.pause(state, 100.0) == 0.005
    pending.look_for(REQUEST, state, 100.0)
    assert [pending.pause(state, 100.0 + waited) for waited in (0.0, 0.25, 20.0)] == [0.005, 0.25, 0.5]


STATED = {"observedGeneration": 1, "pending": REQUEST.to_object()}
NEW = {"annotations": {"slotwarden.io/created-at": "2026-01-01T00:00:00.000000Z"}}


def test_a_request_that_takes_long_is_told_once() -> None:
    view, state = slot(status=STATED), holding(1)
    assert pending.until_slow(view, state, 100.0) is None
    pending.notice(view, state, 100.0)
    pending.notice(view, state, 100.5)
    assert pending.until_slow(view, state, 100.5) == 0.5
    assert pending.until_slow(view, state, 101.0) == pending.until_slow(view, state, 105.0) == 0.0
    known = {"requestID": "r-1", "state": "InProgress", "reason": "VaultSealed", "requestedTime": "t"}
    assert pending.until_slow(slot(status={**STATED, "operations": [known]}), state, 105.0) is None
    over = {**known, "state": "Failed"}
    assert pending.until_slow(slot(status={**STATED, "operations": [over]}), state, 105.0) == 0.0
    again = {**STATED, "pending": {**REQUEST.to_object(), "expectedVersion": 3}}
    assert pending.until_slow(slot(status=again), state, 105.0) is None
    pending.notice(slot(), state, 106.0)
    assert pending.until_slow(slot(), state, 106.0) is pending.until_slow(view, state, 106.0) is None


def test_what_is_about_to_end_is_not_told() -> None:
    view, waiting, changed = slot(status=STATED), holding(None, Reason.AWAITING_VALUE), holding(1)
    changed.problem = Problem(Reason.ADDRESS_MISMATCH, "m", stalled=True)
    for state in (waiting, changed):
        pending.notice(view, state, 100.0)
        assert pending.until_told(view, state, 100.25) > 0
    assert pending.until_told(view, waiting, 101.0) == 0
    assert pending.until_told(view, changed, 120.0) > 0
    for state in (waiting, changed):
        state.answered = REQUEST
        assert pending.until_told(view, state, 100.25) == 0
    assert pending.until_told(slot(), replace(waiting, since=100.0), 100.25) == 0
    denied = replace(holding(None, Reason.VAULT_DENIED), since=100.0)
    assert pending.until_told(slot(**NEW), denied, 100.25) == 0
    made = replace(holding(None, Reason.AWAITING_VALUE), since=100.0)
    assert pending.until_told(slot(**NEW), made, 100.25) == 0.75
    assert pending.until_told(slot(**NEW), made, 101.0) == 0
    assert pending.until_told(slot(status={"observedGeneration": 1}, **NEW), made, 100.25) == 0
