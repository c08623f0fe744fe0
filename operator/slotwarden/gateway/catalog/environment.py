"""The secrets of one environment, kept in the two orders that its readers ask for."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from slotwarden.domain.entries import EnvRef
    from slotwarden.gateway.catalog.record import Record

    Position = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an environment's secrets, the newest first.

    Attributes:
        more: whether there are older ones.
        total: how many secrets the environment has.
    """

    items: list[Record]
    more: bool
    total: int


class Environment:
    """One secret for each key: the oldest of the objects that stand for it. Empty ones are to be thrown away."""

    __slots__ = ("_by_key", "_by_time", "_of_key")

    def __init__(self) -> None:
        self._of_key: dict[str, tuple[Record, ...]] = {}
        self._by_key: list[Record] = []
        self._by_time: list[Record] = []

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: str) -> Record | None:
        """The secret of a key."""
        found = self._of_key.get(key)
        return found[0] if found else None

    def secrets(self) -> Sequence[Record]:
        """All of them by key; to be read before anything else happens."""
        return self._by_key

    def put(self, record: Record) -> None:
        """Take in an object, or what became of it."""
        others = (each for each in self._of_key.get(_key(record), ()) if each.uid != record.uid)
        self._set(_key(record), tuple(sorted((*others, record), key=_age)))

    def drop(self, record: Record) -> None:
        """Forget an object."""
        self._set(_key(record), tuple(each for each in self._of_key.get(_key(record), ()) if each.uid != record.uid))

    def page(self, last: int, before: Position | None) -> Page:
        """The last so many secrets that were made before a position; those made last of all without one."""
        end = len(self._by_time) if before is None else bisect_left(self._by_time, before, key=_position)
        start = max(0, end - last)
        return Page(self._by_time[start:end][::-1], start > 0, len(self._by_time))

    def _set(self, key: str, objects: tuple[Record, ...]) -> None:
        old = self.get(key)
        if objects:
            self._of_key[key] = objects
        else:
            self._of_key.pop(key, None)
        _exchange(self._by_key, _key, old, objects[0] if objects else None)
        _exchange(self._by_time, _position, old, objects[0] if objects else None)


def _exchange(
    ordered: list[Record], order: Callable[[Record], str | Position], old: Record | None, new: Record | None
) -> None:
    """Put one record in the place of another. Lists move a hundred thousand places faster than a tree is walked."""
    if old is not None:
        at = bisect_left(ordered, order(old), key=order)
        if new is not None and order(new) == order(old):
            ordered[at] = new
            return
        del ordered[at]
    if new is not None:
        insort(ordered, new, key=order)


def _key(record: Record) -> str:
    return cast("EnvRef", record.entry).key


def _age(record: Record) -> tuple[str, str]:
    return record.age


def _position(record: Record) -> Position:
    return record.position
