"""How Vault is, in words that can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slotwarden.vault.kv import Health


def asking(health: Callable[[], Awaitable[Health]]) -> Callable[[], Awaitable[str | None]]:
    """Ask Vault: None where it is well, else why not; empty where it cannot be reached.

    What kept a request from being answered says more than that it cannot be reached.
    """

    async def ask() -> str | None:
        found = await health()
        if not found.reachable:
            return ""
        return "Vault is sealed" if found.sealed else None if found.initialized else "Vault is not initialised"

    return ask
