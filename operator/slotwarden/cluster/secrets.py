"""Secrets: the one place where a value is written into a request to the API server."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from slotwarden.cluster import paths
from slotwarden.cluster.client import MERGE_PATCH, KubeClient
from slotwarden.cluster.errors import NotFound
from slotwarden.cluster.slots import FIELD_MANAGER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.cluster.client import Json
    from slotwarden.sensitive import Sensitive

RESOURCE = "secrets"


class Secrets:
    """Reads and writes of single Secrets. Methods raise `KubernetesError`s.

    Args:
        manager: whose fields they are.
    """

    def __init__(self, client: KubeClient, manager: Mapping[str, str] = FIELD_MANAGER) -> None:
        self._client = client
        self._manager = manager

    async def get(self, namespace: str, name: str) -> Json | None:
        """The Secret as it is; None where there is none."""
        try:
            return await self._client.request("get", RESOURCE, paths.secret(namespace, name))
        except NotFound:
            return None

    async def create(
        self,
        namespace: str,
        name: str,
        secret_type: str,
        data: Mapping[str, Sensitive],
        metadata: Mapping[str, Any],
    ) -> Json:
        """Make a Secret; `AlreadyExists` tells that somebody else has.

        Server-side apply would merge into a stranger's Secret without a word.
        """
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"namespace": namespace, "name": name, **metadata},
            "type": secret_type,
            "data": _encode(data),
        }
        return await self._client.request("create", RESOURCE, paths.secrets(namespace), body=body, query=self._manager)

    async def patch(
        self,
        namespace: str,
        name: str,
        version: int,
        data: Mapping[str, Sensitive | None],
        metadata: Mapping[str, Any],
    ) -> Json:
        """Change our keys of a Secret, if it is still at `version`; `Conflict` tells that it is not.

        Args:
            data: None takes a key away.
        """
        body: Json = {"metadata": {**metadata, "resourceVersion": str(version)}}
        if data:
            body["data"] = _encode(data)
        path = paths.secret(namespace, name)
        return await self._client.request(
            "patch", RESOURCE, path, body=body, query=self._manager, content_type=MERGE_PATCH
        )

    async def delete(self, namespace: str, name: str, uid: str, version: int) -> None:
        """Remove this very Secret as it was seen; what is another by now, or changed, stays (`Conflict`).

        What changed may be that somebody lets it be kept: the garbage collector takes an owner off for that.
        """
        seen = {"uid": uid, "resourceVersion": str(version)}
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": seen}
        try:
            await self._client.request("delete", RESOURCE, paths.secret(namespace, name), body=body)
        except NotFound:
            return


def _encode(data: Mapping[str, Sensitive | None]) -> dict[str, str | None]:
    return {key: None if value is None else base64.b64encode(value.reveal()).decode() for key, value in data.items()}
