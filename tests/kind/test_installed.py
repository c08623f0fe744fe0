"""What only kubelets and kube-proxy show: pods with the image and the chart's own settings, that do their work."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from testbed.gateway import API_SERVICE, is_available
from testbed.wait import eventually
from tests.kind.conftest import NAME, NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.helm import Helm
    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session

pytestmark = pytest.mark.xdist_group("kind")


def pods(kubectl: Kubectl) -> list[dict[str, Any]]:
    selector = f"app.kubernetes.io/instance={NAME}"
    found = kubectl("get", "pods", "-l", selector, "-o", "json", namespace=NAMESPACE, check=True)
    items: list[dict[str, Any]] = found.json()["items"]
    return items


def test_every_pod_is_ready_at_its_first_try(helm: Helm, image: str, kubectl: Kubectl) -> None:
    del helm
    found = [status for pod in pods(kubectl) for status in pod["status"]["containerStatuses"]]
    assert len(found) == 4  # two operators, two gateways
    assert [(each["ready"], each["restartCount"]) for each in found] == [(True, 0)] * 4
    assert all(each["image"].endswith(image) for each in found)


def test_a_slot_becomes_a_secret(helm: Helm, kubectl: Kubectl, make_namespace: Callable[..., str]) -> None:
    del helm
    namespace = make_namespace()
    source = {"metadata": {"name": "source"}, "stringData": {"token": "first"}}
    slot = {
        "apiVersion": "slotwarden.io/v1beta1",
        "kind": "SecretSlot",
        "metadata": {"name": "github"},
        "spec": {"git": {"username": "bot", "tokenFrom": {"secretKeyRef": {"name": "source", "key": "token"}}}},
    }
    kubectl.apply([{"apiVersion": "v1", "kind": "Secret", **source}, slot], namespace=namespace, check=True)
    kubectl("wait", "--for=condition=Ready", "--timeout=50s", "secretslot/github", namespace=namespace, check=True)
    held = kubectl("get", "secret", "github", "-o", "json", namespace=namespace, check=True).json()["data"]
    assert base64.b64decode(held["password"]) == b"first"


def test_a_value_is_set_through_the_api_server(
    helm: Helm, testbed: Session, kubectl: Kubectl, make_namespace: Callable[..., str]
) -> None:
    """By the Service's own address, to whichever gateway kube-proxy leads."""
    del helm
    namespace = make_namespace()
    eventually(lambda: is_available(testbed.kube), 60, message="the aggregated API is available")
    declared = {
        "apiVersion": "slotwarden.io/v1beta1",
        "kind": "EnvSecret",
        "metadata": {"name": "url"},
        "spec": {"project": "shop", "environment": "production", "key": "DATABASE_URL"},
    }
    kubectl.apply(declared, namespace=namespace, check=True)
    path = f"/apis/values.slotwarden.io/v1beta1/namespaces/{namespace}/envsecrets/url/value"
    body = json.dumps({"valueBase64": base64.b64encode(b"postgres://shop").decode()})
    kubectl("create", "--raw", path, "-f", "-", stdin=body, check=True)
    kubectl("wait", "--for=condition=Ready", "--timeout=50s", "envsecret/url", namespace=namespace, check=True)
    held = kubectl("get", "secret", "shop-production-env", "-o", "json", namespace=namespace, check=True).json()["data"]
    assert base64.b64decode(held["DATABASE_URL"]) == b"postgres://shop"


def test_it_is_uninstalled(helm: Helm, kubectl: Kubectl) -> None:
    """The last test of the file: nothing of it is left, and nothing waits for it."""
    helm("uninstall", NAME, "--wait", "--timeout=100s")
    eventually(lambda: pods(kubectl) == [], 60, message="the pods are gone")
    assert kubectl("get", "apiservice", API_SERVICE, "--ignore-not-found", check=True).stdout == ""
    kubectl("delete", "namespace", NAMESPACE, "--timeout=55s", check=True)
