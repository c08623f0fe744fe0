"""Where the catalog's news come from: a watch of each of our resources, in each namespace that is served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slotwarden.cluster import paths
from slotwarden.cluster.reflector import Reflector
from slotwarden.domain.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Container, Coroutine, Iterable

    from slotwarden.cluster.client import Json, KubeClient
    from slotwarden.gateway.catalog.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Part:
    """What one watch is of: a resource, in one namespace or, where that is None, in all. See `reflector.Copy`."""

    catalog: Catalog
    resource: str
    namespace: str | None

    def put(self, raw: Json) -> None:
        """An object is like that."""
        self.catalog.took(raw)

    def drop(self, raw: Json) -> None:
        """An object is gone."""
        metadata = raw["metadata"]
        self.catalog.dropped(self.resource, metadata["namespace"], metadata["name"], metadata["uid"])

    def listed(self, uids: Container[str], version: int) -> None:
        """All that there were at a version were put."""
        self.catalog.listed(self.resource, self.namespace, uids, version)

    def clear(self) -> None:
        """Versions begin anew."""
        self.catalog.clear(self.resource, self.namespace)


class Following:
    """The watches of one resource; a `catalog.Source`.

    Args:
        namespaces: where; everywhere if empty.
    """

    def __init__(self, client: KubeClient, catalog: Catalog, resource: str, namespaces: Iterable[str]) -> None:
        self._reflectors = {
            namespace: Reflector(client, resource, paths.slots(resource, namespace), Part(catalog, resource, namespace))
            for namespace in (sorted(namespaces) or (None,))
        }

    @property
    def cause(self) -> str:
        """Why the first that hears nothing new does not; empty while all do."""
        return next((each.cause for each in self._reflectors.values() if each.cause), "")

    @property
    def synced(self) -> bool:
        """Whether all was listed once. A Role goes with its namespace: one that is lost must not stop the others."""
        told = [each.synced for each in self._reflectors.values()]
        return any(told) and all(each.synced or each.refused for each in self._reflectors.values())

    @property
    def behind(self) -> float:
        """Seconds since the first watch was lost; 0 while all stand."""
        return max(each.behind for each in self._reflectors.values())

    def lost(self, namespace: str) -> bool:
        """Whether nothing is known of a namespace, as we may not look."""
        reflector = self._reflectors.get(namespace) or self._reflectors.get(None)
        return reflector is not None and reflector.lost

    def runs(self) -> list[Coroutine[None, None, None]]:
        """What has to run."""
        return [each.run() for each in self._reflectors.values()]


def follow(catalog: Catalog, client: KubeClient, namespaces: Iterable[str]) -> list[Following]:
    """Have a catalog wait for, and be told of, all objects of these namespaces; of all there are if none is named."""
    made = [Following(client, catalog, kind.resource, namespaces) for kind in KINDS]
    catalog.sources.extend(made)
    return made
