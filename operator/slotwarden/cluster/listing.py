"""Whole lists of what is watched, fresh from the API server, and whether our kind of object is served at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotwarden.cluster import paths
from slotwarden.cluster.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slotwarden.cluster.client import Json, KubeClient

WATCHED: Final = "slotwarden.io/watch=true"


@dataclass(frozen=True, slots=True)
class Listing:
    """The objects of a kind, and the resourceVersion that all of them are at least as new as.

    Attributes:
        refused: the namespaces that we may not list. A Role goes with its namespace, so it may be gone.
    """

    items: Sequence[Json]
    version: int
    refused: frozenset[str] = frozenset()


class Lister:
    """Lists in the namespaces that are watched, or in the whole cluster where none are named."""

    def __init__(self, client: KubeClient, namespaces: Sequence[str]) -> None:
        self._client = client
        self._namespaces: Sequence[str | None] = namespaces or (None,)

    async def slots(self) -> Listing:
        """All SecretSlots."""
        return await self._all("secretslots", paths.slots)

    async def secrets(self) -> Listing:
        """All Secrets with our label."""
        return await self._all("secrets", paths.secrets, {"labelSelector": WATCHED})

    async def is_served(self) -> bool:
        """Whether SecretSlots can be made: false while their CRD is missing or being deleted.

        Discovery takes the verb `create` from a kind whose CRD is terminating, and needs no permission.
        """
        try:
            found = await self._client.request("get", "apiresources", paths.GROUP)
        except NotFound:
            return False
        kinds = {kind["name"]: kind.get("verbs") or () for kind in found.get("resources") or ()}
        return "create" in kinds.get("secretslots", ())

    async def _all(
        self, resource: str, path: Callable[[str | None], str], query: Mapping[str, str] | None = None
    ) -> Listing:
        """Raises Forbidden only where nothing at all may be listed: one lost namespace must not stop the others."""
        items: list[Json] = []
        versions: list[int] = []
        refused: dict[str, Forbidden] = {}
        for namespace in self._namespaces:
            try:
                found, version = await self._one(resource, path(namespace), query)
            except Forbidden as error:
                if namespace is None:
                    raise
                refused[namespace] = error
            else:
                items += found
                versions.append(version)
        if not versions:
            raise next(iter(refused.values()))
        return Listing(items, min(versions), frozenset(refused))

    async def _one(self, resource: str, path: str, query: Mapping[str, str] | None) -> tuple[list[Json], int]:
        items: list[Json] = []
        version = 0
        async for item in self._client.list(resource, path, query):
            if "metadata" in item:
                items.append(item)
            else:
                version = int(item["resourceVersion"] or 0)
        return items, version
