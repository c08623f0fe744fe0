"""Whole lists of what is watched, fresh from the API server, and whether our kinds of object are served at all."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from slotwarden.cluster import paths
from slotwarden.cluster.errors import Forbidden, NotFound
from slotwarden.resources import envsecret, secretslot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slotwarden.cluster.client import Json, KubeClient

WATCHED: Final = "slotwarden.io/watch=true"


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What was made of the objects of a kind, and the resourceVersion that all of them are at least as new as.

    Attributes:
        refused: the namespaces that we may not list. A Role goes with its namespace, so it may be gone.
    """

    items: Sequence[T]
    version: int
    refused: frozenset[str] = frozenset()


class Lister:
    """Lists in the namespaces that are watched, or in the whole cluster where none are named."""

    def __init__(self, client: KubeClient, namespaces: Sequence[str]) -> None:
        self._client = client
        self._namespaces: Sequence[str | None] = namespaces or (None,)

    async def slots(self, resource: str, read: Callable[[Json], T | None]) -> Listing[T]:
        """What `read` makes of all objects of one of our resources; those that it makes nothing of are left out."""
        return await self._all(resource, partial(paths.slots, resource), {}, read)

    async def secrets(self, read: Callable[[Json], T | None]) -> Listing[T]:
        """What `read` makes of all Secrets with our label: never more than two pages of them are in memory."""
        return await self._all("secrets", paths.secrets, {"labelSelector": WATCHED}, read)

    async def is_served(self) -> bool:
        """Whether our objects can be made: false while one of their CRDs is missing or being deleted.

        Discovery takes the verb `create` from a kind whose CRD is terminating, and needs no permission.
        """
        try:
            found = await self._client.request("get", "apiresources", paths.GROUP)
        except NotFound:
            return False
        kinds = {kind["name"]: kind.get("verbs") or () for kind in found.get("resources") or ()}
        return all("create" in kinds.get(resource, ()) for resource in (secretslot.PLURAL, envsecret.PLURAL))

    async def _all(
        self,
        resource: str,
        path: Callable[[str | None], str],
        query: Mapping[str, str],
        read: Callable[[Json], T | None],
    ) -> Listing[T]:
        """Raises Forbidden only where nothing at all may be listed: one lost namespace must not stop the others."""
        items: list[T] = []
        versions: list[int] = []
        refused: dict[str, Forbidden] = {}
        for namespace in self._namespaces:
            try:
                found, version = await self._one(resource, path(namespace), query, read)
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

    async def _one(
        self, resource: str, path: str, query: Mapping[str, str], read: Callable[[Json], T | None]
    ) -> tuple[list[T], int]:
        items: list[T] = []
        version = 0
        async with contextlib.aclosing(self._client.list(resource, path, query)) as listed:
            async for item in listed:
                if "metadata" in item:
                    made = read(item)
                    if made is not None:
                        items.append(made)
                else:
                    version = int(item["resourceVersion"] or 0)
        return items, version
