"""Events on our objects: few, each once, and never a reason for a reconciliation to fail."""

from __future__ import annotations

import asyncio
import logging
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from slotwarden.cluster import paths
from slotwarden.cluster.errors import KubernetesError
from slotwarden.cluster.term import NotLeading
from slotwarden.resources.base import rfc3339
from slotwarden.resources.secretslot import API_VERSION

if TYPE_CHECKING:
    from slotwarden.cluster.client import KubeClient
    from slotwarden.resources.base import ObjectMeta

Severity = Literal["Normal", "Warning"]

_log = logging.getLogger(__name__)
_IN_FLIGHT: Final = 100


class Events:
    """Posts events in the background; those that come faster than they can be posted are dropped."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, kind: str, about: ObjectMeta, severity: Severity, reason: str, message: str) -> None:
        """Say something about an object of that kind, in `kubectl describe`."""
        if len(self._tasks) >= _IN_FLIGHT:
            return
        task = asyncio.ensure_future(self._post(kind, about, severity, reason, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait for the events that are on their way."""
        await asyncio.gather(*self._tasks)

    async def _post(self, kind: str, about: ObjectMeta, severity: Severity, reason: str, message: str) -> None:
        now = rfc3339(datetime.now(UTC))
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": about.namespace, "name": f"{about.name[:200]}.{secrets.token_hex(8)}"},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": kind,
                "namespace": about.namespace,
                "name": about.name,
                "uid": about.uid,
            },
            "type": severity,
            "reason": reason,
            "message": message[:1000],
            "source": {"component": "slotwarden"},
            "reportingComponent": "slotwarden",
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        try:
            await self._client.request("create", "events", paths.events(about.namespace), body=body)
        except (KubernetesError, NotLeading) as error:
            _log.info("an event could not be posted: %s", error)
