"""What users and GitOps tools see of the objects without any operator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.crd.objects import slot

if TYPE_CHECKING:
    from testbed.clients.kube import Kube
    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session

EXAMPLES = Path(__file__).parents[2] / "examples"
NOW = "2026-01-02T03:04:05Z"
FIELDS = [
    "spec.registry.passwordFrom.secretKeyRef.key",
    "spec.git.url",
    "spec.projections.type",
    "status.projections.mac",
]


@pytest.mark.parametrize("field", FIELDS)
def test_explain_tells_every_field(installed: Session, kubectl: Kubectl, field: str) -> None:
    text = kubectl("explain", f"sslot.{field}", check=True).stdout
    assert "<no description>" not in text.split("DESCRIPTION:")[1]


def test_explain_of_the_whole_has_no_gap(installed: Session, kubectl: Kubectl) -> None:
    crd = kubectl("get", "crd", "secretslots.slotwarden.io", "-o", "json", check=True).json()
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


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_are_accepted(installed: Session, kubectl: Kubectl, namespace: str, path: Path) -> None:
    done = kubectl("create", "--dry-run=server", "-f", str(path), namespace=namespace)
    assert done.code == 0, done.stderr
