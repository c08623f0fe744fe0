"""The gateway's objects, which are there where it is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from slotwarden.commands.gateway import gateway
from slotwarden.gateway.assembly import API_SERVICE
from testbed.clients.kubectl import helm_template
from testbed.install import CHART

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session

Json = dict[str, Any]
COMPONENT = "app.kubernetes.io/component"
OTHER_VARIABLES = {"VAULT_CACERT", "VAULT_NAMESPACE", "SLOTWARDEN_NAMESPACE"}


def render(session: Session, values: Json, namespace: str = "system") -> list[Json]:
    """The objects of the gateway alone."""
    merged = {**values, "gateway": {"enabled": True, **values.get("gateway", {})}}
    objects = helm_template(session.helm, CHART, "slotwarden", namespace, merged)
    return [item for item in objects if item["metadata"].get("labels", {}).get(COMPONENT) == "gateway"]


def rules(objects: list[Json]) -> dict[str, list[str]]:
    """The verbs by resource, of all roles."""
    found: dict[str, set[str]] = {}
    for item in objects:
        for rule in item.get("rules", ()):
            for resource in rule["resources"]:
                found.setdefault(resource, set()).update(rule["verbs"])
    return {resource: sorted(verbs) for resource, verbs in found.items()}


def one(objects: list[Json], kind: str) -> Json:
    (found,) = [item for item in objects if item["kind"] == kind]
    return found


def pod(objects: list[Json]) -> Json:
    found: Json = one(objects, "Deployment")["spec"]["template"]["spec"]
    return found


def variables(objects: list[Json]) -> dict[str, str | None]:
    return {item["name"]: item.get("value") for item in pod(objects)["containers"][0]["env"]}


def test_it_is_not_there_unless_it_is_wanted(testbed: Session) -> None:
    assert render(testbed, {"gateway": {"enabled": False}}) == []


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"namespaces": ["a"], "gateway": {"aggregation": False}},
        {
            "vault": {"auth": "token", "tokenSecret": {"name": "t"}, "caSecret": {"name": "ca"}},
            "gateway": {"vaultTokenSecret": {"name": "g"}},
        },
        {"gateway": {"publishedApis": {"enabled": False}, "service": {"type": "LoadBalancer"}}},
        {"gateway": {"tlsSecretName": "theirs", "apiServiceAnnotations": {"cert-manager.io/inject-ca-from": "a/b"}}},
    ],
)
def test_the_api_server_takes_every_object(
    testbed: Session, kubectl: Kubectl, make_namespace: Callable[..., str], values: Json
) -> None:
    release = make_namespace(
        {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
    )
    objects = [item for item in render(testbed, values, release) if item["metadata"].get("namespace") != "a"]
    done = kubectl("apply", "--dry-run=server", "--server-side", "--force-conflicts", "-f", "-", stdin=objects)
    assert (done.code, done.stderr) == (0, "")


def test_it_may_do_what_it_does_and_nothing_more(testbed: Session) -> None:
    wanted = {
        "tokenreviews": ["create"],
        "subjectaccessreviews": ["create"],
        "apiservices": ["get", "patch"],
        "secretslots": ["create", "delete", "get", "list", "patch", "watch"],
        "envsecrets": ["create", "delete", "get", "list", "patch", "watch"],
        "secretslots/value": ["create"],
        "secretslots/status": ["patch"],
        "envsecrets/status": ["patch"],
        "namespaces": ["get"],
        "secrets": ["create", "list", "patch", "watch"],
    }
    for values in ({}, {"namespaces": ["a"]}):
        objects = render(testbed, values)
        assert rules(objects) == wanted
        assert "*" not in yaml.safe_dump([item.get("rules") for item in objects])
    alone = rules(render(testbed, {"gateway": {"aggregation": False}}))
    assert alone == {resource: verbs for resource, verbs in wanted.items() if resource != "apiservices"}
    values_alone = rules(render(testbed, {"gateway": {"publishedApis": {"enabled": False}}}))
    of_objects = {"secretslots": ["get"], "envsecrets": ["get", "list"]}
    without = wanted.keys() - {"secretslots/value"}
    assert values_alone == {resource: wanted[resource] for resource in without} | of_objects
    shown = rules(render(testbed, {"gateway": {"tlsSecretName": "theirs"}}))
    assert shown == {resource: wanted[resource] for resource in wanted.keys() - {"apiservices", "secrets"}}


def test_only_its_own_secret_and_api_service_are_named(testbed: Session) -> None:
    named = {
        (resource, name)
        for item in render(testbed, {"namespaces": ["a"]})
        for rule in item.get("rules", ())
        for resource in rule["resources"]
        for name in rule.get("resourceNames", ())
    }
    assert named == {
        ("secrets", "slotwarden-gateway-tls"),
        ("apiservices", API_SERVICE),
        ("namespaces", "a"),
        ("namespaces", "kube-system"),
    }


def test_it_knows_every_variable_it_is_given(testbed: Session) -> None:
    known = {f"SLOTWARDEN_{name.upper()}" for name in (option.name or "" for option in gateway.params)}
    # By the names of their options.
    known |= {"SLOTWARDEN_TOKEN_AUDIENCE"}
    vault = {
        "auth": "token",
        "tokenSecret": {"name": "t"},
        "caSecret": {"name": "c"},
        "namespace": "n",
        "transitMount": "t",
    }
    more = {"vaultTokenSecret": {"name": "g"}, "publicUrl": "https://secrets.example.com"}
    for values in ({"namespaces": ["a", "b"]}, {"vault": vault, "gateway": more}):
        objects = render(testbed, values)
        container = pod(objects)["containers"][0]
        given = variables(objects)
        assert set(given) <= known | OTHER_VARIABLES
        assert container["args"] == ["gateway"]
        assert given["SLOTWARDEN_TLS_SECRET"] == "slotwarden-gateway-tls"
        service = one(objects, "APIService")["spec"]["service"]
        assert service == {"namespace": "system", "name": given["SLOTWARDEN_SERVICE_NAME"], "port": 443}


def test_its_service_leads_to_both_ports(testbed: Session) -> None:
    objects = render(testbed, {"ports": {"https": 18443, "grpc": 19443}})
    (container,) = pod(objects)["containers"]
    open_ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    leads = {port["port"]: open_ports[port["targetPort"]] for port in one(objects, "Service")["spec"]["ports"]}
    assert leads == {443: 18443, 9443: 19443}
    given = variables(objects)
    assert (given["SLOTWARDEN_HTTPS_PORT"], given["SLOTWARDEN_GRPC_PORT"]) == ("18443", "19443")


def test_without_the_published_apis_there_is_no_grpc(testbed: Session) -> None:
    objects = render(testbed, {"gateway": {"publishedApis": {"enabled": False}}, "networkPolicy": {"enabled": True}})
    assert variables(objects)["SLOTWARDEN_PUBLISHED_APIS"] == "false"
    assert "grpc" not in yaml.safe_dump(objects).lower()


def test_a_certificate_of_others_is_shown(testbed: Session) -> None:
    annotations = {"cert-manager.io/inject-ca-from": "system/gateway"}
    objects = render(testbed, {"gateway": {"tlsSecretName": "theirs", "apiServiceAnnotations": annotations}})
    given = variables(objects)
    assert "SLOTWARDEN_TLS_SECRET" not in given
    (mount,) = [each for each in pod(objects)["containers"][0]["volumeMounts"] if each["name"] == "tls"]
    (volume,) = [each for each in pod(objects)["volumes"] if each["name"] == "tls"]
    assert (mount["name"], volume["secret"]) == (volume["name"], {"secretName": "theirs"})
    files = [given[f"SLOTWARDEN_TLS_{what}_FILE"] for what in ("CERT", "KEY")]
    assert files == [f"{mount['mountPath']}/tls.{suffix}" for suffix in ("crt", "key")]
    assert one(objects, "APIService")["metadata"]["annotations"] == annotations
    assert not [item for item in objects if item["kind"].startswith("ValidatingAdmissionPolicy")]


def test_one_at_a_time_may_be_drained(testbed: Session) -> None:
    objects = render(testbed, {})
    budget = one(objects, "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == one(objects, "Deployment")["spec"]["selector"]


def test_a_token_of_its_own_has_to_be_named(testbed: Session) -> None:
    with pytest.raises(AssertionError, match=r"gateway\.vaultTokenSecret\.name"):
        render(testbed, {"vault": {"auth": "token", "tokenSecret": {"name": "t"}}})
