from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from slotwarden.cluster import watching
from slotwarden.cluster.errors import Expired, KubernetesError, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp


class Content:
    """What comes over a connection, in these parts."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts

    async def iter_any(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


async def read(*parts: bytes) -> list[Any]:
    return [each async for each in watching.events("things", cast("aiohttp.StreamReader", Content(*parts)))]


async def test_events_are_found_wherever_the_parts_are_cut() -> None:
    told = [{"type": "ADDED", "object": {"n": number, "text": "é" * number}} for number in range(30)]
    raw = b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in told)
    for size in (1, 7, 100, len(raw)):
        assert await read(*(raw[at : at + size] for at in range(0, len(raw), size))) == told


async def test_an_error_in_the_stream_is_one() -> None:
    gone = {"type": "ERROR", "object": {"code": 410, "reason": "Expired", "message": "too old"}}
    with pytest.raises(Expired):
        await read(json.dumps(gone).encode() + b"\n")


@pytest.mark.parametrize("raw", [b"<html>\n", b"[]\n", b'{"type": "ADDED"}\n', b'{"type": "ADDED", "obj'])
async def test_what_is_no_event_is_refused_and_not_quoted(raw: bytes) -> None:
    with pytest.raises(KubernetesError, match="not an event") as refused:
        await read(raw)
    assert isinstance(refused.value, Unavailable)


async def test_an_event_that_does_not_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_LONGEST", 1000)
    with pytest.raises(Unavailable):
        await read(*[b"x" * 100] * 1_000_000)
