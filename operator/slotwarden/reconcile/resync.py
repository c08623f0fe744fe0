"""The cache against fresh lists: at start, when the watches were away, and before a sweep.

Watches never make up for a deletion that they missed.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from slotwarden.reconcile.keys import Key, SlotKey, TargetKey
from slotwarden.reconcile.observe import SecretView, SlotView, Unreadable, secret_view, slot_view
from slotwarden.vault.errors import VaultError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from slotwarden.cluster.listing import Lister
    from slotwarden.reconcile.cache import Cache
    from slotwarden.values.keyring import Keyring
    from slotwarden.values.mac import MacKey

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
        key = self._keyring.key
        unread: set[Key] = set()
        slots = await self._lister.slots(partial(_read, unread))
        secrets = await self._lister.secrets(partial(_read_secret, unread, key))
        self._refuse(slots.refused | secrets.refused)
        self._unread = unread
        return self._cache.replace(slots.items, secrets.items, (slots.version, secrets.version), self.is_unknown)

    def is_unknown(self, key: Key) -> bool:
        """Whether the latest lists could not tell of a key: its namespace may not be listed, or it cannot be read."""
        return key.namespace in self._refused or key in self._unread

    def _refuse(self, namespaces: frozenset[str]) -> None:
        if namespaces - self._refused:
            _log.warning("may not list %s: gone, or a Role is missing; the others go on", ", ".join(sorted(namespaces)))
        self._refused = namespaces


def _read(unread: set[Key], raw: Mapping[str, Any]) -> SlotView | None:
    """A slot; one that cannot be read is told, stays as it was known, and stops nobody else."""
    try:
        return slot_view(raw)
    except Exception as error:  # noqa: BLE001 - one tenant's object must not stop the others
        _tell("SecretSlot", raw, error, unread)
        return None


def _read_secret(unread: set[Key], key: MacKey | None, raw: Mapping[str, Any]) -> SecretView | None:
    """A Secret, as `_read`."""
    try:
        return secret_view(raw, key)
    except Exception as error:  # noqa: BLE001 - as above
        _tell("Secret", raw, error, unread)
        return None


def _tell(kind: str, raw: Mapping[str, Any], error: Exception, unread: set[Key]) -> None:
    namespace, name = raw["metadata"]["namespace"], raw["metadata"]["name"]
    why = str(error) if isinstance(error, Unreadable) else type(error).__name__
    _log.error("%s %s/%s cannot be read: %s", kind, namespace, name, why)
    unread.add(SlotKey(namespace, name) if kind == "SecretSlot" else TargetKey(namespace, name))
