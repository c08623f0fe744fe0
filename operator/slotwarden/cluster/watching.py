"""What a watch says: one JSON object a line, for as long as the connection lasts."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from slotwarden.cluster.errors import Unavailable, from_answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SILENCE: Final = 70.0
"""Seconds. A connection can go silent and stay open; a watch has a bookmark every minute."""
TIMEOUT: Final = aiohttp.ClientTimeout(sock_connect=5, sock_read=SILENCE)
_LONGEST: Final = 8 * 1024 * 1024


async def events(resource: str, content: aiohttp.StreamReader) -> AsyncGenerator[dict[str, Any], None]:
    """The events in an answer; aiohttp's own lines are shorter than one can be.

    Raises:
        KubernetesError: the server said in an event of its own why it goes on no more, or what it says is none.
    """
    async with aclosing(_lines(content)) as lines:
        async for line in lines:
            event = _decoded(line)
            found = event.get("object")
            if not isinstance(found, dict):
                raise Unavailable("watch", resource, 200, "not an event")
            if event.get("type") == "ERROR":
                raise from_answer("watch", resource, int(found.get("code") or 500), found)
            yield event


async def _lines(content: aiohttp.StreamReader) -> AsyncGenerator[bytes, None]:
    rest = b""
    async for part in content.iter_any():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > _LONGEST:
            break
    if rest:
        yield rest


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
