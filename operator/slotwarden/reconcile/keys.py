"""The two kinds of key in the queue."""

from __future__ import annotations

from typing import NamedTuple


class SlotKey(NamedTuple):
    """A slot: its value is taken in and stored, its status written."""

    namespace: str
    name: str
    kind: str = "slot"


class TargetKey(NamedTuple):
    """A target: one Secret, computed from all slots that contribute to it."""

    namespace: str
    name: str
    kind: str = "target"


Key = SlotKey | TargetKey
