"""One Lease: who holds it, since when, for how long; every write of it is guarded by its resourceVersion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from slotwarden.cluster import paths
from slotwarden.cluster.errors import NotFound
from slotwarden.cluster.slots import FIELD_MANAGER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.cluster.client import Json, KubeClient

RESOURCE: Final = "leases"


@dataclass(frozen=True, slots=True)
class Record:
    """A Lease as the API server has it.

    Attributes:
        holder: who holds it; empty where it was released.
        duration: seconds after its last change that others have to wait.
        transitions: how often it went to another holder.
    """

    version: str
    holder: str
    duration: float
    transitions: int
    raw: Mapping[str, Any] = field(repr=False)


class Leases:
    """Reads and writes of one Lease. Methods raise `KubernetesError`s."""

    def __init__(self, client: KubeClient, namespace: str, name: str) -> None:
        self._client = client
        self.namespace = namespace
        self.name = name
        self._path = paths.lease(namespace, name)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def get(self) -> Record | None:
        """The Lease as it is; None where there is none."""
        try:
            return _record(await self._client.request("get", RESOURCE, self._path))
        except NotFound:
            return None

    async def write(self, known: Record | None, spec: Mapping[str, Any]) -> Record:
        """Make the Lease where none is known, else change what is in `spec`; labels of others stay.

        Raises:
            AlreadyExists, Conflict: somebody else was faster.
        """
        if known is None:
            body: Json = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"namespace": self.namespace, "name": self.name},
                "spec": dict(spec),
            }
            collection = paths.leases(self.namespace)
            return _record(await self._client.request("create", RESOURCE, collection, body=body, query=FIELD_MANAGER))
        body = {**known.raw, "spec": {**known.raw.get("spec", {}), **spec}}
        return _record(await self._client.request("update", RESOURCE, self._path, body=body, query=FIELD_MANAGER))

    async def has_changed(self, version: str, seconds: float) -> bool:
        """Wait for about `seconds` (at least 1) until the Lease is not as it was at `version`."""
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={self.name}",
            "resourceVersion": version,
            "timeoutSeconds": str(max(1, int(seconds))),
        }
        return await self._client.has_event(RESOURCE, paths.leases(self.namespace), query)


def _record(raw: Json) -> Record:
    spec = raw.get("spec") or {}
    return Record(
        version=raw["metadata"]["resourceVersion"],
        holder=spec.get("holderIdentity") or "",
        duration=float(spec.get("leaseDurationSeconds") or 0),
        transitions=int(spec.get("leaseTransitions") or 0),
        raw=raw,
    )
