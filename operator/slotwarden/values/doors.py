"""What a door may do with one value: set it, reveal it, list its versions, roll it back. The gateway works with it.

Who may come in is decided before; here an entry is touched only where it is the object's, and its data is looked at
only then. A door states its intent before it writes, so that the operator looks for what a door that dies left behind.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from slotwarden.domain.credentials import InvalidValue
from slotwarden.values.entries import (
    CHANGED_HANDS,
    FRESH,
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
from slotwarden.values.sealing import EncryptionFailed
from slotwarden.values.versions import (
    VersionUnknown,
    check_expected,
    check_readable,
    has_value,
    history,
    own_newest,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from slotwarden.domain.declared import Value
    from slotwarden.domain.entries import EntryRef
    from slotwarden.values.entries import Hold, Stored
    from slotwarden.values.ownership import Owner
    from slotwarden.values.store import ValueStore
    from slotwarden.values.versions import VersionInfo
    from slotwarden.vault.kv import Entry, EntryMetadata

Intent = Callable[[int], Awaitable[None]]
"""Called with the version that the entry will have, before each try to write it; and where equal content makes none."""
_ATTEMPTS: Final = 16
_READS: Final = 16


_SINGLE: Final = (NotOwner, NoValue, VersionDeleted, EncryptionFailed, InvalidValue)
"""What is wrong with one value, and not with Vault."""


class AlreadySet(Exception):
    """The object has a value, and only a first one was to be set."""

    def __init__(self) -> None:
        super().__init__("a value was set already")


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
class Look:
    """A look at an entry that was begun.

    Attributes:
        metadata: what its metadata are; None without an entry.
        since: when it was begun, in monotonic seconds.
    """

    metadata: asyncio.Future[EntryMetadata | None]
    since: float


class ValueDoors:
    """Values for those who come through a door. All methods raise `VaultError`s where Vault did not do it.

    Args:
        store: where entries are.
        now: the time, in UTC.
        clock: monotonic seconds.
    """

    def __init__(
        self, store: ValueStore, now: Callable[[], datetime], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._now = now
        self._clock = clock
        self._entries = Entries(store, clock)
        self._turns: WeakValueDictionary[EntryRef, asyncio.Lock] = WeakValueDictionary()

    @property
    def seals(self) -> bool:
        """Whether values can be encrypted."""
        return self._store.seals

    def begin(self, ref: EntryRef) -> Look:
        """Begin to look at an entry, for a `set` that follows: beside the making of its object. It fails there."""
        look = Look(asyncio.ensure_future(self._store.read_metadata(ref)), self._clock())
        # Where the object is not made, nobody asks what came of it.
        look.metadata.add_done_callback(lambda done: done.cancelled() or done.exception())
        return look

    async def set(
        self,
        ref: EntryRef,
        owner: Owner,
        value: Value,
        intent: Intent,
        *,
        adopt: bool = False,
        expected: int | None = None,
        first: bool = False,
        begun: Look | None = None,
        dry_run: bool = False,
    ) -> SetResult:
        """Have the entry hold a value. What it holds already makes no version.

        Args:
            adopt: another's entry is taken over.
            expected: the newest version that the caller knows of; 0 for none. A set that is repeated because its answer
                was lost meets its own version, and succeeds.
            first: only where the object has no value; what it has is not even looked at.
            begun: see `begin`. Where there is an entry already, or may be one by now, it is looked at again.
            dry_run: decide, and neither state an intent nor write.

        Raises:
            NotOwner: the entry is another's.
            AlreadySet: it has a value, this one or another.
            VersionMismatch: the newest version is not the expected one.
            EncryptionFailed: it is to be encrypted, and cannot be.
            CasMismatch: writers elsewhere were faster each time.
        """

        async def decide() -> SetResult:
            nonlocal begun
            look, begun = begun, None
            seen, metadata = await self._look(ref, look)
            held = hold(metadata, owner, self._now(), adopt=adopt)
            if first and has_value(metadata, held, self._now()):
                raise AlreadySet
            newest = await self._entries.read(ref, held) if held.own_version and not first else None
            same = newest is not None and holds(ref, newest, value)
            check_expected(held, expected, same=same)
            return await self._put(ref, held, newest if same else None, value, intent, seen=seen, dry_run=dry_run)

        return await self._in_turn(ref, decide)

    async def reveal(self, ref: EntryRef, owner: Owner, version: int | None = None) -> Stored:
        """The value, by one read, or an earlier one.

        Raises:
            NotOwner: the entry is another's.
            NoValue: none was set.
            VersionUnknown, VersionDeleted, EncryptionFailed: as their names say.
            InvalidValue: what Vault holds is no value of that kind.
        """
        if version is None:
            entry = own_newest(await self._store.fetch(ref), owner)
            return stored(ref, (await self._store.open([(ref, entry)]))[0])
        return stored(ref, await self._read(ref, owner, version, await self._store.read_metadata(ref)))

    async def reveal_all(self, asked: Sequence[tuple[EntryRef, Owner]]) -> list[Stored | Exception]:
        """Many newest values, in their order, or the exception that `reveal` would raise; encrypted ones in batches."""
        places = asyncio.Semaphore(_READS)

        async def read(ref: EntryRef, owner: Owner) -> Entry | Exception:
            async with places:
                try:
                    return own_newest(await self._store.fetch(ref), owner)
                except _SINGLE as error:
                    return error

        found = await asyncio.gather(*(read(ref, owner) for ref, owner in asked))
        own = {at: (asked[at][0], entry) for at, entry in enumerate(found) if not isinstance(entry, Exception)}
        opened = dict(zip(own, await self._store.open(list(own.values())), strict=True))
        return [_told(asked[at][0], opened.get(at) or entry) for at, entry in enumerate(found)]

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
        kept: Callable[[Value], Value] = lambda value: value,
        dry_run: bool = False,
    ) -> SetResult:
        """Have the entry hold again what an earlier version holds, as a new version.

        Args:
            fits: says why a value may not be used now; None where it may.
            kept: the value as it is to be stored now.
            dry_run: decide, and neither state an intent nor write.

        Raises:
            Misfit: it may not.
            NotOwner, NoValue, VersionUnknown, VersionDeleted, EncryptionFailed, InvalidValue: as `reveal`.
            CasMismatch: writers elsewhere were faster each time.
        """

        async def decide() -> SetResult:
            seen, metadata = await self._look(ref)
            held = hold(metadata, owner, self._now())
            earlier = await self._read(ref, owner, version, metadata)
            value = kept(stored(ref, earlier).value)
            why = fits(value)
            if why is not None:
                raise Misfit(why)
            newest = await self._entries.read(ref, held) if version != held.version else earlier
            same = newest is not None and holds(ref, newest, value)
            return await self._put(ref, held, newest if same else None, value, intent, seen=seen, dry_run=dry_run)

        return await self._in_turn(ref, decide)

    async def _in_turn(self, ref: EntryRef, decide: Callable[[], Awaitable[SetResult]]) -> SetResult:
        """Decide, one at a time for each entry: who comes through this process has only other processes to race."""
        turn = self._turns.setdefault(ref, asyncio.Lock())
        async with turn:
            return await decided_anew(_ATTEMPTS, decide)

    async def _look(self, ref: EntryRef, begun: Look | None = None) -> tuple[float, EntryMetadata | None]:
        """When an entry was looked at, by the clock, and its metadata.

        Args:
            begun: is enough where it found no entry just now.
        """
        if begun is not None and await begun.metadata is None and self._clock() - begun.since <= FRESH:
            return begun.since, None
        return self._clock(), await self._store.read_metadata(ref)

    async def _put(
        self, ref: EntryRef, held: Hold, same: Entry | None, value: Value, intent: Intent, *, seen: float, dry_run: bool
    ) -> SetResult:
        """Write a value, unless the newest version is the `same`."""
        if same is not None:
            if not dry_run:
                await intent(same.version)
                await self._entries.claim(ref, held)
            return SetResult(Version(same.version, same.created_time), changed=False)
        if dry_run:
            self._entries.check(value)
            return SetResult(Version(held.version + 1, ""), changed=True)
        return SetResult(await self._entries.write(ref, held, value, intent, seen), changed=True)

    async def _read(self, ref: EntryRef, owner: Owner, version: int, metadata: EntryMetadata | None) -> Entry:
        """One version of an entry that was seen to be the owner's."""
        check_readable(metadata, owner, version, self._now())
        entry = await self._store.read(ref, version)
        if entry is None:
            raise VersionUnknown(f"there is no version {version} any more")
        held = hold_of_known(entry, owner)
        if held is None or entry.version < held.owner.first_version:
            raise NotOwner(CHANGED_HANDS)
        return entry


def _told(ref: EntryRef, found: Entry | Exception) -> Stored | Exception:
    if isinstance(found, Exception):
        return found
    try:
        return stored(ref, found)
    except _SINGLE as error:
        return error
