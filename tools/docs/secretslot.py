"""What is told of objects of both kinds: conditions, labels and annotations."""

from __future__ import annotations

from typing import Final

from slotwarden.domain import declared, targets
from slotwarden.reconcile import observe
from slotwarden.resources.conditions import ConditionType, Reason
from tools.docs.markdown import code, table

_CONDITIONS: Final = {
    ConditionType.READY: "The value is stored and the Secret holds it.",
    ConditionType.VALUE_STORED: "Vault holds the value.",
    ConditionType.PROJECTED: "The Secret holds that value.",
    ConditionType.RECONCILING: ("There only while work goes on or is tried again; kstatus reads it as *in progress*."),
    ConditionType.STALLED: "There only while somebody has to change something; kstatus reads it as *failed*.",
}
# Name, where it stands, who sets it, what for. A test looks for names in the code that are missing here.
MARKS: Final = (
    (
        observe.REFRESH_ANNOTATION,
        "annotation of a SecretSlot or an EnvSecret",
        "you",
        "Look at Vault and the source now. Any text that differs from the last; "
        "`status.lastHandledRefresh` repeats it when it is done.",
    ),
    (
        declared.ADOPT_VALUE_ANNOTATION,
        "annotation of a SecretSlot or an EnvSecret",
        "you",
        '`"true"`: take over an entry in Vault that belongs to another object, with what it holds.',
    ),
    (
        declared.CREATED_ANNOTATION,
        "annotation of a SecretSlot or an EnvSecret",
        "the gateway, on what it makes",
        "When it was made, to the microsecond: lists by age keep its order within a second.",
    ),
    (
        targets.ADOPT_ANNOTATION,
        "annotation of a Secret",
        "you",
        '`"true"`: the operator may take this Secret over, which it did not make.',
    ),
    (
        targets.WATCH_LABEL,
        "label of a Secret",
        "you, on a source; the operator, on what it makes",
        '`"true"`: changes are followed at once. Secrets without it are never watched.',
    ),
    (
        targets.OWNER_LABEL,
        "label of a Secret",
        "the operator",
        "The uid of the object that the Secret is made from, or a key of its own where several share it.",
    ),
    (
        targets.MANAGED_BY_LABEL,
        "label of a Secret",
        "the operator",
        f"`{targets.MANAGER}`; beside it `app.kubernetes.io/name` and `app.kubernetes.io/component` "
        "(`git`, `registry` or `environment`).",
    ),
    (
        targets.TARGET_ANNOTATION,
        "annotation of a Secret",
        "the operator",
        "`namespace/name` of the Secret that it made: a copy of it elsewhere is not the operator's.",
    ),
    (
        targets.DECLARED_ANNOTATION,
        "annotation of a Secret",
        "the operator",
        "Which labels and annotations come from the SecretSlot, so that those taken out of it go.",
    ),
)


def marks() -> str:
    """Labels and annotations."""
    return table(("name", "where", "set by", "what for"), [(code(row[0]), *row[1:]) for row in MARKS])


def conditions() -> str:
    """The types of conditions."""
    return table(("condition", "what it tells"), [(code(kind), said) for kind, said in _CONDITIONS.items()])


def reasons() -> str:
    """The reasons of conditions."""
    return table(("reason", "cause", "way out"), [(code(reason), reason.cause, reason.way_out) for reason in Reason])
