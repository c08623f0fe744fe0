"""APIServices: which authorities the API server believes when it forwards requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.cluster import paths
from slotwarden.cluster.client import MERGE_PATCH
from slotwarden.cluster.errors import NotFound
from slotwarden.cluster.objects import FIELD_MANAGER

if TYPE_CHECKING:
    from slotwarden.cluster.client import Json, KubeClient

RESOURCE: Final = "apiservices"


class ApiServices:
    """Reads and writes of single APIServices. Methods raise `KubernetesError`s."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def get(self, name: str) -> Json | None:
        """The object as it is; None where there is none."""
        try:
            return await self._client.request("get", RESOURCE, paths.api_service(name))
        except NotFound:
            return None

    async def publish(self, seen: Json, bundle: str) -> None:
        """Have the API server believe these authorities (PEM in base64), if the object is still as it was seen.

        Raises:
            Conflict: it is not: look at it again.
        """
        metadata = seen["metadata"]
        body = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "spec": {"caBundle": bundle}}
        path = paths.api_service(metadata["name"])
        query = {"fieldManager": FIELD_MANAGER}
        await self._client.request("patch", RESOURCE, path, body=body, query=query, content_type=MERGE_PATCH)
