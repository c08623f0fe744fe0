"""A certificate that others look after, such as cert-manager: read from files, and again when they change."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from slotwarden.gateway.serving import pem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slotwarden.gateway.serving.certificates import Pair

_LOOK_EVERY: Final = 2.0
_log = logging.getLogger(__name__)


class Files:
    """The certificate in two files, PEM.

    Args:
        use: shows a certificate from now on.

    Attributes:
        ready: whether there is a certificate to show.
        cause: why the files could not be read; empty where they could. The certificate that was read last is shown on.
    """

    def __init__(self, certificate: Path, key: Path, use: Callable[[Pair], None]) -> None:
        self._paths = (certificate, key)
        self._use = use
        self._read: tuple[bytes, bytes] | None = None
        self.ready = False
        self.cause = "not read yet"

    async def run(self) -> None:
        """Look at them until cancelled."""
        while True:
            try:
                await self._look()
            except (OSError, ValueError) as error:
                why = error.strerror if isinstance(error, OSError) else str(error)
                self._miss(f"{self._paths[0]}, {self._paths[1]}: {why}")
            await asyncio.sleep(_LOOK_EVERY)

    async def _look(self) -> None:
        certificate, key = [await asyncio.to_thread(path.read_bytes) for path in self._paths]
        if (certificate, key) != self._read:
            pair = pem.pair(certificate, key)
            self._use(pair)
            self._read, self.ready = (certificate, key), True
            _log.info("the gateway shows a certificate that is good until %s", pair.certificate.not_valid_after_utc)
        self.cause = ""

    def _miss(self, why: str) -> None:
        if why != self.cause:
            _log.warning("the gateway's certificate cannot be read: %s", why)
        self.cause = why
