"""What users and GitOps tools see of the objects without any operator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.resources.crd import KINDS
from tests.crd.objects import env, slot

if TYPE_CHECKING:
    from testbed.clients.kube import Kube
    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session

EXAMPLES = Path(__file__).parents[2] / "examples"
NOW = "2026-01-02T03:04:05Z"
FIELDS = [
    "sslot.spec.registry.passwordFrom.secretKeyRef.key",
    "sslot.spec.git.url",
    "sslot.spec.projections.type",
    "sslot.status.projections.mac",
    "esec.spec.key",
    "esec.spec.projection.secretName",
    "esec.status.pending.requestID",
    "esec.status.pending.superseded.requestedTime",
    "sslot.status.operations.finishedTime",
]


@pytest.mark.parametrize("field", FIELDS)
def test_explain_tells_every_field(installed: Session, kubectl: Kubectl, field: str) -> None:
    text = kubectl("explain", field, check=True).stdout
    assert "<no description>" not in text.split("DESCRIPTION:")[1]


@pytest.mark.parametrize("plural", [kind.plural for kind in KINDS])
def test_explain_of_the_whole_has_no_gap(installed: Session, kubectl: Kubectl, plural: str) -> None:
    crd = kubectl("get", "crd", f"{plural}.slotwarden.io", "-o", "json", check=True).json()
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    assert list(_undescribed({"properties": {key: schema[key] for key in ("spec", "status")}}, "")) == []


def _undescribed(schema: dict[str, Any], path: str) -> list[str]:
    found = []
    for name, part in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        found += [] if part.get("description") else [here]
        found += _undescribed(part, here) + _undescribed(part.get("items", {}), f"{here}[]")
    return found


def test_a_fresh_object_is_in_progress_and_its_spec_is_what_was_applied(
    installed: Session, kube: Kube, kubectl: Kubectl, namespace: str
) -> None:
    spec = {"registry": {"username": "bot"}, "projections": [{"type": "basic-auth"}]}
    manifest = slot(spec)
    kubectl.apply(manifest, namespace=namespace, check=True)
    stored = kube.get(f"/apis/slotwarden.io/v1beta1/namespaces/{namespace}/secretslots/pull")
    assert stored["spec"] == spec
    assert stored["status"] == {"observedGeneration": -1}
    assert kubectl("diff", "-f", "-", stdin=manifest, namespace=namespace).code == 0


@pytest.mark.parametrize(
    ("spec", "kind", "server"),
    [
        ({"registry": {"serverAddress": "ghcr.io"}}, "registry", "ghcr.io"),
        ({"git": {"url": "https://github.com"}}, "git", "https://github.com"),
    ],
)
def test_columns(
    installed: Session, kube: Kube, kubectl: Kubectl, namespace: str, spec: dict[str, Any], kind: str, server: str
) -> None:
    path = f"/apis/slotwarden.io/v1beta1/namespaces/{namespace}/secretslots"
    kube.create(path, slot(spec))
    ready = {"type": "Ready", "status": "False", "reason": "AwaitingValue", "message": "no value"}
    status = {
        "observedGeneration": 1,
        "type": kind,
        "conditions": [{**ready, "lastTransitionTime": NOW}],
        "vault": {"path": "p", "version": 3, "createdTime": NOW},
        "projections": [{"namespace": namespace, "secretName": "pull-secret"}],
    }
    kube.patch(f"{path}/pull/status", {"status": status})
    heading, row = kubectl("get", "sslot", namespace=namespace, check=True).stdout.splitlines()
    assert heading.split() == ["NAME", "TYPE", "READY", "REASON", "SECRET", "AGE"]
    assert row.split()[:5] == ["pull", kind, "False", "AwaitingValue", "pull-secret"]
    heading, row = kubectl("get", "slots", "-o", "wide", namespace=namespace, check=True).stdout.splitlines()
    assert heading.split()[6:] == ["SERVER", "VAULT", "VERSION", "MESSAGE"]
    assert row.split()[6:] == [server, "3", "no", "value"]


def test_columns_of_an_environment(installed: Session, kube: Kube, kubectl: Kubectl, namespace: str) -> None:
    path = f"/apis/slotwarden.io/v1beta1/namespaces/{namespace}/envsecrets"
    kube.create(path, env(description="Orders"))
    ready = {"type": "Ready", "status": "False", "reason": "AwaitingValue", "message": "no value"}
    status = {
        "observedGeneration": 1,
        "conditions": [{**ready, "lastTransitionTime": NOW}],
        "vault": {"path": "p", "version": 3, "createdTime": NOW},
        "projections": [{"namespace": namespace, "secretName": "shop-production-env"}],
    }
    kube.patch(f"{path}/url/status", {"status": status})
    heading, row = kubectl("get", "esec", namespace=namespace, check=True).stdout.splitlines()
    assert heading.split() == ["NAME", "PROJECT", "ENVIRONMENT", "KEY", "READY", "REASON", "SECRET", "AGE"]
    shown = ["url", "shop", "production", "DATABASE_URL", "False", "AwaitingValue", "shop-production-env"]
    assert row.split()[:7] == shown
    heading, row = kubectl("get", "slots", "-o", "wide", namespace=namespace, check=True).stdout.splitlines()
    assert heading.split()[8:] == ["VAULT", "VERSION", "DESCRIPTION", "MESSAGE"]
    assert row.split()[8:] == ["3", "Orders", "no", "value"]


def test_a_key_of_an_environment_can_be_asked_for(
    installed: Session, kube: Kube, kubectl: Kubectl, namespace: str
) -> None:
    path = f"/apis/slotwarden.io/v1beta1/namespaces/{namespace}/envsecrets"
    kube.create(path, env("one"))
    kube.create(path, env("rival"))
    kube.create(path, env("other-key", key="PORT"))
    kube.create(path, env("other-environment", environment="staging"))
    kube.create(path, env("other-project", project="forum"))

    def found(selector: str) -> list[str]:
        words = ("get", "esec", "-o", "name", "--field-selector", selector)
        lines = kubectl(*words, namespace=namespace, check=True).stdout.splitlines()
        return [line.partition("/")[2] for line in lines]

    assert found("spec.project=shop,spec.environment=production,spec.key=DATABASE_URL") == ["one", "rival"]
    assert found("spec.key=PORT") == ["other-key"]
    assert found("spec.environment=staging") == ["other-environment"]
    assert found("spec.project!=shop") == ["other-project"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_are_accepted(installed: Session, kubectl: Kubectl, namespace: str, path: Path) -> None:
    done = kubectl("create", "--dry-run=server", "-f", str(path), namespace=namespace)
    assert done.code == 0, done.stderr
