"""What a projected Secret should be: computed from all slots that contribute to it, without any call.

A target is one Secret; its contributors are the slots that name it. Each contributes one *part*: an entry of
`.dockerconfigjson`, the pair of a basic-auth Secret, or a key of an environment. Where two claim one part, want
different types, or belong to two environments whose default names meet, the older (creation time, then uid) keeps it
and both say so.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from slotwarden.domain import basicauth, dockerconfig
from slotwarden.domain.parts import ENV_TYPE, env_key
from slotwarden.resources import envsecret, secretslot
from slotwarden.resources.secretslot import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

WATCH_LABEL: Final = "slotwarden.io/watch"
OWNER_LABEL: Final = "slotwarden.io/owner"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "slotwarden"
ADOPT_ANNOTATION: Final = "slotwarden.io/adopt"
TARGET_ANNOTATION: Final = "slotwarden.io/target"
"""`namespace/name` of the Secret that the operator made: a copy of it, labels and all, is not ours."""
DECLARED_ANNOTATION: Final = "slotwarden.io/declared-keys"


class Form(StrEnum):
    """The form of a projected Secret."""

    DOCKERCONFIGJSON = "dockerconfigjson"
    BASIC_AUTH = "basic-auth"
    ENVIRONMENT = "environment"

    @property
    def secret_type(self) -> str:
        """The `type` of the Secret."""
        return _TYPES[self]


_TYPES: Final = {
    Form.DOCKERCONFIGJSON: dockerconfig.SECRET_TYPE,
    Form.BASIC_AUTH: basicauth.SECRET_TYPE,
    Form.ENVIRONMENT: ENV_TYPE,
}


@dataclass(frozen=True, slots=True)
class Contributor:
    """A slot that asks for a Secret.

    Attributes:
        kind: of the object.
        component: what the Secret's label says that it is for.
        part: which part of the Secret is its own.
        environment: `project/environment` where the Secret's name is that environment's default; else empty.
    """

    kind: str
    namespace: str
    name: str
    uid: str
    created: str
    component: str
    form: Form
    part: str
    environment: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def age(self) -> tuple[str, str]:
        """Orders contributors: the older first."""
        return (self.created, self.uid)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who writes a target, and who has to stand back.

    Attributes:
        form: what the oldest contributor asks for.
        winners: the oldest first; each has a part of its own.
        disputes: by uid of a contributor, a sentence on whom it collides with; for winners too.
        left: parts whose slots were deleted and leave them behind.
    """

    form: Form
    winners: tuple[Contributor, ...]
    disputes: Mapping[str, str]
    left: frozenset[str] = frozenset()

    @property
    def losers(self) -> frozenset[str]:
        """The uids of those that stand back."""
        return frozenset(self.disputes) - {winner.uid for winner in self.winners}


def resolve(contributors: Iterable[Contributor], left: frozenset[str] = frozenset()) -> Resolution | None:
    """Who of all that name a target writes it; None where nobody does."""
    ordered = sorted(contributors, key=lambda contributor: contributor.age)
    if not ordered:
        return None
    form = ordered[0].form
    keepers: dict[str, Contributor] = {}
    disputes: dict[str, str] = {}
    first: Contributor | None = None
    for contributor in ordered:
        if contributor.form is not form:
            older, what = ordered[0], f"gives this Secret the type {form.secret_type}"
        elif first is not None and contributor.environment not in ("", first.environment):
            older, what = first, f"gives this Secret to the environment {first.environment}: set projection.secretName"
        elif contributor.part in keepers:
            older, what = keepers[contributor.part], _claim(contributor)
        else:
            keepers[contributor.part] = contributor
            first = contributor if first is None and contributor.environment else first
            continue
        disputes[contributor.uid] = f'the older {older.kind} "{older.name}" {what}'
        wants = "the same part of it" if contributor.part == older.part else "this Secret too"
        disputes.setdefault(
            older.uid, f'the younger {contributor.kind} "{contributor.name}" wants {wants} and stands back'
        )
    return Resolution(form, tuple(keepers.values()), disputes, left)


def labels_of(winners: tuple[Contributor, ...], target: str) -> dict[str, str]:
    """All labels of the Secret: the users' own, then ours."""
    declared = _declared(winners, "labels")
    owner = winners[0].uid if len(winners) == 1 else _shared(winners[0].namespace, target)
    return declared | {
        MANAGED_BY_LABEL: MANAGER,
        "app.kubernetes.io/name": MANAGER,
        "app.kubernetes.io/component": winners[0].component,
        OWNER_LABEL: owner,
        WATCH_LABEL: "true",
    }


def annotations_of(winners: tuple[Contributor, ...], target: str) -> dict[str, str]:
    """All annotations of the Secret: the users' own, which Secret it is, and what they declared, to be undone later."""
    declared = _declared(winners, "annotations")
    names = {"annotations": sorted(declared), "labels": sorted(_declared(winners, "labels"))}
    if winners[0].form is Form.ENVIRONMENT:
        names["data"] = sorted(env_key(winner.part) for winner in winners)
    declared[TARGET_ANNOTATION] = f"{winners[0].namespace}/{target}"
    if any(names.values()):
        declared[DECLARED_ANNOTATION] = json.dumps(names, separators=(",", ":"))
    return declared


def undeclared(kind: str, present: Collection[str], wanted: Collection[str], record: str | None) -> set[str]:
    """The keys of `present` (the Secret's labels, annotations or data) that were declared once and are not wanted now.

    Args:
        kind: `labels`, `annotations` or `data`.
        record: the Secret's DECLARED_ANNOTATION, which anybody may have edited.
    """
    try:
        names = json.loads(record or "{}")[kind]
        once = {name for name in names if isinstance(name, str)}
    except (ValueError, TypeError, KeyError, RecursionError):
        once = set()
    if kind == "annotations":
        once.add(DECLARED_ANNOTATION)
    return {key for key in once if key in present and key not in wanted}


def owner_references(winners: tuple[Contributor, ...]) -> list[dict[str, Any]]:
    """References for garbage collection; the oldest contributor is the controller, as GitOps tools want one."""
    return [
        {
            "apiVersion": API_VERSION,
            "kind": winner.kind,
            "name": winner.name,
            "uid": winner.uid,
            "controller": position == 0,
            # True would need a permission on our own finalizers subresource, and hold up foreground deletion.
            "blockOwnerDeletion": False,
        }
        for position, winner in enumerate(winners)
    ]


def is_slot(owner: Mapping[str, Any]) -> bool:
    """Whether an owner reference names a SecretSlot or an EnvSecret."""
    return owner.get("apiVersion") == API_VERSION and owner.get("kind") in (secretslot.KIND, envsecret.KIND)


def _shared(namespace: str, target: str) -> str:
    """The target's own key, in the form of a label: a Secret's name can be too long for one."""
    return "shared-" + hashlib.sha256(f"{namespace}/{target}".encode()).hexdigest()[:40]


def _claim(contributor: Contributor) -> str:
    if contributor.form is Form.BASIC_AUTH:
        return "holds this basic-auth Secret already"
    what = "key" if contributor.form is Form.ENVIRONMENT else "entry"
    return f'holds the {what} "{contributor.part.partition("/")[2]}" of this Secret already'


def _declared(winners: tuple[Contributor, ...], kind: str) -> dict[str, str]:
    """What the winners declare; of two that declare one key, the older is heard."""
    merged: dict[str, str] = {}
    for winner in reversed(winners):
        merged |= winner.labels if kind == "labels" else winner.annotations
    return merged
