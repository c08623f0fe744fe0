"""The value service: takes a value in, finds the one that holds, lets it go. It alone decides on entries in Vault.

Every write is check-and-set against the version that the decision was made on; a lost race is decided anew.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from slotwarden.domain.declared import from_vault, to_vault
from slotwarden.values import ownership
from slotwarden.values.ownership import Claim, Owner
from slotwarden.vault.errors import CasMismatch, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slotwarden.domain.credentials import NotText
    from slotwarden.domain.declared import Value
    from slotwarden.domain.entries import EntryRef
    from slotwarden.sensitive import Sensitive
    from slotwarden.values.store import ValueStore
    from slotwarden.vault.kv import Entry, EntryMetadata

RECOVERABLE: Final = timedelta(days=7)
"""How long a released value can be restored before it is purged."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
KEPT: Final = "the Secret keeps the last good value until it is undeleted there or the value is set again"
_UNSET: Final = "no value was set yet; set it inline, through a source Secret, or by writing the entry in Vault"
_ATTEMPTS: Final = 3


class NoValue(Exception):
    """Nothing was stored yet."""


class NotOwner(Exception):
    """The entry is another object's."""


class VersionDeleted(Exception):
    """The newest version was deleted or destroyed in Vault."""


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of an entry; the number alone starts at 1 again when an entry was purged."""

    number: int
    created_time: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The value that holds."""

    value: Value
    version: Version


