"""Alerts and dashboard as the chart installs them; what they are worth is tried by promtool in `tests/monitoring`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from testbed.install import CHART
from tests.chart.objects import the

if TYPE_CHECKING:
    from tests.chart.objects import Json, Render


def alerts(render: Render, rules: Json, *, gateway: bool = True) -> dict[str, Json]:
    """The alerts with some values, by name."""
    values = {"gateway": {"enabled": gateway}, "metrics": {"rules": {"enabled": True, **rules}}}
    groups = the(render(values), "PrometheusRule")["spec"]["groups"]
    assert all(group["rules"] for group in groups)
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_there_are_none_unless_they_are_wanted(render: Render) -> None:
    assert not {"PrometheusRule", "ConfigMap"} & {item["kind"] for item in render()}


def test_grafanas_sidecar_finds_the_dashboard(render: Render) -> None:
    found = the(render({"metrics": {"dashboard": {"enabled": True}}}), "ConfigMap")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found["data"]["slotwarden.json"]) == json.loads(Path(CHART, "files/dashboard.json").read_text())
    own = {"enabled": True, "labels": {"dashboards": "team"}, "annotations": {"grafana_folder": "Platform"}}
    metadata = the(render({"metrics": {"dashboard": own}}), "ConfigMap")["metadata"]
    assert metadata["labels"]["dashboards"] == "team"
    assert metadata["annotations"] == {"grafana_folder": "Platform"}


def test_a_gateway_is_missed_only_where_there_is_one(render: Render) -> None:
    every, without = alerts(render, {}), alerts(render, {}, gateway=False)
    assert {"SlotwardenNoGateway", "SlotwardenCertificateEnds"} <= every.keys() - without.keys()
    assert not [rule["expr"] for rule in without.values() if "gateway" in rule["expr"]]


def test_they_are_of_the_releases_namespace(render: Render) -> None:
    for rule in alerts(render, {}).values():
        assert rule["expr"].count('namespace="system"') == rule["expr"].count("slotwarden_")


def test_they_are_found_and_routed_by_labels(render: Render) -> None:
    rules = {"labels": {"release": "prometheus"}, "alertLabels": {"team": "platform", "severity": "page"}}
    objects = render({"metrics": {"rules": {"enabled": True, **rules}}})
    assert the(objects, "PrometheusRule")["metadata"]["labels"]["release"] == "prometheus"
    for rule in alerts(render, rules).values():
        assert rule["labels"] == {"team": "platform", "severity": "page"}


def test_those_that_are_not_wanted_are_left_out(render: Render) -> None:
    assert alerts(render, {}).keys() - alerts(render, {"disabled": ["SlotwardenVaultAway"]}).keys() == {
        "SlotwardenVaultAway"
    }
    with pytest.raises(AssertionError, match=r"metrics\.rules\.disabled: there is no alert VaultAway"):
        alerts(render, {"disabled": ["VaultAway"]})


def test_they_link_to_a_page_of_ones_own(render: Render) -> None:
    found = alerts(render, {"runbookUrl": "https://wiki.example.com/slotwarden"})
    assert found["SlotwardenNoLeader"]["annotations"]["runbook_url"] == (
        "https://wiki.example.com/slotwarden#slotwardennoleader"
    )
