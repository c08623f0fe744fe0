"""Which versions of an entry are an object's own, and may be read: decided from what was read, without a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slotwarden.values import ownership
from slotwarden.values.entries import REFUSED, UNSET, NotOwner, NoValue, Version, VersionDeleted, hold, named
from slotwarden.values.ownership import Claim

if TYPE_CHECKING:
    from datetime import datetime

    from slotwarden.values.entries import Hold
    from slotwarden.values.ownership import Owner
    from slotwarden.vault.kv import Entry, EntryMetadata, VersionMetadata

Gone = Literal["", "deleted", "destroyed"]


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


def check_expected(held: Hold, expected: int | None, *, same: bool) -> None:
    """Whether the newest version is the expected one, or was when this very content was written.

    Raises:
        VersionMismatch: neither.
    """
    current = held.own_version
    before = current - 1 if current > held.owner.first_version else 0
    if expected is not None and expected != current and not (same and expected == before):
        raise VersionMismatch(current)


def check_readable(metadata: EntryMetadata | None, owner: Owner, version: int, now: datetime) -> None:
    """Whether a version is the owner's, and still holds something.

    Raises:
        NotOwner, NoValue, VersionUnknown, VersionDeleted: as their names say.
    """
    held = hold(metadata, owner, now)
    if metadata is None or held.claim is not Claim.OWN or not held.own_version:
        raise NoValue(UNSET)
    found = metadata.versions.get(version)
    if found is None or version < held.owner.first_version:
        raise VersionUnknown(f"there is no version {version}")
    gone = _gone(found, now)
    if gone:
        raise VersionDeleted(f"version {version} was {gone} in Vault")


def own_newest(entry: Entry | None, owner: Owner) -> Entry:
    """The newest version as it was read, where it is the owner's to look at.

    Raises:
        NotOwner: the entry is another's.
        NoValue: none was set.
    """
    if entry is None:
        raise NoValue(UNSET)
    claim = ownership.claim(entry.custom_metadata, owner, adopt=False)
    if claim is Claim.REFUSE:
        raise NotOwner(REFUSED)
    if claim is not Claim.OWN or entry.version < named(entry.custom_metadata, owner).first_version:
        raise NoValue(UNSET)
    return entry


def has_value(metadata: EntryMetadata | None, held: Hold, now: datetime) -> bool:
    """Whether the newest version is the object's own and can be read."""
    newest = metadata.versions.get(held.own_version) if metadata is not None else None
    return newest is not None and not newest.is_gone(now)


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