class ValueService:
    """Values in one store, of either kind.

    Args:
        store: where entries are.
        now: the time, in UTC.
    """

    def __init__(self, store: ValueStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def settle(
        self, ref: EntryRef, me: Owner, intake: Value | None, *, adopt: bool = False, known: bool = False
    ) -> Stored:
        """Store `intake` where it is new, and answer with the value that holds.

        Args:
            known: the entry was the owner's at the last look: one read shows that it still is, and what it holds.

        Raises:
            NotOwner, NoValue, VersionDeleted: as their names say.
            InvalidValue: what Vault holds is no value of that kind.
            VaultError: Vault did not do it.
        """
        for attempt in range(_ATTEMPTS):
            with contextlib.suppress(CasMismatch):
                return await self._settle(ref, me, intake, adopt, known=known and attempt == 0)
        return await self._settle(ref, me, intake, adopt, known=False)

    async def look(self, ref: EntryRef, me: Owner) -> Version | None:
        """The version that holds, by one read of metadata; None where `settle` has to look closer."""
        metadata = await self._store.read_metadata(ref)
        if metadata is None or ownership.read(metadata.custom_metadata) != self._mine(me, metadata.custom_metadata):
            return None
        await self._destroy_inherited(ref, me, metadata)
        newest = metadata.versions.get(metadata.current_version)
        if newest is None or newest.is_gone(self._now()):
            return None
        return Version(metadata.current_version, newest.created_time)

    async def current(self, ref: EntryRef, me: Owner) -> Stored:
        """The value that holds, of an object that has settled: nothing is claimed, restored or written.

        Raises:
            NotOwner, NoValue, VersionDeleted: as their names say.
            InvalidValue: what Vault holds is no value of that kind.
        """
        metadata, owner = await self._owned(ref)
        entry = await self._store.read(ref) if owner is not None and owner.same_object(me) else None
        if metadata is None or entry is None:
            raise NoValue(_UNSET)
        if entry.custom_metadata != metadata.custom_metadata:
            raise NotOwner("the entry changed hands while it was read")
        if entry.version < self._mine(me, entry.custom_metadata).first_version:
            raise NoValue(_UNSET)
        return Stored(from_vault(ref, _data(entry)), Version(entry.version, entry.created_time))

    async def release(self, ref: EntryRef, cluster: str, object_uid: str) -> bool:
        """Work off an object's deletion: soft-delete its value unless its policy says Retain.

        Returns:
            Whether something was deleted. An entry that names another owner is left alone.
        """
        metadata, owner = await self._owned(ref)
        if metadata is None or owner is None or (owner.cluster, owner.object_uid) != (cluster, object_uid):
            return False
        if owner.policy == "Retain" or owner.released:
            return False
        await self._release(ref, metadata, owner)
        return True

    async def purge(self, ref: EntryRef, cluster: str) -> bool:
        """Remove an entry that was released longer ago than `RECOVERABLE`, for good, unless it says Retain by now.

        Returns:
            Whether it was removed.
        """
        _, owner = await self._owned(ref)
        if owner is None or owner.cluster != cluster or owner.policy == "Retain":
            return False
        if _recoverable_until(owner) > self._now():
            return False
        await self._store.purge(ref)
        return True

    async def owner(self, ref: EntryRef) -> Owner | None:
        """Whose an entry is; None where there is none or it names nobody."""
        _, owner = await self._owned(ref)
        return owner

    async def _owned(self, ref: EntryRef) -> tuple[EntryMetadata | None, Owner | None]:
        """An entry's metadata, and whom it names."""
        metadata = await self._store.read_metadata(ref)
        return metadata, ownership.read(metadata.custom_metadata) if metadata else None

    async def _settle(self, ref: EntryRef, me: Owner, intake: Value | None, adopt: bool, *, known: bool) -> Stored:
        """One try. Whose the entry is comes first: another's value is not even read, or looked at where it was."""
        if known:
            entry = await self._store.read(ref)
            owner = ownership.read(entry.custom_metadata) if entry else None
            if entry is not None and owner is not None and owner.same_object(me):
                return await self._settle_own(ref, me, entry, intake)
        metadata = await self._store.read_metadata(ref)
        if metadata is None:
            if intake is None:
                raise NoValue(_UNSET)
            return await self._write(ref, {}, me, intake, 0)
        claim = ownership.claim(metadata.custom_metadata, me, adopt=adopt)
        if claim is Claim.REFUSE:
            raise NotOwner(
                "the entry in Vault belongs to another object, another namespace of this name or another cluster; "
                'annotate this object with slotwarden.io/adopt-value: "true" to take it over'
            )
        if claim in (Claim.RELEASE, Claim.SUCCEED):
            return await self._succeed(ref, me, metadata, intake)
        entry = await self._store.read(ref)
        if entry is None:
            if intake is None:
                raise NoValue(_UNSET)
            mine = self._mine(me, metadata.custom_metadata)
            return await self._write(ref, metadata.custom_metadata, mine, intake, metadata.current_version)
        if entry.custom_metadata != metadata.custom_metadata:
            raise CasMismatch(Operation.READ, self._store.location(ref), "the entry changed hands while it was read")
        return await self._settle_own(ref, me, entry, intake)

    async def _succeed(self, ref: EntryRef, me: Owner, metadata: EntryMetadata, intake: Value | None) -> Stored:
        """Follow a dead predecessor, whose value is let go first; nothing of it is read."""
        owner = ownership.read(metadata.custom_metadata)
        if owner is not None and not owner.released:
            await self._release(ref, metadata, owner)
        if intake is None:
            if _recoverable_until(owner) < self._now():
                await self._store.purge(ref)
            raise NoValue(
                "no value was set yet; the deleted value of a predecessor can be restored with the annotation "
                'slotwarden.io/adopt-value: "true"'
            )
        heir = ownership.succeeding(me, metadata.current_version)
        return await self._write(ref, metadata.custom_metadata, heir, intake, metadata.current_version)

    async def _settle_own(self, ref: EntryRef, me: Owner, entry: Entry, intake: Value | None) -> Stored:
        known = ownership.read(entry.custom_metadata)
        mine = self._mine(me, entry.custom_metadata)
        if entry.data is None and known is not None and known.released and intake is None:
            # We deleted it when its owner went; the owner is back.
            await self._store.undelete(ref, [entry.version])
            restored = await self._store.read(ref)
            entry = restored or entry
        if intake is not None and entry.data != to_vault(intake):
            return await self._write(ref, entry.custom_metadata, mine, intake, entry.version)
        if entry.version < mine.first_version:
            raise NoValue(_UNSET)
        data = _data(entry)
        if known != mine:
            await self._store.write_custom_metadata(ref, ownership.write(entry.custom_metadata, mine))
        return Stored(from_vault(ref, data), Version(entry.version, entry.created_time))

    async def _write(
        self, ref: EntryRef, custom_metadata: Mapping[str, str], owner: Owner, value: Value, cas: int
    ) -> Stored:
        """Claim first, then store: a crash in between leaves an owned entry without a value, not a value of nobody."""
        wanted = ownership.write(custom_metadata, owner)
        if wanted != custom_metadata:
            await self._store.write_custom_metadata(ref, wanted, creates=cas == 0 and not custom_metadata)
        written = await self._store.write(ref, to_vault(value), cas=cas)
        claimed = ownership.read(written.custom_metadata)
        if claimed is None or not claimed.same_object(owner):
            await self._store.soft_delete(ref, [written.version])
            raise NotOwner("another cluster claimed the entry in Vault at the same moment")
        return Stored(value, Version(written.version, written.created_time))

    async def _release(self, ref: EntryRef, metadata: EntryMetadata, owner: Owner) -> None:
        alive = [number for number, version in metadata.versions.items() if not version.is_gone(self._now())]
        if alive:
            await self._store.soft_delete(ref, sorted(alive))
        marked = replace(owner, released=self._now().isoformat(timespec="seconds"))
        await self._store.write_custom_metadata(ref, ownership.write(metadata.custom_metadata, marked))

    async def _destroy_inherited(self, ref: EntryRef, me: Owner, metadata: EntryMetadata) -> None:
        """Remove for good what a predecessor left below the first version, when nobody may want it back any more."""
        first = self._mine(me, metadata.custom_metadata).first_version
        old = [
            number
            for number, version in metadata.versions.items()
            if number < first and not version.destroyed and version.is_gone(self._now() - RECOVERABLE)
        ]
        if old:
            await self._store.destroy(ref, sorted(old))

    @staticmethod
    def _mine(me: Owner, custom_metadata: Mapping[str, str]) -> Owner:
        """The owner as the entry should name it once it is mine: whose versions come first stays known."""
        known = ownership.read(custom_metadata)
        return me if known is None else replace(me, first_version=known.first_version)


def _data(entry: Entry) -> Mapping[str, Sensitive | NotText]:
    if entry.data is None:
        what = "destroyed" if entry.destroyed else "deleted"
        raise VersionDeleted(f"version {entry.version} was {what} in Vault; {KEPT}")
    return entry.data


def _recoverable_until(owner: Owner | None) -> datetime:
    """Until when a released value can be restored; for ever where it was not released or nobody can tell when."""
    if owner is None or not owner.released:
        return _NEVER
    try:
        released = datetime.fromisoformat(owner.released)
        return released.replace(tzinfo=released.tzinfo or UTC) + RECOVERABLE
    except (ValueError, OverflowError):
        return _NEVER
