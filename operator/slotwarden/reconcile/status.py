"""The status of a slot, computed from what is known of it: pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from slotwarden.reconcile import operations
from slotwarden.resources.base import rfc3339
from slotwarden.resources.conditions import (
    Condition,
    ConditionType,
    Reason,
    find_condition,
    set_condition,
    without_condition,
)
from slotwarden.resources.slotstatus import ProjectionStatus, Status, VaultStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from slotwarden.reconcile.keys import TargetKey
    from slotwarden.reconcile.observe import SlotView
    from slotwarden.reconcile.state import Outcome, Problem, SlotState

_QUIET: Final = frozenset(
    {
        Reason.AWAITING_VALUE,
        Reason.SOURCE_MISSING,
        Reason.VAULT_UNAVAILABLE,
        Reason.VAULT_SEALED,
        Reason.STALE,
    }
)
"""Problems without an event: a plain state, or one outage that many slots share."""
_UNASKED: Final = frozenset({Reason.STALE, Reason.VAULT_DENIED})
"""Problems of asking, where a value was known before."""
_NO_VALUE: Final = frozenset({Reason.AWAITING_VALUE, Reason.NOT_OWNER, Reason.VERSION_DELETED})


@dataclass(frozen=True, slots=True)
class Report:
    """All that a status is made from; `location` is the entry's path in Vault."""

    view: SlotView
    state: SlotState
    target: TargetKey | None
    location: str
    now: datetime

    @property
    def outcome(self) -> Outcome | None:
        """How the Secret that is asked for now is."""
        outcome = self.state.outcome
        return outcome if outcome and self.target and outcome.secret == self.target.name else None

    @property
    def problem(self) -> Problem | None:
        """What stands in the way first."""
        return self.state.problem or (self.outcome.problem if self.outcome else None)


def is_settled(view: SlotView, state: SlotState, target: TargetKey | None) -> bool:
    """Whether there is something final to tell: a problem, or a Secret made from the value that holds."""
    return state.problem is not None or (target is not None and is_current(view, state, target))


def is_current(view: SlotView, state: SlotState, target: TargetKey) -> bool:
    """Whether a Secret was made from the value that holds and the present spec."""
    return state.generation == view.metadata.generation and state.is_projected(target.name)


def change(report: Report) -> dict[str, Any] | None:
    """The merge patch from the present status to the one that it should be; None where they say the same."""
    old, new = report.view.status, _status(report)
    before, after = old.to_object(), new.to_object()
    patch = {key: after.get(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if not patch:
        return None
    return patch | {"lastSyncTime": rfc3339(report.now)}


def event(report: Report) -> tuple[Literal["Normal", "Warning"], str, str] | None:
    """What is worth an event: a new problem, a rotation. Neither a first success nor a shared outage is."""
    old = report.view.status
    ready = find_condition(old.conditions, ConditionType.READY)
    problem = report.problem
    if problem is not None:
        known = ready is not None and ready.reason == problem.reason
        return None if known or problem.reason in _QUIET else ("Warning", problem.reason.value, problem.message)
    version = report.state.version
    if old.vault is None or version is None or not report.outcome:
        return None
    if (old.vault.version, old.vault.created_time) == (version.number, version.created_time):
        return None
    return ("Normal", "Rotated", f"Secret {report.outcome.secret} holds version {version.number} of the value")


def by_reason(slots: Iterable[SlotView]) -> Counter[tuple[str, str]]:
    """How many there are, by the word of their kind and the reason of their Ready condition; `New` without one."""
    ready = ((slot.kind.word, find_condition(slot.status.conditions, ConditionType.READY)) for slot in slots)
    return Counter((kind, found.reason if found else "New") for kind, found in ready)


def _status(report: Report) -> Status:
    view, state = report.view, report.state
    old = view.status
    version = state.version
    reason = report.problem.reason if report.problem else Reason.READY
    has_value = version is not None and reason not in _NO_VALUE
    return old.model_copy(
        update={
            "observed_generation": view.metadata.generation,
            "conditions": _conditions(report, has_value=has_value),
            "type": view.declared.type,
            "has_value": has_value,
            "vault": VaultStatus(path=report.location, version=version.number, created_time=version.created_time)
            if version
            else None,
            "created_at": old.created_at or (version.created_time if version else None),
            "updated_at": version.created_time if version else old.updated_at,
            "last_handled_refresh": state.handled_refresh,
            "source_mac": state.source_mac,
            "projections": _projections(report),
            **operations.told(view.status, state, report.problem, rfc3339(report.now)),
        }
    )


def _projections(report: Report) -> tuple[ProjectionStatus, ...]:
    """How the Secret is; also before it is made, so that people see which one it is going to be."""
    target, outcome, problem = report.target, report.outcome, report.problem
    if target is None:
        return ()
    new = ProjectionStatus(namespace=target.namespace, secret_name=target.name)
    known = next((old for old in report.view.status.projections if old.secret_name == target.name), new)
    note = outcome.note if outcome else ""
    return (
        known.model_copy(
            update={
                "type": outcome.form.value if outcome else known.type,
                "uid": (outcome.uid if outcome else "") or known.uid,
                "reason": (problem.reason if problem else Reason.READY).value,
                "message": (problem.message if problem else note) or None,
                "mac": (outcome.mac if outcome else "") or known.mac,
            }
        ),
    )


def _conditions(report: Report, *, has_value: bool) -> tuple[Condition, ...]:
    problem, state = report.problem, report.state
    reason = problem.reason if problem else Reason.READY
    said = problem.message if problem else _success(report)
    conditions = _set(report, report.view.status.conditions, ConditionType.READY, problem is None, reason, said)
    stored = Reason.READY if has_value else reason
    said_stored = f"version {state.version.number} in Vault" if has_value and state.version else said
    conditions = _set(report, conditions, ConditionType.VALUE_STORED, has_value, stored, said_stored)
    projected = _is_projected(report)
    conditions = _set(
        report, conditions, ConditionType.PROJECTED, projected, Reason.READY if projected else reason, said
    )
    for kind, holds in (
        (ConditionType.RECONCILING, problem is not None and not problem.stalled and reason not in _NO_VALUE),
        (ConditionType.STALLED, problem is not None and problem.stalled),
    ):
        if holds:
            conditions = _set(report, conditions, kind, True, reason, said)
        else:
            conditions = without_condition(conditions, kind)
    return conditions


def _is_projected(report: Report) -> bool:
    """Whether the Secret holds the value that holds, as far as is known: Vault not being asked changes neither."""
    if report.outcome is None or report.target is None:
        return False
    current = is_current(report.view, report.state, report.target)
    return report.problem is None or (report.problem.reason in _UNASKED and current)


def _success(report: Report) -> str:
    outcome, version = report.outcome, report.state.version
    if outcome is None or version is None:
        return ""
    said = f"Secret {outcome.secret} holds version {version.number} of the value"
    return f"{said}; {outcome.note}" if outcome.note else said


def _set(
    report: Report, conditions: tuple[Condition, ...], kind: ConditionType, holds: bool, reason: Reason, message: str
) -> tuple[Condition, ...]:
    new = Condition(
        type=kind.value,
        status="True" if holds else "False",
        observed_generation=report.view.metadata.generation,
        last_transition_time=rfc3339(report.now),
        reason=reason.value,
        message=message,
    )
    return set_condition(conditions, new)
