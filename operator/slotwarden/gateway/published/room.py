"""How much memory pages of values take together, from when they are read until the last byte of an answer is sent.

A page can hold megabytes, and its reader decides when it goes. So all have a limit, and each caller a part of it: who
reads many pages slowly gets shorter ones, and takes neither the memory nor the pages of others.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_BYTES: Final = 8 * 1024 * 1024
"""Values on one page, and on all of one caller's; a page ends early, as the next one goes on from there."""
ALL_BYTES: Final = 4 * PAGE_BYTES


class Room:
    """Bytes of values on all pages."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()

    @contextmanager
    def of(self, caller: str) -> Iterator[Place]:
        """Where a page of a caller's is, until it is sent."""
        place = Place(self, caller)
        try:
            yield place
        finally:
            self._of[caller] -= place.taken
            if not self._of[caller]:
                del self._of[caller]

    def take(self, caller: str, size: int) -> bool:
        """Take room, and tell whether there was: the first value of a page has to have some."""
        self._of[caller] += size
        return self._of[caller] <= PAGE_BYTES and self._of.total() <= ALL_BYTES


class Place:
    """What one page takes.

    Attributes:
        taken: bytes.
    """

    def __init__(self, room: Room, caller: str) -> None:
        self.taken = 0
        self._room = room
        self._caller = caller

    def takes(self, size: int) -> bool:
        """Take a value in; whether there is room for it. Nothing always has room."""
        self.taken += size
        return not size or self._room.take(self._caller, size)
