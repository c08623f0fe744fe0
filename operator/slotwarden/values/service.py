"""The value service: takes a value in, finds the one that holds, lets it go. It alone decides on entries in Vault.

`entries` says what may be done with one; here is what the operator does.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from slotwarden.values import ownership
from slotwarden.values.entries import (
    CHANGED_HANDS,
    UNSET,
    Entries,
    NotOwner,
    NoValue,
    Stored,
    Version,
    VersionDeleted,
    decided_anew,
    hold,
    hold_of_known,
    holds,
    named,
    readable,
    stored,
)
from slotwarden.values.ownership import Claim
from slotwarden.vault.errors import CasMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotwarden.domain.declared import Value
    from slotwarden.domain.entries import EntryRef
    from slotwarden.values.entries import Hold
    from slotwarden.values.ownership import Owner
    from slotwarden.values.store import ValueStore
    from slotwarden.vault.kv import Entry, EntryMetadata

    Kept = Callable[[Value], Value]

RECOVERABLE: Final = timedelta(days=7)
"""How long a released value can be restored before it is purged."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
KEPT: Final = "the Secret keeps the last good value until it is undeleted there or the value is set again"
_INHERITED: Final = (
    "no value was set yet; the deleted value of a predecessor can be restored with the annotation "
    'slotwarden.io/adopt-value: "true"'
)
_ATTEMPTS: Final = 4


class ValueService:
    """Values in one store, of either kind.

    Args:
        store: where entries are.
        now: the time, in UTC.
    """

    def __init__(self, store: ValueStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._entries = Entries(store)

    async def settle(
        self,
        ref: EntryRef,
        me: Owner,
        intake: Value | None,
        *,
        adopt: bool = False,
        known: bool = False,
        kept: Kept = lambda value: value,
    ) -> Stored:
        """Store `intake` where it is new, and answer with the value that holds.

        Args:
            kept: the value as Vault is to hold it: what it holds in another form is written anew.
            known: the entry was the owner's at the last look: one read shows that it still is, and what it holds.

        Raises:
            NotOwner, NoValue, VersionDeleted, EncryptionFailed: as their names say.
            InvalidValue: what Vault holds is no value of that kind.
            VaultError: Vault did not do it.
        """
        if known:
            entry = await self._store.read(ref)
            held = hold_of_known(entry, me)
            if entry is not None and held is not None:
                with contextlib.suppress(CasMismatch):
                    return await self._settle_own(ref, held, entry, intake, kept)
        return await decided_anew(_ATTEMPTS, lambda: self._settle(ref, me, intake, kept, adopt=adopt))

    async def look(self, ref: EntryRef, me: Owner) -> Version | None:
        """The version that holds, by one read of metadata; None where `settle` has to look closer."""
        metadata, owner = await self._owned(ref)
        if metadata is None or owner is None or owner != named(metadata.custom_metadata, me):
            return None
        await self._destroy_inherited(ref, owner, metadata)
        newest = metadata.versions.get(metadata.current_version)
        if newest is None or newest.is_gone(self._now()):
            return None
        return Version(metadata.current_version, newest.created_time)

    async def current(self, ref: EntryRef, me: Owner) -> Stored:
        """The value that holds, of an object that has settled: nothing is claimed, restored or written.

        Raises:
            NotOwner, NoValue, VersionDeleted, EncryptionFailed: as their names say.
            InvalidValue: what Vault holds is no value of that kind.
        """
        _, owner = await self._owned(ref)
        entry = await self._store.read(ref) if owner is not None and owner.same_object(me) else None
        if entry is None:
            raise NoValue(UNSET)
        held = hold_of_known(entry, me)
        if held is None:
            raise NotOwner(CHANGED_HANDS)
        if not held.own_version:
            raise NoValue(UNSET)
        return _stored(ref, entry)

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
        await self._release(ref, readable(metadata, self._now()), owner)
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

    async def _settle(self, ref: EntryRef, me: Owner, intake: Value | None, kept: Kept, *, adopt: bool) -> Stored:
        """One try. Whose the entry is comes first: another's value is not even read."""
        metadata = await self._store.read_metadata(ref)
        held = hold(metadata, me, self._now(), adopt=adopt)
        if intake is None and metadata is not None and held.claim in (Claim.RELEASE, Claim.SUCCEED):
            await self._inherit(ref, held, metadata)
        entry = await self._entries.read(ref, held) if held.own_version else None
        if entry is not None:
            return await self._settle_own(ref, held, entry, intake, kept)
        if intake is None:
            raise NoValue(UNSET)
        return await self._write(ref, held, intake)

    async def _inherit(self, ref: EntryRef, held: Hold, metadata: EntryMetadata) -> NoReturn:
        """Follow a dead predecessor without a value of one's own: what it left is let go, and nothing of it is read."""
        owner = ownership.read(held.custom_metadata)
        if owner is not None and not owner.released:
            await self._release(ref, held.inherited, owner)
        await self._destroy_inherited(ref, held.owner, metadata)
        raise NoValue(_INHERITED)

    async def _settle_own(self, ref: EntryRef, held: Hold, entry: Entry, intake: Value | None, kept: Kept) -> Stored:
        known = ownership.read(entry.custom_metadata)
        if entry.data is None and known is not None and known.released and intake is None:
            # We deleted it when its owner went; the owner is back.
            await self._store.undelete(ref, [entry.version])
            entry = await self._store.read(ref) or entry
        if intake is not None and not (held.own_version and holds(ref, entry, intake)):
            return await self._write(ref, held, intake)
        if not held.own_version:
            raise NoValue(UNSET)
        if entry.data is not None:
            await self._entries.claim(ref, held)
        found = _stored(ref, entry)
        wanted = kept(found.value)
        return found if wanted == found.value else await self._write(ref, held, wanted)

    async def _write(self, ref: EntryRef, held: Hold, value: Value) -> Stored:
        return Stored(value, await self._entries.write(ref, held, value))

    async def _release(self, ref: EntryRef, versions: Sequence[int], owner: Owner) -> None:
        """Let go of an owner's versions. The mark is added to the entry, so that it ends no claim made meanwhile."""
        if versions:
            await self._store.soft_delete(ref, versions)
        mark = ownership.released(owner, self._now().isoformat(timespec="seconds"))
        await self._store.patch_custom_metadata(ref, mark)

    async def _destroy_inherited(self, ref: EntryRef, owner: Owner, metadata: EntryMetadata) -> None:
        """Remove for good what a predecessor left below the first version, when nobody may want it back any more."""
        old = [
            number
            for number, version in metadata.versions.items()
            if number < owner.first_version and not version.destroyed and version.is_gone(self._now() - RECOVERABLE)
        ]
        if old:
            await self._store.destroy(ref, sorted(old))


def _stored(ref: EntryRef, entry: Entry) -> Stored:
    try:
        return stored(ref, entry)
    except VersionDeleted as error:
        raise VersionDeleted(f"{error}; {KEPT}") from None


def _recoverable_until(owner: Owner | None) -> datetime:
    """Until when a released value can be restored; for ever where it was not released or nobody can tell when."""
    if owner is None or not owner.released:
        return _NEVER
    try:
        released = datetime.fromisoformat(owner.released)
        return released.replace(tzinfo=released.tzinfo or UTC) + RECOVERABLE
    except (ValueError, OverflowError):
        return _NEVER
