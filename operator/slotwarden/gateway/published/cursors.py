"""Cursors: a position among the secrets of an instance, as a text that clients pass back and do not look into.

A position is a moment and an id and no number of rows, so a cursor holds on every replica, after a restart, and while
secrets are made and removed, the one that it was taken from too.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT: Final = re.compile(r"([0-9]{1,17})\.([0-9a-f-]{36})")
CURSOR: Final = "[A-Za-z0-9_-]{1,128}"
_CURSOR: Final = re.compile(CURSOR)


def cursor(position: tuple[datetime, str]) -> str:
    """The text for a position: a moment, which is told to the microsecond, and the uid of an object."""
    moment, uid = position
    text = f"{(moment - _EPOCH) // timedelta(microseconds=1)}.{uid}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position(text: str) -> tuple[datetime, str]:
    """The position that a cursor stands for.

    Raises:
        ValueError: it is none; the text is not quoted.
    """
    wrong = ValueError("is not a cursor that a list gave")
    if not _CURSOR.fullmatch(text):
        raise wrong
    try:
        read = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise wrong from None
    found = _TEXT.fullmatch(read)
    if found is None:
        raise wrong
    return _EPOCH + timedelta(microseconds=int(found[1])), found[2]
