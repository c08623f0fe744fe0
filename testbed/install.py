"""Putting the project into a cluster from its own chart: what all share once, and what one namespace's operator needs.

The chart is the single source of RBAC and policies: nothing here writes a rule of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from testbed.clients.kubectl import helm_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from testbed.session import Session

ROOT = Path(__file__).resolve().parent.parent
CRDS = ROOT / "crds"
CHART = ROOT / "charts" / "slotwarden"
# What a run installs once, and what it applies for each operator; a Deployment would wait for a kubelet for ever.
SHARED_KINDS = frozenset({"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"})
OPERATOR_KINDS = frozenset({"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})
CLUSTER_KINDS = ("ClusterRole", "ClusterRoleBinding")


@dataclass(frozen=True, slots=True)
class Account:
    """The ServiceAccount that an operator runs as, and the cluster-wide objects to remove with it."""

    namespace: str
    name: str
    cluster_objects: tuple[str, ...]

    @property
    def user(self) -> str:
        """Its name in the audit log."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"


def install_shared(session: Session, values: Mapping[str, Any] | None = None) -> None:
    """Apply the CRDs and the chart's policies, and wait until the API server serves them."""
    session.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS), check=True)
    session.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS), check=True)
    objects = _render(session, "slotwarden", "default", {"crds": {"enabled": False}, **(values or {})})
    shared = [item for item in objects if item["kind"] in SHARED_KINDS]
    if shared:
        session.kubectl.apply(shared, check=True)


def install_operator(session: Session, namespace: str, prefix: str, values: Mapping[str, Any] | None = None) -> Account:
    """Apply what the chart gives an operator that serves one namespace, and nothing more."""
    release = f"slotwarden-{namespace}"
    rendered = {
        "namespaces": [namespace],
        "vault": {"address": session.endpoints.vault_address, "prefix": prefix},
        "crds": {"enabled": False},
        "policies": {"enabled": False},
        **(values or {}),
    }
    objects = [item for item in _render(session, release, namespace, rendered) if item["kind"] in OPERATOR_KINDS]
    session.kubectl.apply(objects, namespace=namespace, check=True)
    account = next(item for item in objects if item["kind"] == "ServiceAccount")["metadata"]["name"]
    wide = tuple(f"{item['kind']}/{item['metadata']['name']}" for item in objects if item["kind"] in CLUSTER_KINDS)
    return Account(namespace, account, wide)


def uninstall_operator(session: Session, account: Account) -> None:
    """Remove what does not go with the namespace."""
    if account.cluster_objects:
        session.kubectl("delete", "--ignore-not-found", "--wait=false", *account.cluster_objects, check=True)


def account_token(session: Session, account: Account, seconds: int = 3600) -> str:
    """A token of the account, as a Pod of it would get."""
    path = f"/api/v1/namespaces/{account.namespace}/serviceaccounts/{account.name}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}}
    return str(session.kube.create(path, request)["status"]["token"])


def _render(session: Session, release: str, namespace: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return helm_template(session.helm, CHART, release, namespace, values)
