"""Who we are and whose a namespace is: the uids that make an entry in Vault belong to one cluster and one tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.cluster import paths

if TYPE_CHECKING:
    from slotwarden.cluster.client import KubeClient

_IDENTITY: Final = "kube-system"


class Namespaces:
    """The uids of namespaces, asked for once each.

    Args:
        cluster: the cluster's identity; the uid of `kube-system` where it is None.

    Attributes:
        ending: those that are being deleted: they take nothing new, and never come back.
    """

    def __init__(self, client: KubeClient, cluster: str | None) -> None:
        self._client = client
        self._cluster = cluster
        self._uids: dict[str, str] = {}
        self.ending: set[str] = set()

    async def cluster(self) -> str:
        """What tells this cluster from others that share the Vault."""
        if self._cluster is None:
            self._cluster = await self.look_up(_IDENTITY)
        return self._cluster

    async def uid(self, namespace: str) -> str:
        """The uid of a namespace; it differs from that of an earlier one of the same name."""
        if namespace not in self._uids:
            self._uids[namespace] = await self.look_up(namespace)
        return self._uids[namespace]

    def forget(self, namespace: str) -> None:
        """Ask anew when it is needed: the namespace may be deleted and made again."""
        self._uids.pop(namespace, None)
        self.ending.discard(namespace)

    async def look_up(self, namespace: str) -> str:
        """The uid of a namespace as it is now, by one GET."""
        answer = await self._client.request("get", "namespaces", paths.namespace(namespace))
        return str(answer["metadata"]["uid"])
