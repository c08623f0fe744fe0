"""What the gateway's permission to make Secrets does not give: another ServiceAccount's token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from testbed.clients.kubectl import helm_template
from testbed.install import CHART, SHARED_KINDS
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testbed.clients.kubectl import Kubectl, Result
    from testbed.session import Session

NAME = "slotwarden-gateway"
TLS = {"tls.crt": "", "tls.key": ""}


@pytest.fixture
def policed(installed: Session, kubectl: Kubectl, namespace: str) -> Iterator[str]:
    """A namespace with the gateway's rights and the policy about them, as the chart has them."""
    objects = helm_template(installed.helm, CHART, "slotwarden", namespace, {"gateway": {"enabled": True}})
    of_it = [item for item in objects if item["metadata"]["name"].startswith(NAME)]
    policy = [item for item in of_it if item["kind"] in SHARED_KINDS]
    rights = [
        item
        for item in of_it
        if item["kind"] in ("ServiceAccount", "Role", "RoleBinding") and item["metadata"]["namespace"] == namespace
    ]
    kubectl.apply([*rights, *policy], check=True)
    try:
        yield namespace
    finally:
        kubectl("delete", "-f", "-", stdin=policy, check=True)


def test_the_gateway_makes_its_own_secret_alone(policed: str, kubectl: Kubectl) -> None:
    gateway = f"system:serviceaccount:{policed}:{NAME}"

    def made(name: str, kind: str, by: str | None = gateway, **more: Any) -> Result:
        annotations = {"kubernetes.io/service-account.name": NAME}
        secret = {"apiVersion": "v1", "kind": "Secret", "type": kind, **more}
        secret["metadata"] = {"name": name, "annotations": annotations}
        return kubectl("create", "--dry-run=server", "-f", "-", stdin=secret, namespace=policed, as_user=by)

    words = "the gateway makes Secret slotwarden-gateway-tls of type kubernetes.io/tls and no other"
    token = "kubernetes.io/service-account-token"
    eventually(lambda: words in made(f"{NAME}-tls", token).stderr, 30, message="the policy holds")
    assert words in made("other", "kubernetes.io/tls", data=TLS).stderr
    assert made(f"{NAME}-tls", "kubernetes.io/tls", data=TLS).code == 0
    assert made("other", token, by=None).code == 0
