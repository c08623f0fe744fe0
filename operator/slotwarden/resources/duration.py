"""Durations as the objects write them: `1h`, `30m`, `1h30m`, `45s`.

The same grammar stands as a rule in the CRD (`rules.py`), so an object that got past the API server parses here.
"""

from __future__ import annotations

import re
from typing import Final

SHORTEST: Final = 1
LONGEST: Final = 8760 * 3600
PATTERN: Final = "^([0-9]{1,5}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?$"
HINT: Final = 'write a duration from 1s to 8760h, like "30m", "1h" or "1h30m"'

_GRAMMAR: Final = re.compile(r"(?:([0-9]{1,5})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?")


def parse_duration(text: str) -> int:
    """The length in seconds.

    Raises:
        ValueError: the text is no duration, or one outside 1s to 8760h.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise ValueError(HINT)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if not SHORTEST <= total <= LONGEST:
        raise ValueError(HINT)
    return total
