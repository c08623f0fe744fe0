"""What the pods' traffic is kept to, and how Prometheus finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chart.objects import PROGRAMS, of, pod, the

if TYPE_CHECKING:
    from tests.chart.objects import Json, Render

BOTH = {"gateway": {"enabled": True}}
PEER = [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]


def policy(render: Render, component: str, network: Json, **values: Json) -> Json:
    """The NetworkPolicy of a part."""
    objects = render({**BOTH, **values, "networkPolicy": {"enabled": True, **network}})
    found: Json = the(of(objects, component), "NetworkPolicy")["spec"]
    assert found["podSelector"] == the(of(objects, component), "Deployment")["spec"]["selector"]
    return found


def ports(rules: list[Json]) -> list[list[int | str]]:
    """The ports of each rule."""
    return [list(dict.fromkeys(port["port"] for port in rule["ports"])) for rule in rules]


def test_there_are_none_unless_they_are_wanted(render: Render) -> None:
    kinds = {item["kind"] for item in render(BOTH)}
    assert not kinds & {"NetworkPolicy", "PodMonitor", "ServiceMonitor"}


@pytest.mark.parametrize("component", PROGRAMS)
def test_they_are_reached_and_reach_what_they_serve_and_need(render: Render, component: str) -> None:
    spec = policy(render, component, {})
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    own = {"operator": [], "gateway": [["https", "grpc"]]}[component]
    assert ports(spec["ingress"]) == [["health"], ["metrics"], *own]
    assert ports(spec["egress"]) == [[53], [443, 6443], [8200]]
    assert {name for rule in [*spec["ingress"], *spec["egress"]] for name in rule} == {"ports"}
    declared = {port["name"] for port in pod(render(BOTH), component)["spec"]["containers"][0]["ports"]}
    assert {name for rule in ports(spec["ingress"]) for name in rule} == declared


def test_who_and_where_can_be_told(render: Render) -> None:
    network = {"metricsFrom": PEER, "gatewayFrom": PEER, "apiServerTo": PEER, "vaultTo": PEER, "dnsTo": PEER}
    more = {"ports": [{"port": 3128}], "to": PEER}
    spec = policy(render, "gateway", {**network, "dnsPorts": [5353], "apiServerPorts": [443], "extraEgress": [more]})
    assert [rule.get("from") for rule in spec["ingress"]] == [None, PEER, PEER]
    assert [rule["to"] for rule in spec["egress"]] == [PEER] * 4
    assert ports(spec["egress"]) == [[5353], [443], [8200], [3128]]


@pytest.mark.parametrize(
    ("address", "port"),
    [("https://vault", 443), ("http://vault", 80), ("https://[fd00::1]:8200", 8200), ("https://10.0.0.1:1/", 1)],
)
def test_vaults_port_is_that_of_its_address(render: Render, address: str, port: int) -> None:
    spec = policy(render, "operator", {}, vault={"address": address})
    assert ports(spec["egress"])[-1] == [port]


def test_prometheus_scrapes_both_by_their_pods(render: Render) -> None:
    objects = render({**BOTH, "metrics": {"podMonitor": {"enabled": True, "labels": {"a": "b"}, "interval": "1m30s"}}})
    monitor = the(objects, "PodMonitor")
    assert monitor["metadata"]["labels"]["a"] == "b"
    assert monitor["spec"]["podMetricsEndpoints"] == [{"port": "metrics", "interval": "1m30s"}]
    _both_are_selected(objects, monitor["spec"]["selector"]["matchLabels"])


def test_prometheus_scrapes_both_by_a_service(render: Render) -> None:
    objects = of(render({**BOTH, "metrics": {"serviceMonitor": {"enabled": True}}}), "metrics")
    service, monitor = the(objects, "Service"), the(objects, "ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()
    assert [port["name"] for port in service["spec"]["ports"]] == [e["port"] for e in monitor["spec"]["endpoints"]]
    _both_are_selected(render(BOTH), service["spec"]["selector"])


def test_not_by_both(render: Render) -> None:
    on = {"enabled": True}
    with pytest.raises(AssertionError, match="each pod would be scraped twice"):
        render({"metrics": {"podMonitor": on, "serviceMonitor": on}})


def _both_are_selected(objects: list[Json], selector: Json) -> None:
    for component in PROGRAMS:
        template = pod(objects, component)
        assert selector.items() <= template["metadata"]["labels"].items()
        assert "metrics" in {port["name"] for port in template["spec"]["containers"][0]["ports"]}
