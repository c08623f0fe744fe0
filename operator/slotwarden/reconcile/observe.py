"""From what the API server sends to what is kept in memory: no value stays but an inline one on its way to Vault."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from slotwarden.cluster.slots import LAST_APPLIED
from slotwarden.domain import parts
from slotwarden.domain.targets import (
    ADOPT_ANNOTATION,
    MANAGED_BY_LABEL,
    OWNER_LABEL,
    TARGET_ANNOTATION,
    WATCH_LABEL,
)
from slotwarden.reconcile.keys import SlotKey
from slotwarden.resources.duration import parse_duration
from slotwarden.sensitive import Sensitive
from slotwarden.values import mac

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slotwarden.domain.declared import Declared
    from slotwarden.domain.kinds import Kind
    from slotwarden.resources.base import ObjectMeta
    from slotwarden.resources.slotstatus import Status
    from slotwarden.values.mac import MacKey

_V = TypeVar("_V")

_log = logging.getLogger(__name__)
REFRESH_ANNOTATION: Final = "slotwarden.io/refresh"
DEFAULT_INTERVAL: Final = 3600.0
_ORPHAN: Final = "orphan"
"""The garbage collector's finalizer on what was deleted with `--cascade=orphan`."""
_WRITTEN: Final = (
    *(MANAGED_BY_LABEL, OWNER_LABEL, WATCH_LABEL, TARGET_ANNOTATION),
    *("app.kubernetes.io/name", "app.kubernetes.io/component"),
    *("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"),
)
_SHARED: Final = {key: key for key in _WRITTEN}
_NO_SIZES: Final[Mapping[str, int]] = {}


class Unreadable(Exception):
    """An object that the API server should not have taken. Names its fields, and nothing of what stands in them."""


@dataclass(frozen=True, slots=True)
class SecretView:
    """A Secret without its values.

    Attributes:
        version: its resourceVersion; they are ordered within one resource.
        marks: MACs by part (a projected Secret) or by data key (any other); None while no MAC key was to be had.
        clean: whether a projected Secret's data is in its canonical form.
        sizes: bytes by key, of a Secret that is an environment's or is to be taken over; of no other.
    """

    namespace: str
    name: str
    uid: str
    version: int
    type: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    owners: tuple[Mapping[str, Any], ...]
    marks: Mapping[str, str] | None
    clean: bool
    sizes: Mapping[str, int]

    @property
    def identity(self) -> str:
        """What the annotation of a Secret that is no copy says."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class SlotView:
    """An object that declares a slot.

    Attributes:
        declared: the object, its annotations without the one that kubectl keeps.
        last_applied: kubectl's annotation, only where it holds a value.
    """

    kind: Kind
    declared: Declared[Any]
    version: int
    last_applied: Sensitive | None

    @property
    def key(self) -> SlotKey:
        """The key of its runs."""
        return SlotKey(self.metadata.namespace, self.metadata.name, self.kind.word)

    @property
    def metadata(self) -> ObjectMeta:
        """The object's metadata."""
        return self.declared.metadata

    @property
    def status(self) -> Status:
        """The object's status."""
        return self.declared.status

    @property
    def interval(self) -> float:
        """Seconds between two looks at Vault."""
        text = self.declared.refresh_interval
        return parse_duration(text) if text else DEFAULT_INTERVAL

    @property
    def alive(self) -> bool:
        """Whether the object is not being deleted: one that is contributes nothing new."""
        return self.metadata.deletion_timestamp is None

    @property
    def leaves(self) -> bool:
        """Whether the object is being deleted and what it made is to stay."""
        return not self.alive and _ORPHAN in self.metadata.finalizers


def readable(kind: str, read: Callable[[Mapping[str, Any]], _V], raw: Mapping[str, Any]) -> _V | None:
    """What `read` makes of an object of a kind; one that cannot be read is told, is None, and stops nobody else."""
    try:
        return read(raw)
    except Exception as error:  # noqa: BLE001 - one tenant's object must not stop the others
        metadata = raw.get("metadata") or {}
        why = str(error) if isinstance(error, Unreadable) else type(error).__name__
        _log.error("%s %s/%s cannot be read: %s", kind, metadata.get("namespace"), metadata.get("name"), why)
        return None


def slot_view(kind: Kind, raw: Mapping[str, Any]) -> SlotView:
    """Read an object of that kind.

    Raises:
        Unreadable: here and not where a field is used, so that one tenant's object never stops the others'.
    """
    metadata = dict(raw["metadata"])
    annotations = dict(metadata.get("annotations") or {})
    applied = annotations.pop(LAST_APPLIED, None)
    metadata["annotations"] = annotations
    try:
        declared = kind.read({**raw, "metadata": metadata})
    except ValidationError as error:
        places = sorted({".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False)})
        raise Unreadable(", ".join(places)) from None
    # What the CRD's rules should have refused: an API server can hold objects from before a rule.
    if place := declared.unusable():
        raise Unreadable(place)
    kept = Sensitive.of_text(applied) if applied is not None and _holds_value(applied) else None
    return SlotView(kind, declared, version_of(metadata), kept)


def secret_view(raw: Mapping[str, Any], key: MacKey | None) -> SecretView:
    """Read a Secret: its values are only looked at to take their MACs."""
    metadata = raw["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    data = decode(raw.get("data") or {})
    kind = raw.get("type") or "Opaque"
    projected = OWNER_LABEL in labels
    found = parts.of_secret(kind, data) if projected else parts.Parts(data, clean=True)
    return SecretView(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        version=version_of(metadata),
        type=kind,
        labels=_kept(labels),
        annotations=_kept({k: v for k, v in annotations.items() if k != LAST_APPLIED}),
        owners=tuple(map(_kept, metadata.get("ownerReferences") or ())),
        marks=None
        if key is None
        else {
            part: mac.mac(
                key,
                namespace=metadata["namespace"],
                name=metadata["name"],
                uid=metadata["uid"],
                part=part,
                value=value,
            )
            for part, value in found.values.items()
        },
        clean=found.clean,
        sizes=_sizes(data) if kind == parts.ENV_TYPE and (projected or ADOPT_ANNOTATION in annotations) else _NO_SIZES,
    )


def _sizes(data: Mapping[str, Sensitive]) -> dict[str, int]:
    return {name: len(value) for name, value in data.items()}


def _kept(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping with the keys that we write shared: each answer brings its own, a quarter of what a Secret takes."""
    return {_SHARED.get(key, key): value for key, value in mapping.items()}


def decode(data: Mapping[str, str]) -> dict[str, Sensitive]:
    """A Secret's data; what is no base64 cannot come from the API server and is left out."""
    decoded = {}
    for name, text in data.items():
        try:
            decoded[name] = Sensitive(base64.b64decode(text, validate=True))
        except binascii.Error:
            continue
    return decoded


def version_of(metadata: Mapping[str, Any]) -> int:
    """The resourceVersion as a number; 0 where there is none."""
    text = metadata.get("resourceVersion") or "0"
    return int(text) if text.isdecimal() else 0


def _holds_value(applied: str) -> bool:
    """Whether kubectl's record of the manifest has an inline value; when in doubt, it does."""
    if not any(f'"{name}"' in applied for name in ("password", "token", "value")):
        return False
    try:
        spec = json.loads(applied).get("spec") or {}
        held = ("password", spec.get("registry")), ("token", spec.get("git")), ("value", spec)
        return any(name in (holder or {}) for name, holder in held)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return True
