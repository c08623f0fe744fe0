"""The pods of operator and gateway: what they may do, where they run, how many may be away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slotwarden.vault.config import SERVICE_ACCOUNT_TOKEN
from tests.chart.objects import PROGRAMS, of, pod, the

if TYPE_CHECKING:
    from tests.chart.objects import Json, Render

BOTH = {"gateway": {"enabled": True}}


def for_both(**settings: object) -> Json:
    """The same settings for the pods of both."""
    return {**settings, "gateway": {"enabled": True, **settings}}


@pytest.mark.parametrize("component", PROGRAMS)
def test_the_token_is_in_the_one_container_that_uses_it(render: Render, component: str) -> None:
    objects = of(render(BOTH), component)
    assert the(objects, "ServiceAccount")["automountServiceAccountToken"] is False
    spec = pod(objects, component)["spec"]
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    (mount,) = container["volumeMounts"]
    (volume,) = spec["volumes"]
    assert mount == {"name": volume["name"], "mountPath": str(SERVICE_ACCOUNT_TOKEN.parent), "readOnly": True}
    token, authorities = volume["projected"]["sources"]
    assert token == {"serviceAccountToken": {"path": SERVICE_ACCOUNT_TOKEN.name, "expirationSeconds": 3600}}
    assert authorities["configMap"]["name"] == "kube-root-ca.crt"


@pytest.mark.parametrize("component", PROGRAMS)
def test_vault_is_shown_a_token_for_vault_alone(render: Render, component: str) -> None:
    spec = pod(render({**BOTH, "vault": {"audience": "vault"}}), component)["spec"]
    (container,) = spec["containers"]
    places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    (login,) = [item for item in spec["volumes"] if item["name"] == "vault-login"]
    (source,) = login["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "vault"
    variables = {item["name"]: item.get("value") for item in container["env"]}
    assert variables["SLOTWARDEN_VAULT_JWT_FILE"] == f"{places['vault-login']}/{source['serviceAccountToken']['path']}"


@pytest.mark.parametrize("component", PROGRAMS)
def test_they_may_do_nothing_to_their_node(render: Render, component: str) -> None:
    spec = pod(render(BOTH), component)["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["enableServiceLinks"] is False


@pytest.mark.parametrize("component", PROGRAMS)
def test_they_are_spread_and_drained_one_by_one(render: Render, component: str) -> None:
    objects = render(BOTH)
    selector = the(of(objects, component), "Deployment")["spec"]["selector"]
    (spread,) = pod(objects, component)["spec"]["topologySpreadConstraints"]
    assert (spread["labelSelector"], spread["topologyKey"]) == (selector, "kubernetes.io/hostname")
    budget = the(of(objects, component), "PodDisruptionBudget")["spec"]
    assert budget == {"maxUnavailable": 1, "selector": selector}
    loose = render(for_both(podDisruptionBudget={"enabled": False}, topologySpreadConstraints=[]))
    assert [item for item in loose if item["kind"] == "PodDisruptionBudget"] == []
    assert "topologySpreadConstraints" not in pod(loose, component)["spec"]


def test_each_has_settings_of_its_own(render: Render) -> None:
    own = {
        "nodeSelector": {"a": "b"},
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "high",
    }
    counted = {"labelSelector": {"matchLabels": {"a": "b"}}}
    spread = {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", **counted}
    rest = {"podLabels": {"l": "1"}, "podAnnotations": {"n": "2"}, "extraEnv": [{"name": "E", "value": "3"}]}
    values = {**own, **rest, "topologySpreadConstraints": [spread]}
    for component, given in (("operator", values), ("gateway", {"gateway": values})):
        objects = render({**given, "gateway": {**given.get("gateway", {}), "enabled": True}})
        (other,) = set(PROGRAMS) - {component}
        template, neighbour = pod(objects, component), pod(objects, other)
        assert {name: template["spec"].get(name) for name in own} == own
        assert template["spec"]["topologySpreadConstraints"] == [spread]
        assert template["metadata"]["labels"]["l"] == "1"
        assert template["metadata"]["annotations"] == {"n": "2"}
        assert {"name": "E", "value": "3"} in template["spec"]["containers"][0]["env"]
        assert not own.keys() & neighbour["spec"].keys()
        assert {"name": "E", "value": "3"} not in neighbour["spec"]["containers"][0]["env"]


def test_labels_for_all_are_on_all_and_select_nothing(render: Render) -> None:
    everything = {"networkPolicy": {"enabled": True}, "metrics": {"podMonitor": {"enabled": True}}, **BOTH}
    objects = render({**everything, "commonLabels": {"team": "platform"}})
    assert {item["metadata"]["labels"].get("team") for item in objects} == {"platform"}
    for component in PROGRAMS:
        assert pod(objects, component)["metadata"]["labels"]["team"] == "platform"
        assert "team" not in the(of(objects, component), "Deployment")["spec"]["selector"]["matchLabels"]


def test_labels_of_one_object_go_before_those_for_all(render: Render) -> None:
    own = {"podLabels": {"team": "own"}}
    gateway = {"enabled": True, **own, "service": {"labels": {"team": "own"}}}
    metrics = {"podMonitor": {"enabled": True, "labels": {"team": "own"}}}
    objects = render({**own, "commonLabels": {"team": "all"}, "gateway": gateway, "metrics": metrics})
    labelled = [the(objects, "Service"), the(objects, "PodMonitor"), *(pod(objects, part) for part in PROGRAMS)]
    assert {item["metadata"]["labels"]["team"] for item in labelled} == {"own"}
    assert the(of(objects, "operator"), "Deployment")["metadata"]["labels"]["team"] == "all"
