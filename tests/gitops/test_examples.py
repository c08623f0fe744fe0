"""What the examples for Argo CD and Flux allow and refuse, with the values that they give the chart."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from testbed.clients.kubectl import helm_template
from testbed.install import CHART, ROOT
from testbed.wait import eventually
from tests.gitops.repository import TOOLS
from tests.gitops.tools import EXAMPLES, HEALTH, documents, expressions, lua

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from testbed.clients.kubectl import Kubectl, Result
    from testbed.session import Session

Json = dict[str, Any]
CANARY = "c4naryOfAnInlineValue"
SLOT = "slotwarden.io/v1beta1"
REFUSED = {
    "spec.registry.password is inline": (
        "SecretSlot",
        {"registry": {"serverAddress": "ghcr.io", "username": "bot", "password": CANARY}},
    ),
    "spec.git.token is inline": (
        "SecretSlot",
        {"git": {"url": "https://github.com", "username": "bot", "token": CANARY}},
    ),
    "spec.value is inline": (
        "EnvSecret",
        {"project": "shop", "environment": "production", "key": "SMTP_URL", "value": CANARY},
    ),
}
# What somebody who may write to Git alone could try, with the name of the slot.
REFUSED_TO_FLUX = (
    (
        "ghcr-pull",
        {"registry": {"username": "bot", "passwordFrom": {"secretKeyRef": {"name": "another", "key": "password"}}}},
        "takes its value from Secret another, which you may not read",
    ),
    (
        "github-token",
        {"git": {"url": "https://evil.example"}},
        "another address or kind sends the value of SecretSlot github-token",
    ),
    (
        "stolen",
        {
            "git": {
                "url": "https://evil.example",
                "username": "bot",
                "tokenFrom": {"secretKeyRef": {"name": "ghcr-source", "key": "password"}},
            }
        },
        "a new source sets the value of SecretSlot stolen",
    ),
)


def named(kind: str, spec: Json, name: str = "tried") -> Json:
    return {"apiVersion": SLOT, "kind": kind, "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def strict(installed: Session, kubectl: Kubectl, namespace: str) -> Iterator[str]:
    """A namespace with the policies of a release that has the examples' values, once they hold."""
    values = {**documents("values.yaml")[0], "namespaces": [namespace]}
    # Not the tenant's own namespace: the policies keep slots out of that of a release.
    objects = helm_template(installed.helm, CHART, "slotwarden", f"{namespace}-release", values)
    own = [item for item in objects if item["kind"].startswith("ValidatingAdmissionPolicy")]
    kubectl.apply(own, check=True)
    for words, (kind, spec) in REFUSED.items():

        def is_refused(words: str = words, kind: str = kind, spec: Json = spec) -> bool:
            done = kubectl("create", "--dry-run=server", "-f", "-", stdin=named(kind, spec), namespace=namespace)
            assert done.code, done.stderr
            return words in done.stderr

        eventually(is_refused, message=f"{words} is said")
    yield namespace
    kubectl("delete", "-f", "-", stdin=own, check=True)


def apply(kubectl: Kubectl, flags: tuple[str, ...], namespace: str, manifest: Json, user: str | None = None) -> Result:
    return kubectl("apply", *flags, "-f", "-", stdin=manifest, namespace=namespace, as_user=user)


def test_a_value_in_git_is_refused_with_the_reason(strict: str, kubectl: Kubectl) -> None:
    for tool in TOOLS:
        for words, (kind, spec) in REFUSED.items():
            done = apply(kubectl, tool.flags, strict, named(kind, spec))
            assert done.code == 1
            assert words in done.stderr
            assert "passes through the API server's storage and audit log" in done.stderr
            assert CANARY not in done.stderr
        slots = kubectl("kustomize", str(EXAMPLES / "slots"), check=True).stdout.replace("namespace: acme", "")
        done = kubectl("apply", *tool.flags, "-f", "-", stdin=slots, namespace=strict)
        assert (done.code, done.stderr) == (0, "")


