"""The trust in front proxies, kept as the API server publishes it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from slotwarden.cluster import paths
from slotwarden.cluster.errors import KubernetesError, Unavailable
from slotwarden.cluster.named import LONGEST_WAIT, Named
from slotwarden.gateway.identity.frontproxy import NoTrust, Trust

if TYPE_CHECKING:
    from slotwarden.cluster.client import Json, KubeClient

NAMESPACE: Final = "kube-system"
NAME: Final = "extension-apiserver-authentication"
_FIRST_PAUSE: Final = 0.5
_LAST_PAUSE: Final = 5.0

_log = logging.getLogger(__name__)


class FollowedTrust:
    """What is published now.

    Nobody is trusted before it was read, nor once the API server says that it is gone, unusable or not for us to read.
    While the API server is away, what it said last holds: a request through it shows that it is there.

    Attributes:
        trust: None: nobody is trusted.
        cause: why what is published could not be read; empty where it could.
    """

    def __init__(self, client: KubeClient) -> None:
        self._published = Named(client, "configmaps", paths.configmaps(NAMESPACE), NAME)
        self._data: dict[str, str] | None = None
        self.trust: Trust | None = None
        self.cause = "not read yet"

    async def run(self) -> None:
        """Follow it until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                found, version = await self._published.look()
                self._take(found)
                await self._published.wait(version, LONGEST_WAIT)
            except (KubernetesError, NoTrust) as error:
                self._miss(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LAST_PAUSE)
            else:
                pause = _FIRST_PAUSE

    def _take(self, found: Json | None) -> None:
        if found is None:
            raise NoTrust(f"there is no ConfigMap {NAMESPACE}/{NAME}")
        data = found.get("data") or {}
        if data != self._data or self.trust is None:
            self.trust = Trust.read(data)
            self._data = data
            _log.info("front proxies are known by what the API server publishes now")
        self.cause = ""

    def _miss(self, error: KubernetesError | NoTrust) -> None:
        if str(error) != self.cause:
            _log.warning("what front proxies are known by cannot be read: %s", error)
        self.cause = str(error)
        if not isinstance(error, Unavailable):
            self.trust = None
