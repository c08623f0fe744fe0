"""What a door may do with one value: set it, reveal it, list its versions, roll it back. The gateway works with it.

Who may come in is decided before; here an entry is touched only where it is the object's, and its data is looked at
only then. A door states its intent before it writes, so that the operator looks for what a door that dies left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from weakref import WeakValueDictionary

from slotwarden.values.entries import (
    CHANGED_HANDS,
    UNSET,
    Entries,
    NotOwner,
    NoValue,
    Version,
    VersionDeleted,
    decided_anew,
    hold,
    hold_of_known,
    holds,
    stored,
)
from slotwarden.values.ownership import Claim

if TYPE_CHECKING:
    from datetime import datetime

    from slotwarden.domain.declared import Value
    from slotwarden.domain.entries import EntryRef
    from slotwarden.values.entries import Hold, Stored
    from slotwarden.values.ownership import Owner
    from slotwarden.values.store import ValueStore
    from slotwarden.vault.kv import Entry, EntryMetadata, VersionMetadata

Intent = Callable[[int], Awaitable[None]]
"""Called with the version that the entry will have, before each try to write it; and where equal content makes none."""
Gone = Literal["", "deleted", "destroyed"]
_ATTEMPTS: Final = 8


class VersionMismatch(Exception):
    """The newest version is not the one that the caller expects.

    Attributes:
        current: the newest version of the object's own; 0 without one.
    """

    def __init__(self, current: int) -> None:
        super().__init__(f"the newest version is {current}" if current else "no value was set yet")
        self.current = current


class VersionUnknown(Exception):
    """The object has no such version: there was none, Vault keeps it no more, or it is a predecessor's."""


class Misfit(Exception):
    """The value of an earlier version may not be used now; the text says why, and holds no part of the value."""


@dataclass(frozen=True, slots=True)
class SetResult:
    """What a set or a rollback made.

    Attributes:
        version: the version that holds now. Of a dry run the number that would be made, with no time.
        changed: whether it was made; equal content makes none.
    """

    version: Version
    changed: bool


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version of a value, without the value.

    Attributes:
        gone: why it cannot be read; empty where it can.
        current: whether it is the newest.
    """

    version: Version
    gone: Gone
    current: bool


class ValueDoors:
    """Values for those who come through a door. All methods raise `VaultError`s where Vault did not do it.

    Args:
        store: where entries are.
        now: the time, in UTC.
    """

    def __init__(self, store: ValueStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._entries = Entries(store)
        self._turns: WeakValueDictionary[EntryRef, asyncio.Lock] = WeakValueDictionary()

    async def set(
        self,
        ref: EntryRef,
        owner: Owner,
        value: Value,
        intent: Intent,
        *,
        adopt: bool = False,
        expected: int | None = None,
        dry_run: bool = False,
    ) -> SetResult:
        """Have the entry hold a value. What it holds already makes no version.

        Args:
            adopt: another's entry is taken over.
            expected: the newest version that the caller knows of; 0 for none. A set that is repeated because its answer
                was lost meets its own version, and succeeds.
            dry_run: decide, and neither state an intent nor write.

        Raises:
            NotOwner: the entry is another's.
            VersionMismatch: the newest version is not the expected one.
            CasMismatch: writers elsewhere were faster each time.
        """

        async def decide() -> SetResult:
            metadata = await self._store.read_metadata(ref)
            held = hold(metadata, owner, self._now(), adopt=adopt)
            newest = await self._entries.read(ref, held) if held.own_version else None
            same = newest is not None and holds(ref, newest, value)
            check_expected(held, expected, same=same)
            return await self._put(ref, held, newest if same else None, value, intent, dry_run=dry_run)

        return await self._in_turn(ref, decide)

    async def reveal(self, ref: EntryRef, owner: Owner, version: int | None = None) -> Stored:
        """The value, or an earlier one.

        Raises:
            NotOwner: the entry is another's.
            NoValue: none was set.
            VersionUnknown, VersionDeleted: as their names say.
            InvalidValue: what Vault holds is no value of that kind.
        """
        metadata = await self._store.read_metadata(ref)
        return stored(ref, await self._read(ref, owner, version_to_read(metadata, owner, version, self._now())))

    async def versions(self, ref: EntryRef, owner: Owner) -> tuple[VersionInfo, ...]:
        """The object's own versions, newest first; none where no value was set.

        Raises:
            NotOwner: the entry is another's.
        """
        metadata = await self._store.read_metadata(ref)
        return history(metadata, owner, self._now())

    async def rollback(
        self,
        ref: EntryRef,
        owner: Owner,
        version: int,
        intent: Intent,
        *,
        fits: Callable[[Value], str | None],
        dry_run: bool = False,
    ) -> SetResult:
        """Have the entry hold again what an earlier version holds, as a new version.

        Args:
            fits: says why a value may not be used now; None where it may.
            dry_run: decide, and neither state an intent nor write.

        Raises:
            Misfit: it may not.
            NotOwner, NoValue, VersionUnknown, VersionDeleted, InvalidValue: as `reveal`.
            CasMismatch: writers elsewhere were faster each time.
        """

        async def decide() -> SetResult:
            metadata = await self._store.read_metadata(ref)
            held = hold(metadata, owner, self._now())
            earlier = await self._read(ref, owner, version_to_read(metadata, owner, version, self._now()))
            value = stored(ref, earlier).value
            why = fits(value)
            if why is not None:
                raise Misfit(why)
            newest = await self._entries.read(ref, held) if version != held.version else earlier
            same = newest is not None and holds(ref, newest, value)
            return await self._put(ref, held, newest if same else None, value, intent, dry_run=dry_run)

        return await self._in_turn(ref, decide)

    async def _in_turn(self, ref: EntryRef, decide: Callable[[], Awaitable[SetResult]]) -> SetResult:
        """Decide, one at a time for each entry: who comes through this process has only other processes to race."""
        turn = self._turns.setdefault(ref, asyncio.Lock())
        async with turn:
            return await decided_anew(_ATTEMPTS, decide)

    async def _put(
        self, ref: EntryRef, held: Hold, same: Entry | None, value: Value, intent: Intent, *, dry_run: bool
    ) -> SetResult:
        """Write a value, unless the newest version is the `same`."""
        if same is not None:
            if not dry_run:
                await intent(same.version)
                await self._entries.claim(ref, held)
            return SetResult(Version(same.version, same.created_time), changed=False)
        if dry_run:
            return SetResult(Version(held.version + 1, ""), changed=True)
        await intent(held.version + 1)
        return SetResult(await self._entries.write(ref, held, value), changed=True)

    async def _read(self, ref: EntryRef, owner: Owner, version: int) -> Entry:
        """One version, which was the owner's just now."""
        entry = await self._store.read(ref, version)
        if entry is None:
            raise VersionUnknown(f"there is no version {version} any more")
        held = hold_of_known(entry, owner)
        if held is None or entry.version < held.owner.first_version:
            raise NotOwner(CHANGED_HANDS)
        return entry


