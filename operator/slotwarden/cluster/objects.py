"""Objects of either kind as the gateway needs them: read live, found by what they stand for, made, changed, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from slotwarden.cluster import paths
from slotwarden.cluster.client import MERGE_PATCH
from slotwarden.domain.kinds import ENV, KINDS
from slotwarden.resources.secretslot import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.cluster.client import Json, KubeClient
    from slotwarden.domain.entries import EnvRef
    from slotwarden.resources.base import ObjectMeta
    from slotwarden.resources.slotstatus import Pending

FIELD_MANAGER: Final = "slotwarden-gateway"
APPLY_PATCH: Final = "application/apply-patch+yaml"
# A field that the cluster's CRD does not know is refused, where it would be dropped without a word.
_WRITE: Final = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
_NAMES: Final = {kind.resource: kind.name for kind in KINDS}


class Objects:
    """Reads and writes of single objects. Methods raise `KubernetesError`s.

    A `resource` is `secretslots` or `envsecrets`.
    """

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def get(self, resource: str, namespace: str, name: str) -> Json:
        """The object as it is."""
        return await self._client.request("get", resource, paths.slot(resource, namespace, name))

    async def of_key(self, ref: EnvRef, since: str = "") -> list[Json]:
        """The EnvSecrets that stand for one key of one environment.

        Args:
            since: a resourceVersion as of which, or later, they are told; as they are now if empty. The API server then
                answers from memory, where it may have to read and decode all objects of the namespace otherwise.
        """
        path = paths.slots(ENV.resource, ref.organization)
        fields = f"spec.project={ref.project},spec.environment={ref.environment},spec.key={ref.key}"
        query = {"fieldSelector": fields}
        if since:
            query |= {"resourceVersion": since, "resourceVersionMatch": "NotOlderThan"}
        answer = await self._client.request("list", ENV.resource, path, query=query)
        return list(answer.get("items") or ())

    async def create(self, resource: str, namespace: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> Json:
        """Make an object; `metadata` has at least its name.

        Raises:
            AlreadyExists: there is one of that name.
        """
        body = {"apiVersion": API_VERSION, "kind": _NAMES[resource], "metadata": metadata, "spec": spec}
        return await self._client.request("create", resource, paths.slots(resource, namespace), body=body, query=_WRITE)

    async def patch(self, seen: Json, resource: str, spec: Mapping[str, Any]) -> Json:
        """Merge into the spec of an object, if it is still as it was `seen`.

        Raises:
            NotFound: the object is gone.
            Conflict: it is not: look at it again.
        """
        metadata = {name: seen["metadata"][name] for name in ("uid", "resourceVersion")}
        path = paths.slot(resource, seen["metadata"]["namespace"], seen["metadata"]["name"])
        body = {"metadata": metadata, "spec": spec}
        return await self._client.request("patch", resource, path, body=body, query=_WRITE, content_type=MERGE_PATCH)

    async def delete(self, resource: str, namespace: str, name: str, uid: str) -> Json | None:
        """Delete an object.

        Returns:
            The object as long as finalizers hold it, which is only about to go; None where it is gone.

        Raises:
            NotFound: the object is gone.
            Conflict: another object has its name now.
        """
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        answer = await self._client.request("delete", resource, paths.slot(resource, namespace, name), body=options)
        return answer if answer.get("kind") == _NAMES[resource] else None

    async def apply_pending(self, resource: str, seen: ObjectMeta, pending: Pending) -> Json:
        """State in an object's status what is about to be written, if the object is still as it was `seen`.

        Returns:
            The object as it is then.

        Raises:
            NotFound: the object is gone.
            Conflict: it is not, or another one has its name: look at it again.
        """
        # A version tells objects of one name apart as well: the API server compares no uid that is applied to a status.
        metadata = {"namespace": seen.namespace, "name": seen.name, "resourceVersion": seen.resource_version}
        status = {"pending": pending.to_object()}
        return await self._client.request(
            "patch",
            f"{resource}/status",
            paths.slot(resource, seen.namespace, seen.name, "status"),
            body={"apiVersion": API_VERSION, "kind": _NAMES[resource], "metadata": metadata, "status": status},
            query={"fieldManager": FIELD_MANAGER, "force": "true"},
            content_type=APPLY_PATCH,
        )
