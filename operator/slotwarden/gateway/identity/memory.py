"""Answers that are remembered for a few seconds, and no more of them than there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Values that end.

    Args:
        clock: seconds that never go back.
        room: how many values there are at most; the oldest makes room.
    """

    def __init__(self, clock: Callable[[], float], room: int) -> None:
        self._clock = clock
        self._room = room
        self._held: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        """The value, if it has not ended."""
        found = self._held.get(key)
        if found is None:
            return None
        end, value = found
        if end > self._clock():
            return value
        del self._held[key]
        return None

    def put(self, key: K, value: V, seconds: float) -> None:
        """Hold a value for that long."""
        self._held.pop(key, None)
        while len(self._held) >= self._room:
            del self._held[next(iter(self._held))]
        if seconds > 0:
            self._held[key] = (self._clock() + seconds, value)

    def __len__(self) -> int:
        return len(self._held)
