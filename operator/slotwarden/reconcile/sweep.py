"""Mark and sweep: values in Vault whose objects went while nobody looked.

There are no finalizers, so no namespace can get stuck on us; the memory is the owner that each entry names. An entry
is let go only if two fresh lists, some time apart, both lack its object, and only while the CRDs are served: with a
CRD gone, no object says anything.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from slotwarden.vault.errors import VaultError, VaultUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotwarden.cluster.listing import Lister
    from slotwarden.domain.entries import EntryRef
    from slotwarden.reconcile.context import Context
    from slotwarden.reconcile.keys import Key
    from slotwarden.reconcile.resync import Resync

_log = logging.getLogger(__name__)
CAP: Final = 100
"""How many values one sweep lets go of; a mistake that concerns all is seen before it has done all."""


@dataclass(slots=True)
class Swept:
    """What a sweep did, and whether another is wanted soon."""

    released: int = 0
    purged: int = 0
    suspected: int = 0
    capped: bool = False


@dataclass(slots=True)
class Sweeper:
    """Looks for entries without an object.

    Attributes:
        namespaces: where to look; everywhere if empty.
    """

    context: Context
    lister: Lister
    resync: Resync
    namespaces: Sequence[str]
    enqueue: Callable[[set[Key]], None]
    _suspects: set[tuple[EntryRef, str]] = field(default_factory=set)

    async def sweep(self) -> Swept:
        """Look once.

        Raises:
            VaultError, KubernetesError: nothing was let go of on half a picture.
        """
        swept = Swept()
        if not await self.lister.is_served():
            _log.info("no sweep: a CRD is missing or being deleted")
            return swept
        # Entries first: an object that is in no list taken later was not there when its entry was.
        refs: list[EntryRef] = []
        for namespace in await self._organizations():
            refs += await self.context.store.list_slots(namespace)
            refs += await self.context.store.list_env(namespace)
        suspects: set[tuple[EntryRef, str]] = set()
        # What is known may be old, but only what it lacks is to be judged, and that by a fresh list.
        if self._orphans(refs):
            self.enqueue(await self.resync())
            cluster = await self.context.namespaces.cluster()
            for ref in self._orphans(refs):
                await self._judge_or_tell(ref, cluster, suspects, swept)
        self._suspects = suspects
        swept.suspected = len(suspects)
        if swept.released or swept.purged or swept.capped:
            _log.info("swept: %d values let go, %d purged, capped: %s", swept.released, swept.purged, swept.capped)
        return swept

    def _orphans(self, refs: Sequence[EntryRef]) -> list[EntryRef]:
        """The entries whose object is not known."""
        alive = {view.declared.entry for view in self.context.cache.slots.values()}
        return [ref for ref in refs if ref not in alive and not self.resync.is_in_doubt(ref)]

    async def _judge_or_tell(
        self, ref: EntryRef, cluster: str, suspects: set[tuple[EntryRef, str]], swept: Swept
    ) -> None:
        """Decide on one entry; one that we may not touch keeps no other from its turn."""
        try:
            await self._judge(ref, cluster, suspects, swept)
        except VaultUnavailable:
            raise
        except VaultError as error:
            _log.warning("an entry without an object stays: %s", error)

    async def _judge(self, ref: EntryRef, cluster: str, suspects: set[tuple[EntryRef, str]], swept: Swept) -> None:
        """Decide on one entry without an object."""
        owner = await self.context.values.owner(ref)
        if owner is None or owner.cluster != cluster:
            return
        if owner.released:
            swept.purged += await self.context.values.purge(ref, cluster)
            return
        suspect = (ref, owner.object_uid)
        if owner.policy == "Retain":
            return
        if suspect not in self._suspects:
            suspects.add(suspect)
        elif swept.released >= CAP:
            suspects.add(suspect)
            swept.capped = True
        else:
            swept.released += await self.context.values.release(ref, cluster, owner.object_uid)

    async def _organizations(self) -> Sequence[str]:
        return self.namespaces or await self.context.store.list_organizations()
