"""What was last seen of the cluster, and which keys a change concerns.

Fed by watches, by our own lists and by the answers to our own writes, in any order: the higher resourceVersion wins,
so an event that tells of our own write is recognised as old news and causes no work.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from slotwarden.domain.targets import is_slot
from slotwarden.reconcile.dropped import Dropped
from slotwarden.reconcile.keys import Key, SlotKey, TargetKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from slotwarden.domain.entries import EntryRef
    from slotwarden.domain.targets import Contributor
    from slotwarden.reconcile.observe import SecretView, SlotView


_K = TypeVar("_K")
_V = TypeVar("_V")


class Gone(NamedTuple):
    """A slot that was deleted and whose value in Vault was not let go yet."""

    entry: EntryRef
    uid: str


class _Links(NamedTuple):
    """Where a slot leads: its value, the Secret that it asks for, and the one that it takes its value from."""

    entry: EntryRef
    target: TargetKey
    contributor: Contributor
    source: TargetKey | None


class Cache:
    """Slots and labelled Secrets, by key, with the indices that lead from one to the other.

    Attributes:
        gone: what is to be let go of in Vault, by slot.
        left: the parts that slots leave which are deleted as orphaning owners, until their Secret's record says so.
    """

    def __init__(self) -> None:
        self.slots: dict[SlotKey, SlotView] = {}
        self.secrets: dict[TargetKey, SecretView] = {}
        self.gone: dict[SlotKey, list[Gone]] = defaultdict(list)
        self.left: dict[TargetKey, set[str]] = defaultdict(set)
        self._dropped: dict[str, Dropped] = defaultdict(Dropped)
        self._known: set[str] = set()
        self._links: dict[SlotKey, _Links] = {}
        self._by_target: dict[TargetKey, set[SlotKey]] = defaultdict(set)
        self._by_source: dict[TargetKey, set[SlotKey]] = defaultdict(set)
        self._by_owner: dict[str, set[TargetKey]] = defaultdict(set)
        self._by_entry: dict[EntryRef, set[SlotKey]] = defaultdict(set)
        self._oldest: dict[EntryRef, SlotKey] = {}

    def put_slot(self, view: SlotView) -> set[Key]:
        """Take in a slot as it is now.

        Returns:
            The keys that this concerns; none where it was known.
        """
        metadata, key = view.metadata, view.key
        if self.has_slot(key.kind, key.namespace, key.name, metadata.uid, view.version):
            return set()
        if self._dropped[key.kind].has(metadata.uid, view.version):
            return set()
        old = self.slots.get(key)
        keys: set[Key] = {key}
        if old is not None and old.metadata.uid != metadata.uid:
            keys |= self._forget(key, old)
        keys |= self._link(key, view)
        if not view.alive:
            links = self._links[key]
            keys.add(links.target)
            if view.leaves:
                self.left[links.target].add(links.contributor.part)
        self.slots[key] = view
        self._known.add(metadata.uid)
        return keys

    def drop_slot(self, key: SlotKey, uid: str, version: int = 0) -> set[Key]:
        """Take note that a slot was deleted; an older one of the same name does not count.

        Args:
            version: that of its deletion; where that is not known, 0.
        """
        self._dropped[key.kind].note(uid, version)
        old = self.slots.get(key)
        if old is None or old.metadata.uid != uid:
            return set()
        self._dropped[key.kind].note(uid, old.version)
        return {key} | self._forget(key, old)

    def put_secret(self, view: SecretView) -> set[Key]:
        """Take in a Secret as it is now."""
        key = TargetKey(view.namespace, view.name)
        if self.has_secret(view.namespace, view.name, view.uid, view.version, marked=view.marks is not None):
            return set()
        if self._dropped[key.kind].has(view.uid, view.version):
            return set()
        self._unown(key)
        self.secrets[key] = view
        for uid in owning_slots(view):
            self._by_owner[uid].add(key)
        return self._concerned(key)

    def drop_secret(self, key: TargetKey, uid: str, version: int = 0) -> set[Key]:
        """The same for a Secret that was deleted, or lost the label that we watch."""
        self._dropped[key.kind].note(uid, version)
        old = self.secrets.get(key)
        if old is None or old.uid != uid or 0 < version < old.version:
            # Also where it has its label again, as an answer told before the watch told of the loss.
            return set()
        self._dropped[key.kind].note(uid, old.version)
        self._unown(key)
        del self.secrets[key]
        return self._concerned(key)

    def replace(
        self,
        slots: Iterable[SlotView],
        secrets: Iterable[SecretView],
        versions: Mapping[str, int],
        is_unknown: Callable[[Key], bool] = lambda _: False,
    ) -> set[Key]:
        """Take in whole lists: what is known from before their versions and not in them is gone.

        Args:
            versions: the resourceVersions of the lists, by the kind of their keys.
            is_unknown: whether the lists cannot tell of a key, which then stays as it was.
        """
        keys: set[Key] = set()
        listed: set[Key] = set()
        self._known = {view.metadata.uid for view in self.slots.values()}
        for slot in slots:
            listed.add(slot.key)
            keys |= self.put_slot(slot)
        for secret in secrets:
            listed.add(TargetKey(secret.namespace, secret.name))
            keys |= self.put_secret(secret)
        for slot_key, known in list(self.slots.items()):
            if slot_key not in listed and known.version <= versions[slot_key.kind] and not is_unknown(slot_key):
                keys |= self.drop_slot(slot_key, known.metadata.uid)
        for target, held in list(self.secrets.items()):
            if target not in listed and held.version <= versions[target.kind] and not is_unknown(target):
                keys |= self.drop_secret(target, held.uid)
        for kind, version in versions.items():
            self._dropped[kind].forget(version)
        return keys

    def has_slot(self, kind: str, namespace: str, name: str, uid: str, version: int) -> bool:
        """Whether a slot is known as it was at a version, or as it was later. May be asked from any thread.

        One of the same name and of another uid that is known from later is its successor.
        """
        known = self.slots.get(SlotKey(namespace, name, kind))
        if known is None or known.metadata.uid == uid:
            return known is not None and known.version >= version
        return known.version > version

    def has_secret(self, namespace: str, name: str, uid: str, version: int, *, marked: bool = True) -> bool:
        """The same for a Secret; one is taken again at the same version where its marks were not to be had before.

        Args:
            marked: whether its marks are to be had now.
        """
        known = self.secrets.get(TargetKey(namespace, name))
        if known is None or known.uid == uid:
            return known is not None and (known.version, known.marks is not None) >= (version, marked)
        return known.version > version

    def uids(self) -> list[str]:
        """The uids of all that is known."""
        return [
            *(slot.metadata.uid for slot in self.slots.values()),
            *(secret.uid for secret in self.secrets.values()),
        ]

    def target_of(self, key: SlotKey) -> TargetKey | None:
        """The Secret that a slot asks for."""
        links = self._links.get(key)
        return links.target if links else None

    def asking(self, target: TargetKey) -> dict[SlotKey, Contributor]:
        """Who asks for a Secret, entitled or not."""
        return {key: self._links[key].contributor for key in self._by_target.get(target, ())}

    def contributors(self, target: TargetKey) -> dict[SlotKey, Contributor]:
        """Who asks for a Secret; of several with one entry in Vault, only the one whose it is."""
        return {key: contributor for key, contributor in self.asking(target).items() if self.rival(key) is None}

    def rival(self, key: SlotKey) -> SlotKey | None:
        """The older slot with the same entry in Vault, which is therefore not this one's; None for the oldest."""
        oldest = self._oldest[self._links[key].entry]
        return oldest if oldest != key else None

    def living(self, key: SlotKey) -> frozenset[str]:
        """The uids of the slots that have an entry with this one: none of them is a dead predecessor."""
        return frozenset(self.slots[other].metadata.uid for other in self.namesakes(key))

    def namesakes(self, key: SlotKey) -> set[SlotKey]:
        """The other slots with the same entry in Vault."""
        links = self._links.get(key)
        return self._by_entry.get(links.entry, set()) - {key} if links else set()

    def is_known(self, uid: str) -> bool:
        """Whether a slot of that uid is there, or its deletion was seen not long ago: what it asks for can be told."""
        return uid in self._known

    def owned(self, uid: str) -> frozenset[TargetKey]:
        """The Secrets that name a slot as their owner."""
        return frozenset(self._by_owner.get(uid, ()))

    def _link(self, key: SlotKey, view: SlotView) -> set[Key]:
        name, contribution = view.declared.contribution()
        declared_source = view.declared.source
        source = TargetKey(key.namespace, declared_source.secret) if declared_source else None
        new = _Links(view.declared.entry, TargetKey(key.namespace, name), contribution, source)
        old = self._links.get(key)
        if new == old:
            return set()
        keys = self._unlink(key)
        self._links[key] = new
        self._by_target[new.target].add(key)
        self._by_entry[new.entry].add(key)
        if source:
            self._by_source[source].add(key)
        return {*keys, new.target, *self._of_entry(new.entry, key)}

    def _unlink(self, key: SlotKey) -> set[Key]:
        old = self._links.pop(key, None)
        if old is None:
            return set()
        _discard(self._by_target, old.target, key)
        _discard(self._by_entry, old.entry, key)
        if old.source:
            _discard(self._by_source, old.source, key)
        return {old.target, *self._of_entry(old.entry, key)}

    def _of_entry(self, entry: EntryRef, key: SlotKey) -> set[Key]:
        """Note whose an entry is, a slot having come or gone. It concerns all that declare it if that changed.

        Else the owner alone: anybody may declare what is declared already, and do so thousands of times.
        """
        keys, before = self._by_entry.get(entry, set()), self._oldest.pop(entry, None)
        if keys:
            asked = keys & {before, key} if before in keys else keys
            self._oldest[entry] = min(asked, key=lambda one: self._links[one].contributor.age)
            keys = {before} if before == self._oldest[entry] else keys
        return keys | {self._links[one].target for one in keys}

    def _forget(self, key: SlotKey, old: SlotView) -> set[Key]:
        """Drop a slot that is no more, keeping what its value in Vault still has to be let go by."""
        self.gone[key].append(Gone(old.declared.entry, old.metadata.uid))
        del self.slots[key]
        return self._unlink(key) | self.owned(old.metadata.uid)

    def _unown(self, key: TargetKey) -> None:
        old = self.secrets.get(key)
        for uid in owning_slots(old) if old else ():
            _discard(self._by_owner, uid, key)

    def _concerned(self, key: TargetKey) -> set[Key]:
        return {key, *self._by_source.get(key, ())}


def owning_slots(view: SecretView) -> set[str]:
    """The uids of the slots that a Secret names as its owners."""
    return {owner["uid"] for owner in view.owners if is_slot(owner) and owner.get("uid")}


def _discard(index: dict[_K, set[_V]], key: _K, value: _V) -> None:
    """Remove from an index, leaving no empty set behind."""
    held = index.get(key)
    if held is not None:
        held.discard(value)
        if not held:
            del index[key]
