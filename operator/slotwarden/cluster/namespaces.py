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

    The age of an object is its creationTimestamp and its uid.
    """

    def __init__(self, client: KubeClient, cluster: str | None) -> None:
        self._client = client
        self._cluster = cluster
        self._uids: dict[str, str] = {}
        self._forgotten = 0
        self._ending: dict[str, tuple[str, str]] = {}

    async def cluster(self) -> str:
        """What tells this cluster from others that share the Vault."""
        if self._cluster is None:
            self._cluster = await self.look_up(_IDENTITY)
        return self._cluster

    async def uid(self, namespace: str) -> str:
        """The uid of a namespace; it differs from that of an earlier one of the same name."""
        if namespace in self._uids:
            return self._uids[namespace]
        forgotten = self._forgotten
        found = await self.look_up(namespace)
        # An answer from before a namespace went would else be taken for its successor's.
        if self._forgotten == forgotten:
            self._uids[namespace] = found
        return found

    def forget(self, namespace: str) -> None:
        """Ask anew when it is needed: the namespace may be deleted and made again."""
        self._forgotten += 1
        self._uids.pop(namespace, None)
        self._ending.pop(namespace, None)

    def ends(self, namespace: str, age: tuple[str, str]) -> None:
        """Take note that a namespace with an object of this age in it is being deleted: it takes nothing new."""
        self._ending[namespace] = max(age, self._ending.get(namespace, age))

    def is_ending(self, namespace: str, age: tuple[str, str]) -> bool:
        """Whether the namespace of an object of this age is being deleted, as far as that was noted.

        That can be noted late. What is younger than what the note is of may be in another namespace of that name.
        """
        noted = self._ending.get(namespace)
        return noted is not None and (age == noted or age[0] < noted[0])

    async def look_up(self, namespace: str) -> str:
        """The uid of a namespace as it is now, by one GET."""
        answer = await self._client.request("get", "namespaces", paths.namespace(namespace))
        return str(answer["metadata"]["uid"])
