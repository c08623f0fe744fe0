"""What is kept of an object: what the published APIs tell of it, and nothing of what others wrote beside.

A gateway holds one for every object that it serves. So there are no labels, annotations, conditions or managed fields
in it, and texts that many objects share are held once.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import TypeAdapter

from slotwarden.domain.declared import CREATED_ANNOTATION
from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.domain.kinds import KINDS
from slotwarden.resources.slotstatus import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.domain.declared import Declared
    from slotwarden.domain.entries import EntryRef
    from slotwarden.gateway.aggregated.group import Resource
    from slotwarden.resources.secretslot import DeletionPolicy
    from slotwarden.resources.slotstatus import Pending, SlotType

_OPERATIONS: Final = TypeAdapter(tuple[Operation, ...])
_KINDS: Final = {kind.name: kind for kind in KINDS}
_BELIEVED: Final = timedelta(seconds=5)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Record:
    """One object as it was at a version, without its value. Times are in UTC.

    It equals itself alone, so that what was made of it can be remembered for it.

    Attributes:
        version: its resourceVersion; they are ordered within one resource.
        born: its creationTimestamp as the API server writes it, to the second.
        created: the same, more exactly where the gateway made the object; never changes.
        updated: when its value or, of an EnvSecret, its declaration last changed.
        told: when Vault made the version that the status tells of; None where it tells of none.
        type: the kind of credential; None for an EnvSecret.
        username: that the object declares; None where it comes with the value.
        pending: the request to set the value that the operator has not answered yet.
        answered: the requests that it has answered, see `operations`; as JSON, which is a quarter of their size.
        deleting: whether it only waits for its finalizers.
        entry: where its value is.
    """

    resource: Resource
    namespace: str
    name: str
    uid: str
    version: int
    born: str
    created: datetime
    updated: datetime
    told: datetime | None
    description: str | None
    type: SlotType | None
    username: str | None
    has_value: bool
    pending: Pending | None
    answered: bytes
    deleting: bool
    policy: DeletionPolicy
    entry: EntryRef

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The requests to set the value that the operator has answered, the newest first."""
        return _OPERATIONS.validate_json(self.answered)

    @property
    def age(self) -> tuple[str, str]:
        """Orders the objects that stand for one key, as the operator does: the first one holds it."""
        return (self.born, self.uid)

    @property
    def position(self) -> tuple[datetime, str]:
        """Orders the objects of an environment by when they were made; no two share one."""
        return (self.created, self.uid)


def record_of(raw: Mapping[str, Any]) -> Record:
    """The record of an object as the API server gives it.

    Raises:
        ValueError: it is none that the API server would take; the text quotes nothing of it.
    """
    kind = _KINDS.get(str(raw.get("kind")))
    if kind is None:
        raise ValueError("not an object of ours")
    declared = kind.read(raw)
    metadata, status = declared.metadata, declared.status
    created = _created(metadata.creation_timestamp, metadata.annotations.get(CREATED_ANNOTATION))
    told = time_of(status.updated_at)
    return Record(
        resource=cast("Resource", kind.resource),
        namespace=sys.intern(metadata.namespace),
        name=metadata.name,
        uid=metadata.uid,
        version=int(metadata.resource_version or 0),
        born=metadata.creation_timestamp,
        created=created,
        updated=max(created, told or _NEVER, _described(declared, raw)),
        told=told,
        description=getattr(declared.manifest.spec, "description", None),
        type=declared.type,
        username=getattr(declared, "username", None),
        has_value=bool(status.has_value),
        pending=status.pending,
        answered=_OPERATIONS.dump_json(status.operations, by_alias=True, exclude_none=True),
        deleting=metadata.deletion_timestamp is not None,
        policy=declared.deletion_policy,
        entry=_shared(declared.entry),
    )


def _created(born: str, more_exactly: str | None) -> datetime:
    """When an object was made. Anybody may write the annotation, so it only says which moment of about that second."""
    time, exact = time_of(born) or _NEVER, time_of(more_exactly)
    return exact if exact is not None and abs(exact - time) <= _BELIEVED else time


def _described(declared: Declared[Any], raw: Mapping[str, Any]) -> datetime:
    """When the declaration of an EnvSecret was last written: a new description is a change that its readers see."""
    if not isinstance(declared.entry, EnvRef):
        return _NEVER
    fields = (raw.get("metadata") or {}).get("managedFields") or ()
    return max((time_of(each.get("time")) or _NEVER for each in fields if not each.get("subresource")), default=_NEVER)


def time_of(text: str | None) -> datetime | None:
    """A time as RFC 3339 has it, to the microsecond; None for anything else."""
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo is not None else None


def _shared(entry: EntryRef) -> EntryRef:
    if isinstance(entry, SlotRef):
        return SlotRef(sys.intern(entry.organization), entry.slot)
    return EnvRef(*map(sys.intern, entry))
