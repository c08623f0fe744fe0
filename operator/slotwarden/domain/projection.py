"""The difference between a Secret and what its contributors make of it: metadata to set and data to write. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slotwarden.domain import basicauth, dockerconfig
from slotwarden.domain.credentials import RegistryCredential
from slotwarden.domain.envvalue import EnvValue
from slotwarden.domain.parts import env_key, of_value
from slotwarden.domain.targets import (
    DECLARED_ANNOTATION,
    Form,
    Resolution,
    annotations_of,
    is_slot,
    labels_of,
    owner_references,
    undeclared,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slotwarden.domain.declared import Value
    from slotwarden.sensitive import Sensitive


def metadata(resolution: Resolution, target: str) -> dict[str, Any]:
    """The metadata of a new Secret, beside its name."""
    found = {
        "labels": labels_of(resolution.winners, target),
        "annotations": annotations_of(resolution.winners, target),
        "ownerReferences": owner_references(resolution.winners),
    }
    return {key: value for key, value in found.items() if value}


def metadata_patch(
    resolution: Resolution,
    target: str,
    *,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    owners: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The merge patch for the metadata of a Secret that is there; empty where nothing of ours differs.

    Only our keys are in it: what others put on the Secret stays.
    """
    record = annotations.get(DECLARED_ANNOTATION)
    changes: dict[str, Any] = {
        "labels": _map_patch("labels", labels, labels_of(resolution.winners, target), record),
        "annotations": _map_patch("annotations", annotations, annotations_of(resolution.winners, target), record),
    }
    wanted = owner_references(resolution.winners)
    ours = [owner for owner in owners if is_slot(owner)]
    if _identities(ours) != _identities(wanted):
        others = [owner for owner in owners if owner not in ours]
        if any(owner.get("controller") for owner in others):
            # There can be one controller, and it was there before us.
            wanted = [{**reference, "controller": False} for reference in wanted]
        changes["ownerReferences"] = [*wanted, *others]
    return {key: value for key, value in changes.items() if value}


def data(form: Form, values: Mapping[str, Value]) -> dict[str, Sensitive]:
    """The data that values, by part, make in a Secret of that form."""
    if form is Form.ENVIRONMENT:
        return {env_key(part): of_value(part, value) for part, value in values.items()}
    if form is Form.BASIC_AUTH:
        return next(basicauth.render(value) for value in values.values() if not isinstance(value, EnvValue))
    entries = [value for value in values.values() if isinstance(value, RegistryCredential)]
    return {dockerconfig.KEY: dockerconfig.render(entries)}


def _map_patch(
    kind: str, present: Mapping[str, str], wanted: Mapping[str, str], record: str | None
) -> dict[str, str | None]:
    changed: dict[str, str | None] = {key: value for key, value in wanted.items() if present.get(key) != value}
    return changed | dict.fromkeys(undeclared(kind, present, wanted, record))


def _identities(owners: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {(str(owner.get("name")), str(owner.get("uid"))) for owner in owners}
