"""The MAC key, fetched when it is first needed and then held in memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from slotwarden.values.mac import MacKey, load, load_or_create

if TYPE_CHECKING:
    from slotwarden.values.store import ValueStore


class Keyring:
    """One key, loaded once however many ask for it at a time."""

    def __init__(self, store: ValueStore) -> None:
        self._store = store
        self._lock = asyncio.Lock()
        self.key: MacKey | None = None

    async def get(self) -> MacKey:
        """The key; made in Vault where there is none.

        Raises:
            VaultError: Vault does not answer or refuses.
        """
        if self.key is None:
            async with self._lock:
                if self.key is None:
                    self.key = await load_or_create(self._store)
        return self.key

    async def look(self) -> MacKey | None:
        """The key, if there is one: for those that only read.

        Raises:
            VaultError: Vault does not answer or refuses.
        """
        if self.key is None:
            async with self._lock:
                if self.key is None:
                    self.key = await load(self._store)
        return self.key
