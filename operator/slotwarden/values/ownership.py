"""Whose an entry in Vault is: told by its `custom_metadata`, decided without any call.

An entry outlives its object (until it is purged, or for good under Retain), and a name can be used again by another
object, in another namespace of that name, or by another cluster that shares the Vault. So the entry names its owner,
and nobody else reads, overwrites or deletes it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Policy = Literal["Delete", "Retain"]

_CLUSTER: Final = "slotwarden.io/cluster"
_NAMESPACE_UID: Final = "slotwarden.io/namespace-uid"
_OBJECT_UID: Final = "slotwarden.io/object-uid"
_POLICY: Final = "slotwarden.io/deletion-policy"
_FIRST_VERSION: Final = "slotwarden.io/first-version"
_RELEASED: Final = "slotwarden.io/released"
_RELEASED_OBJECT: Final = "slotwarden.io/released-object-uid"
_OURS: Final = frozenset({_CLUSTER, _NAMESPACE_UID, _OBJECT_UID, _POLICY, _FIRST_VERSION, _RELEASED, _RELEASED_OBJECT})


@dataclass(frozen=True, slots=True)
class Owner:
    """The object that an entry belongs to.

    Attributes:
        cluster: uid of the cluster's `kube-system` namespace, unless configured.
        policy: what becomes of the value when the object is gone.
        first_version: versions below it are a predecessor's; never the owner's to read or to restore.
        released: when the owner was gone and its value was soft-deleted (RFC 3339, UTC); empty while it lives.
        namesakes: the uids of living objects that declare the same value; not kept in the entry.
    """

    cluster: str
    namespace_uid: str
    object_uid: str
    policy: Policy = "Delete"
    first_version: int = 1
    released: str = ""
    namesakes: frozenset[str] = field(default=frozenset(), compare=False)

    def same_object(self, other: Owner) -> bool:
        """Whether both name one object, whatever its policy.

        Its uid alone tells that within a cluster. The namespace's is there for people: were it asked for too, one that
        was noted wrongly would make a living object's value a dead predecessor's.
        """
        return (self.cluster, self.object_uid) == (other.cluster, other.object_uid)


class Claim(enum.Enum):
    """What an object may do with the entry at its path."""

    OWN = "own"
    """It is the object's already."""
    TAKE = "take"
    """It is nobody's: claim it and use what it holds."""
    SUCCEED = "succeed"
    """It was a dead predecessor's, whose value is soft-deleted: claim it, but nothing that it holds."""
    RELEASE = "release"
    """It is a dead predecessor's whose deletion was not worked off yet: do that first."""
    ADOPT = "adopt"
    """It is another's, and the object says that it takes it over with all that it holds."""
    REFUSE = "refuse"
    """It is another's."""


def claim(entry: Mapping[str, str], me: Owner, *, adopt: bool) -> Claim:
    """What the object `me` may do with an entry that has this custom_metadata.

    An entry of the same cluster that names another object names a dead one, unless that is a namesake. Under Delete
    such an entry is on its way out, so its successor need not wait.
    """
    owner = read(entry)
    if owner is None:
        return Claim.TAKE
    if owner.same_object(me):
        return Claim.OWN
    if adopt:
        return Claim.ADOPT
    if owner.cluster != me.cluster or owner.policy == "Retain" or owner.object_uid in me.namesakes:
        return Claim.REFUSE
    return Claim.SUCCEED if owner.released else Claim.RELEASE


def read(entry: Mapping[str, str]) -> Owner | None:
    """The owner that an entry names; None where it names none."""
    if not entry.get(_OBJECT_UID):
        return None
    first = entry.get(_FIRST_VERSION, "")
    # A mark can come just after a successor's claim, and is not about that one.
    concerned = entry.get(_RELEASED_OBJECT, entry[_OBJECT_UID]) == entry[_OBJECT_UID]
    return Owner(
        cluster=entry.get(_CLUSTER, ""),
        namespace_uid=entry.get(_NAMESPACE_UID, ""),
        object_uid=entry[_OBJECT_UID],
        # What cannot be read must not be deleted.
        policy="Delete" if entry.get(_POLICY) == "Delete" else "Retain",
        first_version=int(first) if first.isdecimal() else 1,
        released=entry.get(_RELEASED, "") if concerned else "",
    )


def write(entry: Mapping[str, str], owner: Owner) -> dict[str, str]:
    """The entry's custom_metadata with this owner; what others keep there stays."""
    kept = {key: value for key, value in entry.items() if key not in _OURS}
    kept |= {
        _CLUSTER: owner.cluster,
        _NAMESPACE_UID: owner.namespace_uid,
        _OBJECT_UID: owner.object_uid,
        _POLICY: owner.policy,
    }
    if owner.first_version > 1:
        kept[_FIRST_VERSION] = str(owner.first_version)
    if owner.released:
        kept |= released(owner, owner.released)
    return kept


def released(owner: Owner, moment: str) -> dict[str, str]:
    """The mark that an owner is gone; it says nothing where the entry names another by the time it is there."""
    return {_RELEASED: moment, _RELEASED_OBJECT: owner.object_uid}


def succeeding(me: Owner, predecessor_versions: int) -> Owner:
    """The owner that follows a dead one: its own versions begin after the predecessor's."""
    return replace(me, first_version=predecessor_versions + 1)
