"""SecretSlots and EnvSecrets: the scrub of an inline value, and the status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from slotwarden.cluster import paths
from slotwarden.cluster.client import MERGE_PATCH, KubeClient
from slotwarden.cluster.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slotwarden.cluster.client import Json
    from slotwarden.sensitive import Sensitive

FIELD_MANAGER: Final = {"fieldManager": "slotwarden"}
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_INLINE: Final = (("registry", "password"), ("git", "token"), ("value",))
"""Where in a spec, of whichever kind, a value can stand."""


class Slots:
    """Reads and writes of single objects of one of our resources. Methods raise `KubernetesError`s."""

    def __init__(self, client: KubeClient, resource: str) -> None:
        self._client = client
        self._resource = resource

    async def get(self, namespace: str, name: str) -> Json | None:
        """The object as it is; None where there is none."""
        try:
            return await self._client.request("get", self._resource, paths.slot(self._resource, namespace, name))
        except NotFound:
            return None

    async def scrub(
        self, namespace: str, name: str, version: int, *, inline: Sequence[str], last_applied: Sensitive | None
    ) -> Json:
        """Remove an inline value from the spec and from kubectl's record, in one patch, if nothing else changed.

        Args:
            inline: where in the spec the value stands; empty where it holds none.
            last_applied: kubectl's record, where that holds one.

        Raises:
            Conflict: the object is no longer at `version`: look at it again.
        """
        body: Json = {"metadata": {"resourceVersion": str(version)}}
        if inline:
            body["spec"] = _nested(inline, None)
        if last_applied is not None:
            body["metadata"]["annotations"] = {LAST_APPLIED: _without_value(last_applied)}
        path = paths.slot(self._resource, namespace, name)
        return await self._client.request(
            "patch", self._resource, path, body=body, query=FIELD_MANAGER, content_type=MERGE_PATCH
        )

    async def patch_status(self, namespace: str, name: str, version: int, status: Mapping[str, Any]) -> Json:
        """Merge into the status, if the object is still at `version`.

        Raises:
            Conflict: it is not: look at it again.
        """
        return await self._client.request(
            "patch",
            f"{self._resource}/status",
            paths.slot(self._resource, namespace, name, "status"),
            body={"metadata": {"resourceVersion": str(version)}, "status": status},
            query=FIELD_MANAGER,
            content_type=MERGE_PATCH,
        )


def _nested(path: Sequence[str], value: Any) -> Any:
    """The object that holds nothing but a value at a path."""
    for name in reversed(path):
        value = {name: value}
    return value


def _without_value(last_applied: Sensitive) -> str | None:
    """Kubectl's record without the value; None (remove it) where it cannot be read."""
    try:
        manifest = json.loads(last_applied.reveal())
        for *kind, field in _INLINE:
            holder = manifest["spec"]
            for name in kind:
                holder = holder.get(name) or {}
            holder.pop(field, None)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return json.dumps(manifest, ensure_ascii=False, separators=(",", ":")) + "\n"
