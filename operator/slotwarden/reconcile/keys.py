"""The two kinds of key in the queue."""

from __future__ import annotations

from typing import Final, NamedTuple

TARGET: Final = "target"


class SlotKey(NamedTuple):
    """A slot, of the kind of object that has this word: its value is taken in and stored, its status written."""

    namespace: str
    name: str
    kind: str


class TargetKey(NamedTuple):
    """A target: one Secret, computed from all slots that contribute to it."""

    namespace: str
    name: str
    kind: str = TARGET


Key = SlotKey | TargetKey
