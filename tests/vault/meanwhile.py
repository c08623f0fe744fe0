"""What another process does to an entry in the middle of what this one does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slotwarden.values.store import ValueStore


class Meanwhile:
    """A store where `happens` is awaited once, just before the first call of `method`."""

    def __init__(self, store: ValueStore, method: str, happens: Callable[[], Awaitable[object]]) -> None:
        self._store = store
        self._method = method
        self._happens: Callable[[], Awaitable[object]] | None = happens

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name != self._method:
            return found

        async def call(*args: Any, **options: Any) -> Any:
            happens, self._happens = self._happens, None
            if happens is not None:
                await happens()
            return await found(*args, **options)

        return call


def meanwhile(store: ValueStore, method: str, happens: Callable[[], Awaitable[object]]) -> ValueStore:
    """See `Meanwhile`."""
    return cast("ValueStore", Meanwhile(store, method, happens))
