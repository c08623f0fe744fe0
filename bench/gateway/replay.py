"""The calls that the gateway made for one request, to be made again by a client that does nothing else.

They are taken from the servers' audit logs, with marks for the names, the uid and, where Vault's log holds but HMACs,
with bodies made here. The bare client makes them one after the other, with the gateway's own rights.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bench.gateway.jobs import UID, Step
from bench.gateway.scene import NAMESPACE, PREFIX
from slotwarden.values import ownership

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.counting import Mark
    from bench.gateway.scene import Scene

Json = dict[str, Any]

_METHODS: Final = {"get": "GET", "list": "GET", "create": "POST", "patch": "PATCH", "delete": "DELETE"}
_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was asked of both servers for one request of a client.

    Attributes:
        kubernetes: entries of the audit log.
        vault: the requests in Vault's.
    """

    kubernetes: Sequence[Json]
    vault: Sequence[Json]

    @classmethod
    def since(cls, scene: Scene, mark: Mark) -> Sample:
        """What the gateway asked about the namespace and what is in it since then."""
        session, gateway = scene.stage.session, scene.gateway
        events = session.kube_audit.events(since=mark.kubernetes, user=gateway.user, namespace=NAMESPACE)
        asked = session.vault_audit.requests(PREFIX, since=mark.vault, user=gateway.vault_user)
        return cls([event for event in events if event["verb"] in _METHODS], asked)

    def steps(self, names: Mapping[str, str], cluster: str, data: Mapping[str, str]) -> list[Step]:
        """The same for others: first what was asked of the API server, then what was asked of Vault.

        Args:
            names: what stands in the sample for what has to stand in its place.
            data: the value, as an entry in Vault holds it.
        """
        found = [kubernetes_step(event) for event in self.kubernetes]
        found += [_vault_step(request, cluster, data) for request in self.vault]
        return [_renamed(step, names) for step in found]


def kubernetes_step(event: Json) -> Step:
    """A request in the API server's audit log.

    What a status is applied to is named, but not in which version: the operator may be at it at the same time, and
    only the gateway would try again.
    """
    verb, body = event["verb"], event.get("requestObject") or {}
    content = "application/json"
    if verb == "patch":
        content = _APPLY if "force=true" in event["requestURI"] else _MERGE
        body["metadata"].pop("resourceVersion", None)
    uid = (event.get("responseObject") or {}).get("metadata", {}).get("uid")
    text = json.dumps(body).replace(uid or UID, UID) if body else None
    return Step("kubernetes", _METHODS[verb], event["requestURI"], text, content, event["responseStatus"]["code"])


def _vault_step(request: Json, cluster: str, data: Mapping[str, str]) -> Step:
    """A request in Vault's audit log, about an entry that was not there before."""
    path, kind = f"/v1/{request['path']}", request["path"].split("/", 2)[1]
    if request["operation"] == "read":
        return Step("vault", "GET", path, code=404)
    if kind == "metadata":
        owner = ownership.Owner(cluster, UID, UID)
        return Step("vault", "POST", path, json.dumps({"custom_metadata": ownership.write({}, owner)}), code=204)
    return Step("vault", "POST", path, json.dumps({"options": {"cas": 0}, "data": dict(data)}))


def _renamed(step: Step, names: Mapping[str, str]) -> Step:
    path, body = step.path, step.body
    for old, new in names.items():
        path, body = path.replace(old, new), body.replace(old, new) if body is not None else None
    return Step(step.server, step.method, path, body, step.content, step.code)
