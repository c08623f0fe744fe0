"""Putting the project into a cluster from its own chart: what all share once, and what one namespace's programs need.

The chart is the single source of RBAC and policies: nothing here writes a rule of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from testbed.clients.kubectl import helm_template
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

    from testbed.session import Session

ROOT = Path(__file__).resolve().parent.parent
CRDS = ROOT / "crds"
CHART = ROOT / "charts" / "slotwarden"
# The release that all share: no test has slots in its namespace, which the policies keep free of them, or installs
# another release there, which would be of the same name.
RELEASE_NAMESPACE = "slotwarden-testbed"
# What a run installs once, and what it applies for each operator and gateway; a Deployment would wait for a kubelet
# for ever.
SHARED_KINDS = frozenset({"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"})
# Where the API server has each; kubectl, as a process, would ask for that anew each time.
RIGHTS = {
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts/{name}",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles/{name}",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/{name}",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}",
}
COMPONENT = "app.kubernetes.io/component"
BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})


@dataclass(frozen=True, slots=True)
class Account:
    """The ServiceAccount that a program runs as, and the objects outside its namespace to remove with it."""

    namespace: str
    name: str
    elsewhere: tuple[Mapping[str, Any], ...]

    @property
    def user(self) -> str:
        """Its name in the audit log."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"


def install_shared(session: Session, values: Mapping[str, Any] | None = None) -> None:
    """Apply the CRDs and the chart's policies, and wait until the API server serves them."""
    install_crds(session)
    objects = _render(session, RELEASE_NAMESPACE, {"crds": {"enabled": False}, **(values or {})})
    shared = [item for item in objects if item["kind"] in SHARED_KINDS]
    if shared:
        session.kubectl.apply(shared, check=True)


def install_crds(session: Session) -> None:
    """Apply the CRDs, and wait until the API server serves them."""
    session.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS), check=True)
    words = ("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))
    # One that was just made has no conditions at all, which kubectl takes for an error.
    eventually(lambda: session.kubectl(*words, check=True), 60, message="the CRDs are served")
    # kubectl remembers for hours what a server serves, and asked for that just before; this asks anew.
    session.kubectl("api-resources")


def install_rights(
    session: Session,
    namespace: str,
    prefix: str,
    values: Mapping[str, Any] | None = None,
    replica: str = "",
    role: str = "operator",
) -> Account:
    """Apply what the chart gives an operator, or a gateway, that serves one namespace, and nothing more.

    A `replica` of one that was installed has the same rights by an account of its own, of that name, so that the audit
    log tells them apart.
    """
    rendered = {
        "namespaces": [namespace],
        "vault": {"address": session.endpoints.vault_address, "prefix": prefix},
        "crds": {"enabled": False},
        "policies": {"enabled": False},
        "gateway": {"enabled": role == "gateway"},
    }
    objects = [
        item
        for item in _render(session, namespace, merged(rendered, values or {}))
        if item["kind"] in RIGHTS and item["metadata"]["labels"][COMPONENT] == role
    ]
    if replica:
        objects = _of_replica(objects, replica)
    for item in objects:
        session.kube.patch(_path(item), item, "apply", fieldManager="testbed", force="true")
    account = next(item for item in objects if item["kind"] == "ServiceAccount")["metadata"]["name"]
    elsewhere = tuple(item for item in objects if item["metadata"].get("namespace") != namespace)
    return Account(namespace, account, elsewhere)


def uninstall_rights(session: Session, account: Account) -> None:
    """Remove what does not go with the namespace."""
    for item in account.elsewhere:
        session.kube.delete(_path(item))


def account_token(session: Session, account: Account, seconds: int = 3600) -> str:
    """A token of the account, as a Pod of it would get."""
    path = f"/api/v1/namespaces/{account.namespace}/serviceaccounts/{account.name}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}}
    return str(session.kube.create(path, request)["status"]["token"])


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Helm's way of laying values over values: mappings are merged, anything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        inner = result.get(key)
        result[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result


def _of_replica(objects: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """An account and bindings of another name, to the roles that are there."""
    account = next(item for item in objects if item["kind"] == "ServiceAccount")
    bindings = [item for item in objects if item["kind"] in BINDINGS]
    for binding in bindings:
        binding["metadata"]["name"] += f"-{name}"
        for subject in binding["subjects"]:
            subject["name"] = name
    account["metadata"]["name"] = name
    return [account, *bindings]


def _path(item: Mapping[str, Any]) -> str:
    meta = item["metadata"]
    return RIGHTS[item["kind"]].format(namespace=meta.get("namespace", ""), name=quote(meta["name"]))


def _render(session: Session, namespace: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return helm_template(session.helm, CHART, "slotwarden", namespace, values)