def check_expected(held: Hold, expected: int | None, *, same: bool) -> None:
    """Whether the newest version is the expected one, or was when this very content was written.

    Raises:
        VersionMismatch: neither.
    """
    current = held.own_version
    before = current - 1 if current > held.owner.first_version else 0
    if expected is not None and expected != current and not (same and expected == before):
        raise VersionMismatch(current)


def version_to_read(metadata: EntryMetadata | None, owner: Owner, version: int | None, now: datetime) -> int:
    """The number of the version to read; None stands for the newest.

    Raises:
        NotOwner, NoValue, VersionUnknown, VersionDeleted: as their names say.
    """
    held = hold(metadata, owner, now)
    if metadata is None or held.claim is not Claim.OWN or not held.own_version:
        raise NoValue(UNSET)
    wanted = held.own_version if version is None else version
    found = metadata.versions.get(wanted)
    if found is None or wanted < held.owner.first_version:
        raise VersionUnknown(f"there is no version {wanted}")
    gone = _gone(found, now)
    if gone:
        raise VersionDeleted(f"version {wanted} was {gone} in Vault")
    return wanted


def history(metadata: EntryMetadata | None, owner: Owner, now: datetime) -> tuple[VersionInfo, ...]:
    """The owner's versions, newest first.

    Raises:
        NotOwner: the entry is another's.
    """
    held = hold(metadata, owner, now)
    if metadata is None or held.claim is not Claim.OWN:
        return ()
    return tuple(
        VersionInfo(Version(at, version.created_time), _gone(version, now), current=at == metadata.current_version)
        for at, version in sorted(metadata.versions.items(), reverse=True)
        if at >= held.owner.first_version
    )


def _gone(version: VersionMetadata, now: datetime) -> Gone:
    if version.destroyed:
        return "destroyed"
    return "deleted" if version.is_gone(now) else ""
