"""Values that were stored here and that the objects do not tell of yet: the operator writes that a moment later.

Without this a client that sets a value and looks at once would read that there is none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from slotwarden.gateway.catalog.record import time_of

if TYPE_CHECKING:
    from datetime import datetime

    from slotwarden.gateway.catalog.record import Record

_ROOM: Final = 10_000
"""How many are known at most, should the operator be away for long; the oldest makes room."""


class Overlay:
    """When values were stored, by the uid of their object."""

    def __init__(self) -> None:
        self._at: dict[str, datetime] = {}

    def note(self, uid: str, time: str) -> None:
        """A version was made at a time, as Vault tells it."""
        moment = time_of(time)
        if moment is None:
            return
        self._at.pop(uid, None)
        while len(self._at) >= _ROOM:
            del self._at[next(iter(self._at))]
        self._at[uid] = moment

    def forget(self, uid: str) -> None:
        """The object is gone."""
        self._at.pop(uid, None)

    def over(self, record: Record) -> Record:
        """The record with what is known beside it; that is forgotten once the object tells of it, or of more."""
        moment = self._at.get(record.uid)
        if moment is None:
            return record
        if record.told is not None and record.told >= moment:
            del self._at[record.uid]
            return record
        return replace(record, has_value=True, updated=max(record.updated, moment))
