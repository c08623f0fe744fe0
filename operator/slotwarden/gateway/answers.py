"""The form that all answers have: JSON that ends its line, as the API server's does, for terminals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

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


def _line(content: object) -> str:
    return f"{json.dumps(content)}\n"
