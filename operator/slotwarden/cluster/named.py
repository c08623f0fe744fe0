"""One object of one name, looked at and waited for, with no more permission than for that name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from slotwarden.cluster.client import Json, KubeClient

LONGEST_WAIT: Final = 20.0
"""Seconds; below the time-out of a request."""


class Named:
    """An object by its collection's path and its name. Methods raise `KubernetesError`s.

    Args:
        resource: plural, as in RBAC.
    """

    def __init__(self, client: KubeClient, resource: str, collection: str, name: str) -> None:
        self._client = client
        self._resource = resource
        self._collection = collection
        self._query = {"fieldSelector": f"metadata.name={name}"}

    async def look(self) -> tuple[Json | None, str]:
        """The object, None where there is none; and the resourceVersion to wait from."""
        listed = await self._client.request("list", self._resource, self._collection, query=self._query)
        items = listed.get("items") or []
        return (items[0] if items else None), str((listed.get("metadata") or {}).get("resourceVersion", ""))

    async def wait(self, since: str, seconds: float) -> None:
        """Return when the object changes, or after about `seconds`: at least 1, at most `LONGEST_WAIT`."""
        seconds = max(1, int(min(seconds, LONGEST_WAIT)))
        query = {**self._query, "watch": "true", "resourceVersion": since, "timeoutSeconds": str(seconds)}
        await self._client.has_event(self._resource, self._collection, query)
