"""What an owner may do with one entry in Vault, and how a value is written to it: for all who come to it.

The operator and the gateway come to one entry at the same time, in processes of their own. So a write is check-and-set
against the version that the decision was made on, a lost race is decided anew, and whatever is done to a predecessor's
part of an entry leaves a claim that was made meanwhile as it is.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from slotwarden.beside import both
from slotwarden.domain.credentials import InvalidValue
from slotwarden.domain.declared import from_vault, to_vault
from slotwarden.domain.entries import EnvRef
from slotwarden.domain.envvalue import EnvValue, encoded
from slotwarden.values import ownership
from slotwarden.values.ownership import Claim, Owner
from slotwarden.values.sealing import UNSEALABLE, EncryptionFailed
from slotwarden.vault.errors import CasMismatch, Operation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from slotwarden.domain.credentials import NotText
    from slotwarden.domain.declared import Value
    from slotwarden.domain.entries import EntryRef
    from slotwarden.sensitive import Sensitive
    from slotwarden.values.store import ValueStore
    from slotwarden.vault.kv import Entry, EntryMetadata

T = TypeVar("T")

UNSET: Final = (
    "no value was set yet; set it inline, from a source Secret, through the gateway, or write the entry in Vault"
)
REFUSED: Final = (
    "the entry in Vault belongs to another object, another namespace of this name or another cluster; "
    'annotate this object with slotwarden.io/adopt-value: "true" to take it over'
)
FRESH: Final = 1.0
"""For how many seconds it is believed that there is no entry: an object can go, and another of its name be set."""
CHANGED_HANDS: Final = "the entry changed hands while it was read"


class NoValue(Exception):
    """Nothing was stored yet."""


class NotOwner(Exception):
    """The entry is another object's."""


class VersionDeleted(Exception):
    """The version was deleted or destroyed in Vault."""


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of an entry; the number alone starts at 1 again when an entry was purged."""

    number: int
    created_time: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A value, and the version that it is."""

    value: Value
    version: Version


@dataclass(frozen=True, slots=True)
class Hold:
    """What an owner may do with an entry, as it was seen.

    Attributes:
        claim: see `Claim`; `TAKE` where there is no entry.
        custom_metadata: the entry's; empty where there is no entry.
        version: the newest version, whosever it is; 0 without one. A write is checked against it.
        owner: as the entry has to name it once something is written.
        inherited: the versions of a dead predecessor that can still be read.
    """

    claim: Claim
    custom_metadata: Mapping[str, str]
    version: int
    owner: Owner
    inherited: tuple[int, ...] = ()

    @property
    def own_version(self) -> int:
        """The newest version that is the owner's to look at; 0 where there is none."""
        follows = self.claim in (Claim.RELEASE, Claim.SUCCEED)
        return 0 if follows or self.version < self.owner.first_version else self.version

    @property
    def creates(self) -> bool:
        """Whether there is no entry yet, or one in which nobody has left anything."""
        return self.version == 0 and not self.custom_metadata


def hold(metadata: EntryMetadata | None, me: Owner, now: datetime, *, adopt: bool = False) -> Hold:
    """What `me` may do with an entry that has this metadata.

    Raises:
        NotOwner: nothing.
    """
    if metadata is None:
        return Hold(Claim.TAKE, {}, 0, me)
    claim = ownership.claim(metadata.custom_metadata, me, adopt=adopt)
    if claim is Claim.REFUSE:
        raise NotOwner(REFUSED)
    if claim in (Claim.RELEASE, Claim.SUCCEED):
        heir = ownership.succeeding(me, metadata.current_version)
        return Hold(claim, metadata.custom_metadata, metadata.current_version, heir, readable(metadata, now))
    return Hold(claim, metadata.custom_metadata, metadata.current_version, named(metadata.custom_metadata, me))


def hold_of_known(entry: Entry | None, me: Owner) -> Hold | None:
    """As `hold`, of an entry that was read at once; None unless it names `me`."""
    owner = ownership.read(entry.custom_metadata) if entry is not None else None
    if entry is None or owner is None or not owner.same_object(me):
        return None
    return Hold(Claim.OWN, entry.custom_metadata, entry.version, named(entry.custom_metadata, me))


def named(custom_metadata: Mapping[str, str], me: Owner) -> Owner:
    """The owner as the entry is to name it once it is theirs: which versions come first stays known."""
    known = ownership.read(custom_metadata)
    return me if known is None else replace(me, first_version=known.first_version)


def readable(metadata: EntryMetadata, now: datetime) -> tuple[int, ...]:
    """The versions whose data can be read."""
    return tuple(sorted(number for number, version in metadata.versions.items() if not version.is_gone(now)))


