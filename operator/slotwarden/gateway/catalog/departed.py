"""Which objects went not long ago: an answer or an event that is late must not bring one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS: Final = 600.0
"""Far longer than a request may take, and than a watch may be silent."""


class Departed:
    """The uids of objects that went.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def note(self, uid: str) -> None:
        """Remember that an object went, for a while."""
        self._let_go()
        self._until.pop(uid, None)
        self._until[uid] = self._clock() + _SECONDS

    def has(self, uid: str) -> bool:
        """Whether that object went."""
        self._let_go()
        return uid in self._until

    def __len__(self) -> int:
        return len(self._until)

    def _let_go(self) -> None:
        """Forget the oldest: they stand first."""
        while self._until and self._until[first := next(iter(self._until))] <= self._clock():
            del self._until[first]