def test_flux_may_do_what_it_needs_and_no_more(strict: str, kubectl: Kubectl) -> None:
    rights = (EXAMPLES / "flux" / "rbac.yaml").read_text().replace("namespace: acme", f"namespace: {strict}")
    kubectl.apply(rights, check=True)
    user, flags = f"system:serviceaccount:{strict}:slots", next(tool.flags for tool in TOOLS if tool.name == "flux")
    made = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "ghcr-source", "labels": {"slotwarden.io/watch": "true"}},
        "stringData": {"password": CANARY},
    }
    eventually(lambda: apply(kubectl, flags, strict, made, user).code == 0, message="the source is applied")
    slots = [
        item
        for item in yaml.safe_load_all(kubectl("kustomize", str(EXAMPLES / "slots"), check=True).stdout)
        if item["metadata"].pop("namespace")
    ]
    for item in slots:
        done = apply(kubectl, flags, strict, item, user)
        assert (done.code, done.stderr) == (0, "")
    kubectl("create", "secret", "generic", "another", "--from-literal=password=x", namespace=strict, check=True)
    assert "forbidden" in kubectl("get", "secret", "another", namespace=strict, as_user=user).stderr
    for name, spec, words in REFUSED_TO_FLUX:
        done = apply(kubectl, flags, strict, named("SecretSlot", spec, name), user)
        assert words in done.stderr
    for kind in ("secretslots.values.slotwarden.io", "envsecrets.values.slotwarden.io"):
        may = kubectl("auth", "can-i", "create", kind, "--subresource=reveal", namespace=strict, as_user=user)
        assert may.stdout.strip() == "no"
    for item in (*slots, made):
        name = f"{item['kind']}/{item['metadata']['name']}".lower()
        assert kubectl("delete", name, "--wait=false", namespace=strict, as_user=user).code == 0


def test_both_kinds_are_judged_alike() -> None:
    assert lua("SecretSlot") == lua("EnvSecret")
    slot, env = expressions()
    assert (slot["apiVersion"], slot["kind"], env["kind"]) == (SLOT, "SecretSlot", "EnvSecret")
    assert {**slot, "kind": ""} == {**env, "kind": ""}


def test_the_chart_takes_the_examples_values_and_renders_the_same_again(testbed: Session) -> None:
    own = [
        documents("argocd/operator.yaml")[0]["spec"]["source"]["helm"]["valuesObject"],
        documents("flux/operator.yaml")[1]["spec"]["values"],
    ]
    values = documents("values.yaml")[0]
    rendered = [
        helm_template(testbed.helm, CHART, "slotwarden", "slotwarden-system", {**values, **more})
        for more in (*own, own[0])
    ]
    assert rendered[0] == rendered[1] == rendered[2]
    bound = [item for item in rendered[0] if item["kind"] == "ValidatingAdmissionPolicyBinding"]
    inline = [item["spec"]["validationActions"] for item in bound if "inline" in item["spec"]["policyName"]]
    assert inline == [["Deny"], ["Deny"]]


def test_the_files_that_the_examples_name_are_there() -> None:
    application = documents("argocd/operator.yaml")[0]["spec"]["source"]
    chart = ROOT / application["path"]
    release = documents("flux/operator.yaml")[1]["spec"]["chart"]["spec"]
    named = [chart / path for path in application["helm"]["valueFiles"]]
    named += [ROOT / path for path in (release["chart"], *release["valuesFiles"])]
    assert [path for path in named if not path.exists()] == []


def by_name(items: Iterable[Json]) -> list[Json]:
    return sorted(items, key=lambda item: (item["kind"], item["metadata"]["name"]))


def test_kustomize_reads_the_examples_alike(kubectl: Kubectl, tmp_path: Path) -> None:
    for folder in ("argocd", "flux"):
        made = tmp_path / folder
        shutil.copytree(EXAMPLES / folder, made)
        names = sorted(path.name for path in made.glob("*.yaml"))
        (made / "kustomization.yaml").write_text(yaml.safe_dump({"resources": names}))
        said = yaml.safe_load_all(kubectl("kustomize", str(made), check=True).stdout)
        assert by_name(said) == by_name(item for name in names for item in documents(f"{folder}/{name}"))


def test_argo_cds_settings_take_the_health_of_the_chart_in(testbed: Session, namespace: str) -> None:
    def kubectl(*words: str, stdin: str | Json | None = None) -> str:
        return testbed.kubectl(*words, namespace=namespace, stdin=stdin, check=True).stdout

    values = {"argocd": {"healthChecks": {"enabled": True}}}
    objects = helm_template(testbed.helm, CHART, "slotwarden", namespace, values)
    (ours,) = (item for item in objects if item["kind"] == "ConfigMap")
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm"}, "data": {"url": "theirs"}}
    for settings in (ours, theirs):
        kubectl("create", "-f", "-", stdin=settings)
    found = json.loads(kubectl("get", "configmap", "slotwarden-argocd-health", "-o", "json"))
    # What jq makes of it.
    health = json.dumps({"data": found["data"]})
    kubectl("patch", "configmap", "argocd-cm", "--patch-file", "/dev/stdin", stdin=health)
    patched = json.loads(kubectl("get", "configmap", "argocd-cm", "-o", "json"))
    kinds = ("SecretSlot", "EnvSecret")
    assert patched["data"] == {"url": "theirs", **{HEALTH + kind: lua(kind) for kind in kinds}}
