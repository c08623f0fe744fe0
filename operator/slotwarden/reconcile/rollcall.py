"""Whether kopf's lists named all that is known.

A watch begins with a list, which never tells what has gone meanwhile; to list all again ourselves, only to find that
nothing has, would cost as much as the start itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TELL_EVERY: Final = 1.0


class RollCall:
    """The uids that kopf named since a list of its own began: `complete` is asked by the operator, the rest is kopf's.

    Args:
        listing: called while kopf lists, at most once a second.
        clock: monotonic seconds.
    """

    def __init__(self, listing: Callable[[], object], clock: Callable[[], float]) -> None:
        self._listing = listing
        self._clock = clock
        self._named: set[str] | None = None
        self._twice = False
        self._told = float("-inf")

    def begin(self) -> None:
        """Take note that kopf starts: it lists all, of which there may be nothing."""
        self._named = set()
        self._twice = False
        self._tell()

    def answer(self, uid: str, *, listed: bool) -> None:
        """Take note of an object that is there, be it in a list or in an event."""
        named = self._named
        if listed:
            if named is None:
                named = self._named = set()
            self._twice = self._twice or uid in named
            if self._clock() - self._told >= _TELL_EVERY:
                self._tell()
        if named is not None:
            named.add(uid)

    def complete(self, uids: Iterable[str]) -> bool:
        """Whether each of these was named, and the call ends.

        What a list has named is watched from then on. Named in two lists it may have gone before the second one was
        made, or another, which only the first one named.
        """
        named, self._named = self._named, None
        twice, self._twice = self._twice, False
        return named is not None and not twice and all(uid in named for uid in uids)

    def _tell(self) -> None:
        self._told = self._clock()
        self._listing()
