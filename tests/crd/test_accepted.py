from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.domain.names import object_name
from slotwarden.resources.secretslot import SecretSlot
from testbed.install import RELEASE_NAMESPACE
from tests.crd.objects import slot

if TYPE_CHECKING:
    from testbed.clients.kube import Kube
    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session
    from tests.crd.objects import Trial

GITHUB = "https://github.com"
SOURCE = {"secretKeyRef": {"name": "my.source", "key": "config.json"}}


@pytest.mark.parametrize(
    "spec",
    [
        {"registry": {}},
        {"registry": {"username": "bot"}},
        {"registry": {"username": "bot", "password": ""}},
        {"registry": {"username": "_json_key", "password": '{"a": "b\\n"}\n'}},
        {"registry": {"username": "bot", "passwordFrom": SOURCE}},
        {"git": {"url": GITHUB}},
        {"git": {"url": GITHUB, "username": "bot", "token": "äöü '\" & <>"}},
        {"git": {"url": GITHUB, "username": "bot", "tokenFrom": SOURCE}},
        {"git": {"url": GITHUB}, "projections": [{"type": "basic-auth"}]},
        {"registry": {}, "projections": []},
        {"registry": {}, "projections": [{}]},
        {"registry": {}, "projections": [{"secretName": "a.b-c", "type": "basic-auth"}]},
        {"registry": {}, "projections": [{"type": "dockerconfigjson", "labels": {"a": "", "example.com/B_c": "d.e"}}]},
        {"registry": {}, "projections": [{"annotations": {"tekton.dev/git-0": GITHUB, "kpack.io/docker": "a b"}}]},
        {"registry": {}, "deletionPolicy": "Retain"},
        {"registry": {}, "deletionPolicy": "Delete"},
    ],
)
def test_whole_specs(trial: Trial, spec: dict[str, Any]) -> None:
    assert trial(spec).stderr.replace(_warning(spec), "").strip() == ""


def _warning(spec: dict[str, Any]) -> str:
    """The policy warns of an inline value; that is its own test's matter."""
    for kind, field in (("registry", "password"), ("git", "token")):
        if field in spec.get(kind, {}):
            policy = f"slotwarden.{RELEASE_NAMESPACE}.inline-values"
            return (
                f"Warning: Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{policy}': "
                f"spec.{kind}.{field} is inline: the value passes through the API server's storage and audit log. "
                f"It is removed from the object once stored; prefer {field}From"
            )
    return ""


@pytest.mark.parametrize(
    "address",
    [
        "ghcr.io",
        "",
        "docker.io",
        "index.docker.io",
        "registry-1.docker.io",
        "https://index.docker.io/v1/",
        "localhost",
        "registry.example.com:5000",
        "a:1",
        "a:65535",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "10.0.0.1:5000",
        "[::1]",
        "[fd00::1]:5000",
    ],
)
def test_server_addresses(trial: Trial, address: str) -> None:
    assert trial({"registry": {"serverAddress": address}}).stderr == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com",
        "http://git.internal:3000",
        "https://github.com/acme/",
        "https://github.com/acme/Shop.git",
        "https://git.example.com/@scope/it's",
        "https://[fd00::1]:8443/x",
    ],
)
def test_git_urls(trial: Trial, url: str) -> None:
    assert trial({"git": {"url": url}}).stderr == ""


def test_git_without_a_url(trial: Trial) -> None:
    assert trial({"git": {}}).stderr == ""
    assert (
        trial({"git": {"username": "acme-bot", "tokenFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}}).stderr == ""
    )


@pytest.mark.parametrize("interval", ["1s", "30m", "1h", "1h30m", "1h30m5s", "90s", "8760h"])
def test_refresh_intervals(trial: Trial, interval: str) -> None:
    assert trial({"registry": {}, "refreshInterval": interval}).stderr == ""


def test_any_slot_name_under_the_name_the_operator_gives_it(installed: Session, kubectl: Kubectl) -> None:
    draw = random.Random(20)  # noqa: S311 - the same names each time
    alphabet = string.ascii_letters + string.digits + "-_"
    names = {"-", "_", "A_b", "x", "x-", "a" * 64, "A" * 64, "a" * 63, "lus", "LUS", "_lus-"}
    names |= {"".join(draw.choices(alphabet, k=draw.randint(1, 64))) for _ in range(60)}
    objects = [slot({"slotName": name, "registry": {}}, object_name(name)) for name in names]
    done = kubectl("create", "--dry-run=server", "-f", "-", stdin=objects, namespace="default")
    assert done.stderr == ""
    assert done.stdout.count("created") == len(names)


def test_a_status_as_the_operator_writes_it(installed: Session, kube: Kube, namespace: str) -> None:
    path = f"/apis/slotwarden.io/v1beta1/namespaces/{namespace}/secretslots"
    kube.create(path, slot({"registry": {}}))
    now = "2026-01-02T03:04:05Z"
    status = {
        "observedGeneration": 1,
        "type": "registry",
        "hasValue": True,
        "conditions": [
            {"type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": now},
        ],
        "vault": {"path": "slotwarden/a/slots/pull", "version": 3, "createdTime": "2026-01-02T03:04:05.123456789Z"},
        "createdAt": now,
        "updatedAt": now,
        "lastSyncTime": now,
        "lastHandledRefresh": "1",
        "sourceMac": "k:0",
        "pending": {
            "requestID": "d",
            "expectedVersion": 4,
            "requestedTime": now,
            "superseded": [{"requestID": "c", "expectedVersion": 4, "requestedTime": now}],
        },
        "operations": [
            _operation("d", "InProgress", "VaultSealed", requestedTime=now, startedTime=now),
            _operation("b", "Canceled", "Superseded", requestedTime=now, finishedTime=now),
            _operation("a", "Succeeded", "Ready", version=3, requestedTime=now, finishedTime=now),
        ],
        "projections": [{"namespace": namespace, "secretName": "pull", "type": "dockerconfigjson", "reason": "Ready"}],
    }
    kube.patch(f"{path}/pull/status", {"status": status})
    read = SecretSlot.from_object(kube.get(f"{path}/pull"))
    assert read.status.to_object() == status


def _operation(request: str, state: str, reason: str, **known: Any) -> dict[str, Any]:
    return {"requestID": request, "state": state, "reason": reason, **known}
