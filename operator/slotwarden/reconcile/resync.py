"""The cache against fresh lists: at start, when the watches were away, and before a sweep.

Watches never make up for a deletion that they missed.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from slotwarden.domain.entries import SlotRef
from slotwarden.domain.kinds import ENV, KINDS, SLOT
from slotwarden.domain.names import object_name
from slotwarden.reconcile.keys import TARGET, Key, SlotKey, TargetKey
from slotwarden.reconcile.observe import readable, secret_view, slot_view
from slotwarden.vault.errors import VaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from slotwarden.cluster.listing import Lister
    from slotwarden.domain.entries import EntryRef
    from slotwarden.reconcile.cache import Cache
    from slotwarden.reconcile.observe import SlotView
    from slotwarden.values.keyring import Keyring

_V = TypeVar("_V")

_log = logging.getLogger(__name__)


class Resync:
    """Makes the cache what the API server says."""

    def __init__(self, lister: Lister, cache: Cache, keyring: Keyring) -> None:
        self._lister = lister
        self._cache = cache
        self._keyring = keyring
        self._refused: frozenset[str] = frozenset()
        self._unread: set[Key] = set()

    async def __call__(self) -> set[Key]:
        """List all and take it in.

        Returns:
            The keys that something new concerns.

        Raises:
            KubernetesError: a list failed; the cache is as it was. It is no failure that some of several
                namespaces may not be listed: what is known of them stays.
        """
        try:
            await self._keyring.look()
        except VaultError as error:
            # Secrets are taken in without their MACs then, and read when they are needed.
            _log.info("lists are taken in without MACs: %s", error)
        read_secret = partial(secret_view, key=self._keyring.key)
        unread: set[Key] = set()
        slots: list[SlotView] = []
        versions: dict[str, int] = {}
        refused: frozenset[str] = frozenset()
        for kind in KINDS:
            read = partial(_read, kind.name, partial(slot_view, kind), partial(SlotKey, kind=kind.word), unread)
            listed = await self._lister.slots(kind.resource, read)
            slots += listed.items
            versions[kind.word] = listed.version
            refused |= listed.refused
        secrets = await self._lister.secrets(partial(_read, "Secret", read_secret, TargetKey, unread))
        versions[TARGET] = secrets.version
        self._refuse(refused | secrets.refused)
        self._unread = unread
        return self._cache.replace(slots, secrets.items, versions, self.is_unknown)

    def is_unknown(self, key: Key) -> bool:
        """Whether the latest lists could not tell of a key: its namespace may not be listed, or it cannot be read."""
        return key.namespace in self._refused or key in self._unread

    def is_in_doubt(self, ref: EntryRef) -> bool:
        """Whether an entry's object may be one that the latest lists could not tell of.

        The name of an object does not tell what key of an environment it declares.
        """
        if isinstance(ref, SlotRef):
            return self.is_unknown(SlotKey(ref.organization, object_name(ref.slot), SLOT.word))
        unread = {key.namespace for key in self._unread if key.kind == ENV.word}
        return ref.organization in self._refused | unread

    def _refuse(self, namespaces: frozenset[str]) -> None:
        if namespaces - self._refused:
            _log.warning("may not list %s: gone, or a Role is missing; the others go on", ", ".join(sorted(namespaces)))
        self._refused = namespaces


def _read(
    kind: str,
    read: Callable[[Mapping[str, Any]], _V],
    key: Callable[[str, str], Key],
    unread: set[Key],
    raw: Mapping[str, Any],
) -> _V | None:
    """An object; one that cannot be read stays as it was known."""
    view = readable(kind, read, raw)
    if view is None:
        unread.add(key(raw["metadata"]["namespace"], raw["metadata"]["name"]))
    return view
