"""Whether a server that the gateway needs is away, and why: told in /readyz and in a metric."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_LOOK_EVERY: Final = 5.0
_log = logging.getLogger(__name__)


class Look:
    """A look at a server every few seconds.

    Args:
        server: its name, as people read it.
        ask: None where it is well, else why not; empty where it cannot be reached.
        tell: called with whether it is up whenever that changes.

    Attributes:
        cause: why it is away; empty while it is not.
    """

    def __init__(self, server: str, ask: Callable[[], Awaitable[str | None]], tell: Callable[[bool], object]) -> None:
        self._server = server
        self._ask = ask
        self._tell = tell
        self.cause = ""

    async def run(self) -> None:
        """Look until cancelled."""
        self._tell(True)
        while True:
            said = await self._ask()
            cause = "" if said is None else said or f"{self._server} could not be reached"
            if bool(cause) != bool(self.cause):
                self._tell(not cause)
                if cause:
                    _log.warning("%s is away: %s", self._server, cause)
                else:
                    _log.info("%s is back", self._server)
            self.cause = cause
            await asyncio.sleep(_LOOK_EVERY)
