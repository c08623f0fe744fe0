"""The form that all answers have: JSON that ends its line, as the API server's does, for terminals."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakKeyDictionary

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

T = TypeVar("T", bound=Hashable)

NEVER_KEPT: Final = {"Cache-Control": "no-store"}
"""Headers of an answer that nothing between us and the client may keep."""


def json_answer(
    content: Mapping[str, object] | Sequence[object], *, code: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An answer with this content."""
    return web.json_response(content, status=code, headers=headers, dumps=_line)


def milliseconds(moment: datetime) -> str:
    """A time in UTC as RFC 3339 has it, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def text_answer(text: str, *, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer with this content, which is JSON already."""
    return web.Response(text=f"{text}\n", headers=headers, content_type="application/json")


def texts(told: Callable[[T], object]) -> Callable[[T], str]:
    """What `told` makes of a thing, in JSON; it is remembered for as long as the thing lives, which must never change.

    A list of a thousand is asked for more often than one of them changes, and to make it anew is most of its price.
    """
    remembered: WeakKeyDictionary[T, str] = WeakKeyDictionary()

    def text(thing: T) -> str:
        found = remembered.get(thing)
        if found is None:
            found = remembered[thing] = json.dumps(told(thing))
        return found

    return text


def _line(content: object) -> str:
    return f"{json.dumps(content)}\n"
