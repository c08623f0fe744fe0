"""The chart, installed by helm with the image that was built, and a Vault in the cluster that it logs in to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.vault import policy
from testbed.clients.helm import Helm
from testbed.install import CHART
from testbed.kind import IMAGE_VARIABLE
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session

NAME = "slotwarden"
NAMESPACE = "slotwarden-system"
VAULT_IMAGE = "docker.io/hashicorp/vault:1.21"
ISSUER = "https://kubernetes.default.svc.cluster.local"
# In memory, with the mounts that it begins with; its token is worth what the cluster is.
_VAULT: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "vault"}},
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "slotwarden-tests-vault"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
        "subjects": [{"kind": "ServiceAccount", "name": "vault", "namespace": NAMESPACE}],
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "vault"},
        "spec": {"selector": {"app": "vault"}, "ports": [{"port": 8200}]},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "vault"},
        "spec": {
            "selector": {"matchLabels": {"app": "vault"}},
            "template": {
                "metadata": {"labels": {"app": "vault"}},
                "spec": {
                    "serviceAccountName": "vault",
                    "containers": [
                        {
                            "name": "vault",
                            "image": VAULT_IMAGE,
                            "args": ["server", "-dev"],
                            "env": [
                                {"name": "VAULT_DEV_ROOT_TOKEN_ID", "value": "root"},
                                {"name": "VAULT_DEV_LISTEN_ADDRESS", "value": "0.0.0.0:8200"},
                                {"name": "VAULT_ADDR", "value": "http://127.0.0.1:8200"},
                                {"name": "VAULT_TOKEN", "value": "root"},
                                {"name": "SKIP_SETCAP", "value": "true"},
                            ],
                            "readinessProbe": {"httpGet": {"path": "/v1/sys/health", "port": 8200}},
                        }
                    ],
                },
            },
        },
    },
]


@pytest.fixture(scope="session")
def image() -> str:
    """The image that the nodes have; without, there is nothing to try."""
    if not (found := os.environ.get(IMAGE_VARIABLE)):
        pytest.skip("needs a cluster that has the image: make test-kind")
    return found


@pytest.fixture(scope="session")
def helm(image: str, testbed: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helm]:
    """Helm, after it installed the release and saw its pods ready; the namespace goes afterwards."""
    home: Path = tmp_path_factory.mktemp("helm")
    kubectl = testbed.kubectl
    kubectl("create", "namespace", NAMESPACE, check=True)
    try:
        _vault(kubectl)
        made = Helm(testbed.helm, testbed.endpoints.kubeconfig, NAMESPACE, home)
        made("install", NAME, str(CHART), "--wait", "--timeout=100s", values=values(image))
        yield made
    finally:
        kubectl("delete", "clusterrolebinding", "slotwarden-tests-vault", "--ignore-not-found")
        kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def values(image: str) -> dict[str, Any]:
    """What the chart is installed with: everything that has pods, in more than one replica."""
    repository, _, tag = image.rpartition(":")
    return {
        "image": {"repository": repository, "tag": tag, "pullPolicy": "Never"},
        "replicas": 2,
        "vault": {"address": f"http://vault.{NAMESPACE}.svc:8200"},
        "gateway": {"enabled": True},
    }


def _vault(kubectl: Kubectl) -> None:
    """Vault, and who may log in to it and for what."""
    kubectl.apply(_VAULT, namespace=NAMESPACE, check=True)
    up = ("rollout", "status", "deployment/vault", "--timeout=30s")
    # Its image is pulled first.
    eventually(lambda: kubectl(*up, namespace=NAMESPACE, check=True), 300, message="Vault is up")

    def vault(*words: str, stdin: str = "") -> None:
        kubectl("exec", "-i", "deploy/vault", "--", "vault", *words, namespace=NAMESPACE, stdin=stdin, check=True)

    vault("auth", "enable", "kubernetes")
    vault("write", "auth/kubernetes/config", "kubernetes_host=https://kubernetes.default.svc")
    for role, name in (("operator", NAME), ("gateway", f"{NAME}-gateway")):
        vault("policy", "write", name, "-", stdin=policy.render("secret", "slotwarden", (), role, None))
        vault(
            *("write", f"auth/kubernetes/role/{name}", f"audience={ISSUER}", f"token_policies={name}"),
            *(f"bound_service_account_names={name}", f"bound_service_account_namespaces={NAMESPACE}"),
            "token_no_default_policy=true",
        )
