"""How much of the gateway one caller can have: whoever sends slowly, or much at once, is to keep nobody else out."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import web

from slotwarden.gateway.identity.caller import CALLER
from slotwarden.gateway.refusals import away

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp.typedefs import Handler

_PARTS: Final = 4


class Shares:
    """How many requests of one caller run at once; it comes after authentication.

    Args:
        most: how many requests run in all; a caller gets a quarter of them, and one more is told to come again.
    """

    def __init__(self, most: int) -> None:
        self._most = max(1, most // _PARTS)
        self._running: Counter[str] = Counter()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Run a request, or refuse it."""
        with self.running(request[CALLER].username):
            return await handler(request)

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """For as long as a request of a caller runs. Raises Refusal."""
        if self._running[name] >= self._most:
            raise away("too many of your requests run at once")
        self._running[name] += 1
        try:
            yield
        finally:
            self._running[name] -= 1
            if not self._running[name]:
                del self._running[name]
