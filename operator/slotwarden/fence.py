"""The body of a write that is sent only if the write may still be made then.

Between the decision and the first byte lie connections, handshakes and turns of the event loop, and a process may be
stopped for any time in each of them: so the question is asked again where the bytes go out, headers and all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import BytesPayload

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.abc import AbstractStreamWriter


class Fenced(BytesPayload):
    """A body of bytes.

    Args:
        body: may be empty.
        before: called right before anything is sent; what it raises keeps that from being sent and ends the
            connection, which aiohttp tells by a `ClientConnectionError`.
    """

    def __init__(self, body: bytes, before: Callable[[], object]) -> None:
        super().__init__(body)
        self._before = before

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send it, together with the headers, which have waited for it."""
        self._before()
        await super().write_with_length(writer, content_length)
