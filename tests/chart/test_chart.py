"""The chart's objects, as helm renders them and as the API server takes them."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from slotwarden import main
from slotwarden.resources import crd
from testbed.install import CHART
from tests.chart.objects import Json, named, of, the

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session
    from tests.chart.objects import Render

# Read by the operator beside the variables of its options.
OTHER_VARIABLES = {"VAULT_CACERT", "VAULT_NAMESPACE", "SLOTWARDEN_NAMESPACE"}


def test_helm_has_no_complaint(testbed: Session) -> None:
    done = subprocess.run([testbed.helm, "lint", "--strict", CHART], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"namespaces": ["default"], "policies": {"inlineValues": "deny"}, "crds": {"keep": False}},
        {
            "vault": {
                "auth": "token",
                "tokenSecret": {"name": "vault"},
                "caSecret": {"name": "ca"},
                "namespace": "ns1",
                "transitMount": "team/transit",
            }
        },
        {"policies": {"namespaceSelector": {"matchLabels": {"slots": "yes"}}}, "image": {"pullSecrets": ["x"]}},
    ],
)
def test_the_api_server_takes_every_object(
    render: Render, kubectl: Kubectl, make_namespace: Callable[..., str], values: Json
) -> None:
    release = make_namespace(
        {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
    )
    objects = render(values, release)
    done = kubectl("apply", "--dry-run=server", "--server-side", "--force-conflicts", "-f", "-", stdin=objects)
    assert (done.code, done.stderr) == (0, "")


def test_the_crds_are_the_generated_ones(render: Render) -> None:
    rendered = {item["metadata"]["name"]: item for item in render() if item["kind"] == "CustomResourceDefinition"}
    assert {item["metadata"]["annotations"]["helm.sh/resource-policy"] for item in rendered.values()} == {"keep"}
    wanted = [crd.definition(kind) for kind in crd.KINDS]
    specs = {name: item["spec"] for name, item in rendered.items()}
    assert specs == {item["metadata"]["name"]: item["spec"] for item in wanted}
    loose = [item for item in render({"crds": {"keep": False}}) if item["kind"] == "CustomResourceDefinition"]
    assert [item for item in loose if "annotations" in item["metadata"]] == []
    assert named(render({"crds": {"enabled": False}}), "CustomResourceDefinition") == []


LEASE = "system/slotwarden-lease"


def test_all_namespaces_need_a_cluster_role_and_the_lease(render: Render) -> None:
    objects = render()
    assert named(of(objects, "operator"), "ClusterRole") == ["/slotwarden.system"]
    assert named(objects, "ClusterRoleBinding") == ["/slotwarden.system"]
    assert named(objects, "Role") == named(objects, "RoleBinding") == [LEASE]


def test_replicas_may_use_their_own_lease_alone(render: Render) -> None:
    role = the(render(), "Role")
    assert {verb for rule in role["rules"] for verb in rule["verbs"] if "resourceNames" not in rule} == {"create"}
    assert {name for rule in role["rules"] for name in rule.get("resourceNames", ())} == {"slotwarden"}
    assert {resource for rule in role["rules"] for resource in rule["resources"]} == {"leases"}
    assert the(render({"replicas": 2}), "Deployment")["spec"]["replicas"] == 2


def test_named_namespaces_need_roles_there_and_the_identity_of_the_cluster(render: Render) -> None:
    objects = render({"namespaces": ["a", "b", "a"]})
    wanted = [f"{namespace}/slotwarden.system" for namespace in ("a", "b", "kube-system")]
    assert named(objects, "Role") == named(objects, "RoleBinding") == [*wanted, LEASE]
    assert named(of(objects, "operator"), "ClusterRole") == named(objects, "ClusterRoleBinding") == []
    for namespace, role in zip(("a", "b", "kube-system"), (o for o in objects if o["kind"] == "Role"), strict=False):
        own = {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": [namespace], "verbs": ["get"]}
        assert role["rules"][-1] == own


def test_no_rule_has_a_wildcard(render: Render) -> None:
    for objects in (render(), render({"namespaces": ["a"]})):
        rules = [rule for item in objects if item["kind"] in {"Role", "ClusterRole"} for rule in item["rules"]]
        assert rules
        assert "*" not in yaml.safe_dump(rules)


def test_names_are_as_long_as_their_kinds_may_have(render: Render) -> None:
    metrics = {"serviceMonitor": {"enabled": True}}
    objects = render({"fullnameOverride": "n" * 63, "gateway": {"enabled": True}, "metrics": metrics})
    names = [item["metadata"]["name"] for item in objects if item["kind"] == "Service"]
    assert len(names) == len(set(names)) == 2
    assert max(map(len, names)) == 63


def test_a_second_release_shares_no_name_of_the_cluster(render: Render) -> None:
    """As docs/install.md has it: one of them has the CRDs, the roles for people and the API service."""

    def of_the_cluster(objects: list[Json]) -> set[tuple[str, str]]:
        scoped = [item for item in objects if item["metadata"].get("namespace") in (None, "kube-system")]
        return {(item["kind"], item["metadata"]["name"]) for item in scoped}

    first = {"namespaces": ["a"], "gateway": {"enabled": True}}
    second = {"namespaces": ["b"], "gateway": {"enabled": True, "aggregation": False}}
    second |= {"crds": {"enabled": False}, "roles": {"create": False}}
    found = [of_the_cluster(render(first, "one")), of_the_cluster(render(second, "two"))]
    assert all(found)
    assert found[0] & found[1] == set()


def test_policies_hold_in_the_namespaces_of_the_release(render: Render) -> None:
    def selectors(values: Json) -> list[Any]:
        bindings = [item for item in render(values) if item["kind"] == "ValidatingAdmissionPolicyBinding"]
        about_values = [item for item in bindings if item["metadata"]["name"].endswith(("-value", "-values"))]
        return [item["spec"].get("matchResources") for item in about_values]

    own = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a", "b"]}]}
    other = {"matchLabels": {"slots": "yes"}}
    assert selectors({}) == [None] * 4
    assert selectors({"namespaces": ["a", "b"]}) == [{"namespaceSelector": own}] * 4
    policies = {"namespaceSelector": other}
    assert selectors({"namespaces": ["a", "b"], "policies": policies}) == [{"namespaceSelector": other}] * 4
    assert selectors({"policies": {"enabled": False}}) == []


def test_the_operator_knows_every_variable_it_is_given(render: Render) -> None:
    vault = {
        "auth": "token",
        "tokenSecret": {"name": "t"},
        "caSecret": {"name": "c"},
        "namespace": "n",
        "transitMount": "t",
    }
    known = {f"SLOTWARDEN_{name.upper()}" for name in (option.name or "" for option in main.operator.params)}
    for values in ({"namespaces": ["a", "b"]}, {"vault": vault}):
        container = the(render(values), "Deployment")["spec"]["template"]["spec"]["containers"][0]
        given = {item["name"]: item.get("value") for item in container["env"]}
        assert given["SLOTWARDEN_LEASE_NAME"] == "slotwarden"
        assert set(given) <= known | OTHER_VARIABLES
        assert container["args"] == ["operator"]
        assert given["SLOTWARDEN_LISTEN_ADDRESS"] == "0.0.0.0"  # noqa: S104 - a pod's own network


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"vault": {"auth": "token"}}, "name the Secret that holds it in vault.tokenSecret.name"),
        ({"vault": {"auth": "approle"}}, "/vault/auth"),
        ({"vault": {"address": "vault:8200"}}, "/vault/address"),
        ({"vault": {"address": "https://u:p@vault"}}, "/vault/address"),
        ({"policies": {"inlineValues": "maybe"}}, "/policies/inlineValues"),
        ({"namespace": ["a"]}, "additional properties 'namespace' not allowed"),
        ({"namespaces": ["A"]}, "/namespaces/0"),
        ({"image": {"digest": "sha256:1"}}, "/image/digest"),
        ({"serviceAccount": {"create": False}}, "name the one to use in serviceAccount.name"),
        ({"serviceAcount": {}}, "additional properties 'serviceAcount' not allowed"),
        ({"gateway": {"service": {"kind": "ClusterIP"}}}, "/gateway/service"),
        ({"gateway": {"extraEnv": [{"name": "A", "value": 1}]}}, "/gateway/extraEnv/0/value"),
        ({"commonLabels": {"app.kubernetes.io/name": "x"}}, "/commonLabels"),
        ({"podDisruptionBudget": {"maxUnavailable": "half"}}, "/podDisruptionBudget/maxUnavailable"),
        ({"topologySpreadConstraints": [{"maxSkew": 1}]}, "/topologySpreadConstraints/0"),
        ({"policies": {"systemNamespaces": "kube-system"}}, "/policies/systemNamespaces"),
        ({"networkPolicy": {"dnsPorts": [0]}}, "/networkPolicy/dnsPorts/0"),
        ({"metrics": {"podMonitor": {"interval": "often"}}}, "/metrics/podMonitor/interval"),
        ({"metrics": {"rules": {"runbookUrl": "docs/alerts.md"}}}, "/metrics/rules/runbookUrl"),
        ({"leaseDuration": 0}, "/leaseDuration"),
        ({"fullnameOverride": "Ours"}, "/fullnameOverride"),
    ],
)
def test_wrong_values_are_told(render: Render, values: Json, words: str) -> None:
    with pytest.raises(AssertionError, match="helm template") as caught:
        render(values)
    assert words in str(caught.value)


def test_every_value_is_explained() -> None:
    lines = [line.strip() for line in Path(CHART, "values.yaml").read_text().splitlines() if line.strip()]
    for before, line in itertools.pairwise(lines):
        value = line.split(": ", 1)[1:]
        if value and not line.startswith(("#", "cpu:", "memory:")):
            assert before.startswith("#"), line


def test_the_schema_knows_every_value_and_no_other() -> None:
    schema = json.loads(Path(CHART, "values.schema.json").read_text())
    values = yaml.safe_load(Path(CHART, "values.yaml").read_text())

    def compare(known: Json, given: Json, where: str) -> None:
        if "$ref" in known:
            known = schema["definitions"][known["$ref"].rpartition("/")[2]]
        if "properties" not in known:
            return
        assert known["additionalProperties"] is False, where
        # What an umbrella chart tells all of its parts; this one heeds nothing of it.
        assert known["properties"].keys() - {"global"} == given.keys(), where
        for name, value in given.items():
            compare(known["properties"][name], value, f"{where}.{name}")

    compare(schema, values, "values")
