"""Keeps a copy of a collection: one list, then the watch from where the list was, for ever.

Whatever happens in between (a server that restarts, a connection that goes silent, a history that was compacted, a CRD
that is not there yet) leads to another try, later and later and not in step with other processes. Nothing is kept here
but a resourceVersion and, while a list is read, the uids in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from typing import TYPE_CHECKING, Final, Protocol

from slotwarden.cluster.errors import Expired, Forbidden, KubernetesError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from slotwarden.cluster.client import Json, KubeClient

_LONG_ENOUGH: Final = 5.0
"""Seconds after which a watch counts as one that worked."""
_FIRST_PAUSE: Final = 0.1
_LAST_PAUSE: Final = 8.0
_PATIENCE: Final = 30.0
"""Seconds for which a refusal is taken to pass: a server that starts lets nobody in before it has read its roles."""
_log = logging.getLogger(__name__)


class Copy(Protocol):
    """Where the objects go. What it is told can be old news: its own writes' answers may have come before."""

    def put(self, raw: Json) -> None:
        """An object is like that."""

    def drop(self, raw: Json) -> None:
        """An object is gone; this is how it was last."""

    def listed(self, uids: Container[str], version: int) -> None:
        """All objects that there were at a version were put."""

    def clear(self) -> None:
        """Versions begin anew: what was put is from another history."""


class Reflector:
    """One collection.

    Args:
        resource: plural, as in RBAC.
        path: of the collection.
        clock: seconds that never go back.

    Attributes:
        cause: why nothing new is heard; empty while all is well.
        synced: whether all was listed once.
        refused: whether we may not look; what else goes wrong later does not end that.
    """

    def __init__(
        self, client: KubeClient, resource: str, path: str, copy: Copy, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._resource = resource
        self._path = path
        self._copy = copy
        self._clock = clock
        self._version = 0
        self._newest = 0
        self._lost: float | None = clock()
        self.cause = ""
        self.synced = False
        self.refused = False

    @property
    def behind(self) -> float:
        """Seconds since the watch was lost; 0 while it stands."""
        return 0.0 if self._lost is None else self._clock() - self._lost

    @property
    def lost(self) -> bool:
        """Whether the copy tells nothing: we may not look, and never did or not for a while."""
        return self.refused and (not self.synced or self.behind > _PATIENCE)

    async def run(self) -> None:
        """Follow until cancelled."""
        failures = 0
        while True:
            began = self._clock()
            try:
                await self._follow()
            except KubernetesError as error:
                self._failed(error)
            except Exception as error:  # noqa: BLE001  # whatever it was, not to follow is worse
                _log.exception("following %s failed; it begins anew", self._resource)
                self._version = 0
                self.cause = f"following {self._resource} failed: {type(error).__name__}"
            finally:
                self._lost = self._clock() if self._lost is None else self._lost
            failures = 0 if self._clock() - began >= _LONG_ENOUGH else failures + 1
            await asyncio.sleep(_pause(failures))

    async def _follow(self) -> None:
        """List where that is needed, and watch until the watch ends."""
        if not self._version:
            await self._list()
        # Servers end a watch after a while of their own choice, and all those of a restarted one at once, if not asked.
        seconds = random.randint(300, 600)  # noqa: S311
        query = {"resourceVersion": str(self._version), "timeoutSeconds": str(seconds)}
        async with self._client.watch(self._resource, self._path, query) as events:
            self._in_touch()
            async for event in events:
                self._take(event)

    async def _list(self) -> None:
        uids: set[str] = set()
        version = 0
        async with contextlib.aclosing(self._client.list(self._resource, self._path)) as listed:
            async for item in listed:
                if "metadata" in item:
                    uids.add(item["metadata"]["uid"])
                    self._copy.put(item)
                else:
                    version = int(item["resourceVersion"] or 0)
        if version < self._newest:
            self._begin_anew()
            raise Expired("list", self._resource, 200, "the cluster's history was set back")
        self._copy.listed(uids, version)
        self._version = self._newest = version
        self.synced = True
        self.refused = False

    def _take(self, event: Json) -> None:
        raw, kind = event["object"], event["type"]
        version = int(raw["metadata"]["resourceVersion"])
        if kind == "BOOKMARK":
            if version < self._version:
                # Such a watch is silent until the history has caught up with where it was asked from.
                raise Expired("watch", self._resource, 200, "the cluster's history was set back")
        elif kind == "DELETED":
            self._copy.drop(raw)
        else:
            self._copy.put(raw)
        self._version = self._newest = max(version, self._version)

    def _begin_anew(self) -> None:
        self._version = self._newest = 0
        self._copy.clear()

    def _in_touch(self) -> None:
        if self.cause:
            _log.info("%s are followed again", self._resource)
        self._lost = None
        self.cause = ""
        self.refused = False

    def _failed(self, error: KubernetesError) -> None:
        """Take note of why it does not go on. A history that is compacted is nothing to be told of: a list follows."""
        if isinstance(error, Expired):
            self._version = 0
            return
        self.refused = self.refused or isinstance(error, Forbidden)
        cause = str(error)
        if isinstance(error, NotFound):
            self._version = 0
            cause = f"the API server does not serve {self._resource}: is the CRD installed?"
        if not self.cause:
            _log.warning("%s cannot be followed: %s", self._resource, cause)
        self.cause = cause


def _pause(failures: int) -> float:
    """Seconds to wait after so many short tries in a row."""
    longest = min(_LAST_PAUSE, _FIRST_PAUSE * 2 ** min(failures, 10))
    return longest * random.uniform(0.5, 1.0) if failures else 0.0  # noqa: S311