def data(entry: Entry) -> Mapping[str, Sensitive | NotText]:
    """What a version holds.

    Raises:
        VersionDeleted: nothing any more.
        EncryptionFailed: it cannot be decrypted.
    """
    if entry.data is None:
        raise VersionDeleted(f"version {entry.version} was {'destroyed' if entry.destroyed else 'deleted'} in Vault")
    if entry.closed:
        raise EncryptionFailed(f"version {entry.version} in Vault is encrypted and cannot be decrypted: {entry.closed}")
    return entry.data


def stored(ref: EntryRef, entry: Entry) -> Stored:
    """A version as a value.

    Raises:
        VersionDeleted: it holds nothing any more.
        EncryptionFailed: it cannot be decrypted.
        InvalidValue: it holds no value of that kind.
    """
    return Stored(from_vault(ref, data(entry), sealed=entry.sealed), Version(entry.version, entry.created_time))


def holds(ref: EntryRef, entry: Entry, value: Value) -> bool:
    """Whether a version is this value, in whatever form somebody wrote it; encrypted is another than not encrypted."""
    try:
        return stored(ref, entry).value == value
    except (InvalidValue, VersionDeleted, EncryptionFailed):
        return False


async def decided_anew(attempts: int, decide: Callable[[], Awaitable[T]]) -> T:
    """Decide, and again on what holds by then where another writer was faster.

    Raises:
        CasMismatch: others were faster every time.
    """
    for _ in range(attempts - 1):
        try:
            return await decide()
        except CasMismatch:
            continue
    return await decide()


class Entries:
    """The writes to an entry, and the read that goes with them.

    Args:
        store: where entries are.
        clock: monotonic seconds.
    """

    def __init__(self, store: ValueStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock

    async def read(self, ref: EntryRef, held: Hold) -> Entry | None:
        """The newest version of an entry that may be looked at.

        Raises:
            CasMismatch: the entry is no longer as it was seen.
        """
        entry = await self._store.read(ref)
        if entry is not None and entry.custom_metadata != held.custom_metadata:
            raise CasMismatch(Operation.READ, self._store.location(ref), CHANGED_HANDS)
        return entry

    async def claim(self, ref: EntryRef, held: Hold) -> None:
        """Have the entry name its owner, where it does not."""
        if held.inherited:
            await self._store.soft_delete(ref, held.inherited)
        wanted = ownership.write(held.custom_metadata, held.owner)
        if wanted != held.custom_metadata:
            await self._store.write_custom_metadata(ref, wanted, creates=held.creates)

    def check(self, value: Value) -> None:
        """Whether a value could be written.

        Raises:
            EncryptionFailed: it is to be encrypted, and cannot be.
        """
        if isinstance(value, EnvValue) and value.sealed and not self._store.seals:
            raise EncryptionFailed(UNSEALABLE)

    async def write(
        self,
        ref: EntryRef,
        held: Hold,
        value: Value,
        intent: Callable[[int], Awaitable[None]] | None = None,
        seen: float = -math.inf,
    ) -> Version:
        """Claim first, then store: a crash in between leaves an owned entry without a value, not a value of nobody.

        Args:
            intent: called before the value is written, when nothing can fail any more but the writes. It comes before
                the claim too, but for a new entry's, which may be made for an object that turns out to be gone: who
                comes after that one takes it over, or the sweep does.
            seen: when the entry was looked at, by the clock. Vault checks nothing as a claim replaces another, so one
                goes ahead of its intent only where there was no entry a moment ago: it would else take the entry from
                an object that came since, and the value with it.

        Raises:
            EncryptionFailed: the value is to be encrypted, and cannot be.
            CasMismatch: another writer was faster.
            NotOwner: another owner was.
        """
        made = await self._form(ref, value)
        fresh = self._clock() - seen <= FRESH
        if intent is not None and fresh and held.creates and held.owner.policy == "Delete":
            await both(intent(held.version + 1), self.claim(ref, held))
        else:
            if intent is not None:
                await intent(held.version + 1)
            await self.claim(ref, held)
        written = await self._store.write(ref, made, cas=held.version)
        claimed = ownership.read(written.custom_metadata)
        if claimed is None or not claimed.same_object(held.owner):
            await self._store.soft_delete(ref, [written.version])
            raise NotOwner("another cluster claimed the entry in Vault at the same moment")
        return Version(written.version, written.created_time)

    async def _form(self, ref: EntryRef, value: Value) -> Mapping[str, Sensitive]:
        if isinstance(ref, EnvRef) and isinstance(value, EnvValue) and value.sealed:
            return await self._store.seal(ref, encoded(value))
        return to_vault(value)
