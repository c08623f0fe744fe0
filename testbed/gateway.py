"""The gateway as a real process, and the aggregation layer that leads to it.

Without kube-proxy the API server reaches a Service of type ExternalName that names localhost: the certificate is then
verified for the Service's own name, as ever.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from testbed.operator import make_identities, operator_env, vault_place
from testbed.program import Program
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from testbed.clients.kube import Kube
    from testbed.operator import Identities
    from testbed.session import Session

API_SERVICE = "v1beta1.values.slotwarden.io"
API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
SERVICE = "slotwarden-gateway"
TLS_SECRET = "slotwarden-gateway-tls"  # noqa: S105 - its name
AUDIENCE = "slotwarden"


class Gateway(Program):
    """One gateway process."""

    command = "gateway"
    ports_asked = (*Program.ports_asked, "--https-port", "--grpc-port")

    @property
    def port(self) -> int:
        """Where it serves HTTPS."""
        return self.ports()["https"]

    @property
    def grpc_port(self) -> int:
        """Where it serves gRPC."""
        return self.ports()["grpc"]

    @property
    def url(self) -> str:
        """The same, as an address."""
        return f"https://127.0.0.1:{self.port}"


def make_gateway(
    session: Session,
    namespace: str,
    prefix: str,
    folder: Path,
    *arguments: str,
    identities: Identities | None = None,
    everywhere: bool = False,
) -> Gateway:
    """A gateway that serves one namespace or, `everywhere`, all of them, with its least rights; it is not started.

    Replicas of one that was made share its `identities`.
    """
    if identities is None:
        values: Mapping[str, Any] = {"namespaces": []} if everywhere else {}
        identities = make_identities(session, namespace, prefix, values, role="gateway")
    served = () if everywhere else ("--namespace", namespace)
    flags = [*served, *gateway_arguments(session, namespace, prefix, arguments)]
    env = operator_env(session, identities, folder)
    return Gateway(flags, env, folder, identities.account.user, identities.vault_user)


def gateway_arguments(session: Session, namespace: str, prefix: str, more: Sequence[str] = ()) -> list[str]:
    """The flags that every gateway of a test gets; those of the test come last and win."""
    return [
        *(*vault_place(session), "--vault-prefix", prefix),
        *("--service-namespace", namespace, "--service-name", SERVICE, "--tls-secret", TLS_SECRET),
        *("--tls-name", "localhost", "--log-level", "debug", "--log-format", "json"),
        *more,
    ]


@contextlib.contextmanager
def install_aggregation(session: Session, gateway: Gateway, namespace: str) -> Iterator[None]:
    """Have the API server forward values.slotwarden.io to a gateway, until the context ends.

    There is one such API in a cluster: whoever uses it has the servers for themselves, or takes turns.
    """
    lead_to(session.kube, gateway, namespace)
    try:
        eventually(lambda: is_available(session.kube), 60, message="the aggregated API is available")
        yield
    finally:
        session.kube.delete(f"{API_SERVICES}/{API_SERVICE}")
        session.kube.delete(f"/api/v1/namespaces/{namespace}/services/{SERVICE}")


def lead_to(kube: Kube, gateway: Gateway, namespace: str) -> None:
    """Make the Service and the APIService, or have those that are there lead to it."""
    port = [{"name": "https", "port": gateway.port, "protocol": "TCP"}]
    service = f"/api/v1/namespaces/{namespace}/services"
    spec: Mapping[str, Any] = {"type": "ExternalName", "externalName": "localhost", "ports": port}
    target = {"namespace": namespace, "name": SERVICE, "port": gateway.port}
    if kube.find(f"{service}/{SERVICE}") is None:
        kube.create(service, {"metadata": {"name": SERVICE}, "spec": spec})
        body = {
            "group": "values.slotwarden.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 1000,
            "versionPriority": 15,
            "service": target,
        }
        kube.create(API_SERVICES, {"metadata": {"name": API_SERVICE}, "spec": body})
    else:
        kube.patch(f"{service}/{SERVICE}", {"spec": spec})
        kube.patch(f"{API_SERVICES}/{API_SERVICE}", {"spec": {"service": target}})


def is_available(kube: Kube) -> bool:
    """Whether the API server finds the aggregated API served, and serves it. LookupError says why it does not."""
    found = kube.get(f"{API_SERVICES}/{API_SERVICE}")
    conditions = found.get("status", {}).get("conditions", [])
    available = [each for each in conditions if each["type"] == "Available"]
    if not available or available[0]["status"] != "True":
        raise LookupError(available[0].get("message") if available else "the API server has not looked yet")
    return bool(kube.get("/apis/values.slotwarden.io/v1beta1")["resources"])


def user_token(kube: Kube, namespace: str, name: str, audience: str = AUDIENCE, seconds: int = 600) -> str:
    """A token of a ServiceAccount for an audience."""
    spec = {"audiences": [audience], "expirationSeconds": seconds}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    return str(kube.create(path, body)["status"]["token"])
