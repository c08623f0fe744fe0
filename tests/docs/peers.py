"""What other operators leave, for the pages on how to come from them: their object, and its Secret with their marks.

Their own programs do not run here. Their kinds are there by a CRD that takes any field, so that the garbage collector
does with owners what it does in a cluster.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from testbed.clients.kube import core
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

    from testbed.clients.kube import Kube

Json = dict[str, Any]
NAMESPACE: Final = "acme"
_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_DOCKERCONFIG: Final = {"auths": {"ghcr.io": {"username": "bot", "password": 'p"w', "auth": "Ym90OnAidw=="}}}


@dataclass(frozen=True, slots=True)
class Peer:
    """An object of another operator's and the Secret that it makes."""

    group: str
    version: str
    kind: str
    name: str
    spec: Json
    secret: str
    type: str
    data: Mapping[str, str] = field(repr=False)
    labels: Mapping[str, str]
    controller: bool = True

    @property
    def plural(self) -> str:
        """The resource's name."""
        return f"{self.kind.lower()}s"


PEERS: Final[Mapping[str, Peer]] = {
    "docs/migrate/from-external-secrets.md": Peer(
        "external-secrets.io",
        "v1",
        "ExternalSecret",
        "ghcr-pull",
        {"target": {"creationPolicy": "Owner", "deletionPolicy": "Retain"}},
        "ghcr-pull",
        "kubernetes.io/dockerconfigjson",
        # With the line breaks of a template.
        {".dockerconfigjson": json.dumps(_DOCKERCONFIG, indent=2)},
        {"reconcile.external-secrets.io/managed": "true", "reconcile.external-secrets.io/created-by": "0f"},
    ),
    "docs/migrate/from-vault-secrets-operator.md": Peer(
        "secrets.hashicorp.com",
        "v1beta1",
        "VaultStaticSecret",
        "shop-production",
        {"destination": {"create": True, "name": "shop-production-env"}},
        "shop-production-env",
        "Opaque",
        {"DATABASE_URL": "postgres://db/shop", "SMTP_URL": "smtp://relay\n", "_raw": "{}"},
        {"app.kubernetes.io/managed-by": "hashicorp-vso", "secrets.hashicorp.com/vso-ownerRefUID": "0f"},
        controller=False,
    ),
    "docs/migrate/from-sealed-secrets.md": Peer(
        "bitnami.com",
        "v1alpha1",
        "SealedSecret",
        "github-token",
        {"encryptedData": {}},
        "github-token",
        "kubernetes.io/basic-auth",
        {"username": "bot", "password": 't"k\\n'},
        {},
    ),
}


def define(kube: Kube) -> None:
    """Make the peers' kinds."""
    for peer in PEERS.values():
        kube.create(_CRDS, _definition(peer))


def leave(kube: Kube, peer: Peer) -> Json:
    """Make a peer's object and Secret in a new namespace; the Secret."""
    kube.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    path = f"/apis/{peer.group}/{peer.version}/namespaces/{NAMESPACE}/{peer.plural}"
    eventually(lambda: kube.find(path) is not None, message=f"{peer.plural} are served")
    owner = {"apiVersion": f"{peer.group}/{peer.version}", "kind": peer.kind}
    made = kube.create(path, {**owner, "metadata": {"name": peer.name}, "spec": peer.spec})
    owner |= {"name": peer.name, "uid": made["metadata"]["uid"]}
    metadata = {
        "name": peer.secret,
        "labels": dict(peer.labels),
        "ownerReferences": [{**owner, "controller": True} if peer.controller else owner],
    }
    body = {"metadata": metadata, "type": peer.type, "stringData": dict(peer.data)}
    return kube.create(core(NAMESPACE, "secrets"), body)


def remove(kube: Kube) -> None:
    """Take the namespace away, with all that is in it."""
    kube.delete(f"/api/v1/namespaces/{NAMESPACE}")
    eventually(lambda: kube.find(f"/api/v1/namespaces/{NAMESPACE}") is None, 60, message="the namespace is gone")


def meaning(value: str) -> Any:
    """A value, without the form of JSON where it is that."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _definition(peer: Peer) -> Json:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "metadata": {"name": f"{peer.plural}.{peer.group}"},
        "spec": {
            "group": peer.group,
            "scope": "Namespaced",
            "names": {"kind": peer.kind, "plural": peer.plural, "singular": peer.kind.lower()},
            "versions": [
                {"name": peer.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
            ],
        },
    }
