"""The status that a state makes, as kstatus and people read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.domain.targets import Form
from slotwarden.reconcile import status
from slotwarden.reconcile.keys import TargetKey
from slotwarden.reconcile.state import Outcome, Problem, SlotState, expected_mac, recall
from slotwarden.resources.conditions import Reason
from slotwarden.values.entries import Version
from tests.unit.reconcile.objects import slot

if TYPE_CHECKING:
    from slotwarden.reconcile.observe import SlotView

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 5, 1, 13, 0, tzinfo=UTC)
TARGET = TargetKey("acme", "one")
VERSION = Version(1, "2026-05-01T11:59:59Z")
DONE = Outcome("one", Form.DOCKERCONFIGJSON, 1, VERSION, "suid-1", "k1:abc")


def ready_state() -> SlotState:
    return SlotState("uid-1", 0.0, generation=1, version=VERSION, outcome=DONE)


def report(state: SlotState, view: SlotView | None = None, now: datetime = NOW) -> status.Report:
    return status.Report(view or slot(), state, TARGET, "secret/slotwarden/acme/slots/one", now)


def conditions(found: dict[str, Any] | None) -> dict[str, tuple[str, str]]:
    assert found is not None
    return {made["type"]: (made["status"], made["reason"]) for made in found["conditions"]}


def test_slots_are_counted_by_their_reason() -> None:
    ready = with_status(status.change(report(ready_state())))
    assert status.by_reason([ready, ready, slot()]) == {("slot", "Ready"): 2, ("slot", "New"): 1}


def with_status(found: dict[str, Any] | None) -> SlotView:
    assert found is not None
    return slot(version=2, status=found)


def test_ready() -> None:
    found = status.change(report(ready_state()))
    assert conditions(found) == dict.fromkeys(("Ready", "ValueStored", "Projected"), ("True", "Ready"))
    assert found is not None
    assert found["observedGeneration"] == 1
    assert found["hasValue"] is True
    assert found["vault"] == {
        "path": "secret/slotwarden/acme/slots/one",
        "version": 1,
        "createdTime": VERSION.created_time,
    }
    assert found["projections"] == [
        {
            "namespace": "acme",
            "secretName": "one",
            "type": "dockerconfigjson",
            "uid": "suid-1",
            "reason": "Ready",
            "mac": "k1:abc",
        }
    ]
    assert found["lastSyncTime"] == "2026-05-01T12:00:00Z"


def test_what_was_told_is_not_told_again() -> None:
    told = with_status(status.change(report(ready_state())))
    assert status.change(report(ready_state(), told, LATER)) is None


def test_a_transition_time_stays_while_the_status_does() -> None:
    told = with_status(status.change(report(ready_state())))
    rotated = replace(DONE, version=Version(2, "2026-05-01T12:30:00Z"), mac="k1:def")
    state = replace(ready_state(), version=rotated.version, outcome=rotated)
    found = status.change(report(state, told, LATER))
    assert found is not None
    assert found["lastSyncTime"] == "2026-05-01T13:00:00Z"
    assert {made["lastTransitionTime"] for made in found["conditions"]} == {"2026-05-01T12:00:00Z"}
    assert "createdAt" not in found
    assert found["updatedAt"] == "2026-05-01T12:30:00Z"


@pytest.mark.parametrize(
    ("problem", "extra"),
    [
        (Problem(Reason.AWAITING_VALUE, "m"), set()),
        (Problem(Reason.VAULT_SEALED, "m"), {"Reconciling"}),
        (Problem(Reason.SOURCE_MISSING, "m"), {"Reconciling"}),
        (Problem(Reason.NOT_OWNER, "m", stalled=True), {"Stalled"}),
        (Problem(Reason.ADDRESS_MISMATCH, "m", stalled=True), {"Stalled"}),
    ],
)
def test_a_problem_is_in_progress_or_failed_but_never_both(problem: Problem, extra: set[str]) -> None:
    found = conditions(status.change(report(SlotState("uid-1", 0.0, problem=problem))))
    assert found["Ready"] == ("False", problem.reason)
    assert found["Projected"] == ("False", problem.reason)
    assert found.keys() == {"Ready", "ValueStored", "Projected"} | extra


def test_conditions_that_no_longer_hold_are_gone() -> None:
    problem = Problem(Reason.NOT_OWNER, "m", stalled=True)
    told = with_status(status.change(report(SlotState("uid-1", 0.0, problem=problem))))
    assert "Stalled" not in conditions(status.change(report(ready_state(), told)))


def test_a_stale_slot_is_projected_all_the_same() -> None:
    state = replace(ready_state(), problem=Problem(Reason.STALE, "m"))
    found = conditions(status.change(report(state)))
    assert found["Ready"] == ("False", "Stale")
    assert found["ValueStored"] == found["Projected"] == ("True", "Ready")


def test_a_projection_that_failed_keeps_what_is_known_of_the_secret() -> None:
    told = with_status(status.change(report(ready_state())))
    failed = replace(DONE, uid="", mac="", problem=Problem(Reason.FOREIGN_SECRET, "m", stalled=True))
    found = status.change(report(replace(ready_state(), outcome=failed), told))
    assert found is not None
    [projection] = found["projections"]
    assert (projection["uid"], projection["mac"], projection["reason"]) == ("suid-1", "k1:abc", "ForeignSecret")


def test_nothing_is_told_before_there_is_something_final() -> None:
    view = slot()
    assert not status.is_settled(view, SlotState("uid-1", 0.0), TARGET)
    stored = replace(ready_state(), outcome=None)
    assert not status.is_settled(view, stored, TARGET)
    assert not status.is_settled(view, replace(ready_state(), version=Version(2, "later")), TARGET)
    assert not status.is_settled(view, ready_state(), TargetKey("acme", "renamed"))
    assert status.is_settled(view, ready_state(), TARGET)
    assert status.is_settled(view, SlotState("uid-1", 0.0, problem=Problem(Reason.AWAITING_VALUE, "")), TARGET)


def test_events_are_few() -> None:
    first = report(ready_state())
    assert status.event(first) is None
    told = with_status(status.change(first))
    assert status.event(report(ready_state(), told)) is None
    second = Version(2, "2026-05-01T12:30:00Z")
    rotated = replace(ready_state(), version=second, outcome=replace(DONE, version=second))
    assert status.event(report(rotated, told)) == ("Normal", "Rotated", "Secret one holds version 2 of the value")
    for quiet in (Reason.AWAITING_VALUE, Reason.VAULT_SEALED, Reason.STALE):
        assert status.event(report(replace(ready_state(), problem=Problem(quiet, "m")), told)) is None
    stalled = replace(ready_state(), problem=Problem(Reason.NOT_OWNER, "m", stalled=True))
    assert status.event(report(stalled, told)) == ("Warning", "NotOwner", "m")
    again = with_status(status.change(report(stalled, told)))
    assert status.event(report(stalled, again)) is None


def test_a_ready_status_is_believed_after_a_restart() -> None:
    told = with_status(status.change(report(ready_state())))
    state = recall(told, 5.0)
    assert state.settled(1)
    assert state.version == VERSION
    assert expected_mac(told, state, "one", "suid-1") == "k1:abc"
    assert expected_mac(told, state, "one", "another") is None


def test_any_other_status_makes_the_operator_look_again() -> None:
    problem = Problem(Reason.NOT_OWNER, "m", stalled=True)
    told = with_status(status.change(report(replace(ready_state(), problem=problem))))
    assert not recall(told, 5.0).settled(1)
    ready = with_status(status.change(report(ready_state())))
    changed = slot(version=3, status=ready.status.to_object(), generation=2)
    assert not recall(changed, 5.0).settled(2)
