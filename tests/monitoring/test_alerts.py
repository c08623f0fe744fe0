"""Each alert fires for what it is for and for nothing else, and leads to a page that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.install import ROOT
from tests.docs.test_links import anchors
from tests.monitoring.cases import CASES, NAMESPACE, Firing, moved

if TYPE_CHECKING:
    from tests.monitoring.cases import Series
    from tests.monitoring.promtool import Json, Promtool

PAGE = "docs/alerts.md"
ON_MAIN = "https://github.com/slotwarden/slotwarden/blob/main/"


def rules(groups: list[Json]) -> dict[str, Json]:
    """All alerts by their names."""
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_prometheus_has_nothing_to_say_against_them(groups: list[Json], promtool: Promtool) -> None:
    promtool.check(groups)


def test_each_has_a_case(groups: list[Json]) -> None:
    assert set(rules(groups)) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_it_fires_for_what_it_is_for(groups: list[Json], promtool: Promtool, name: str) -> None:
    rule = rules(groups)[name]
    # What it says is to be right; a description that is always the same need not be told twice.
    short = {**rule, "annotations": {"summary": rule["annotations"]["summary"]}}
    fires = [told(short, case.series, case) for case in CASES[name].fires]
    quiet = [told(short, series) for series in (*CASES[name].quiet, *of_others(name))]
    assert fires
    assert quiet
    promtool.test([{"name": "alone", "rules": [short]}], *fires, *quiet)


def of_others(name: str) -> list[Series]:
    """What it fires for, in the namespace of another release; not where it fires for what is missing."""
    fires = [case.series for case in CASES[name].fires]
    return [moved(series) for series in fires] if all(fires) else []


def told(rule: Json, series: Series, firing: Firing | None = None) -> Json:
    """A test of promtool's: the alert that fires after two hours; where none is given, none does all along."""
    labels = {**rule["labels"], "namespace": NAMESPACE, **(firing.labels if firing else {})}
    expected = [{"exp_labels": labels, "exp_annotations": {"summary": firing.summary}}] if firing else []
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"eval_time": f"{minute}m", "alertname": rule["alert"], "exp_alerts": expected}
            for minute in ([120] if firing else range(1, 121))
        ],
    }


def test_each_says_how_bad_it_is_what_it_is_and_what_to_do(groups: list[Json]) -> None:
    sections = anchors((ROOT / PAGE).read_text())
    for name, rule in rules(groups).items():
        told = rule["annotations"]
        assert rule["labels"]["severity"] in ("critical", "warning"), name
        assert set(told) == {"summary", "description", "runbook_url"}, name
        assert told["summary"].endswith("."), name
        assert "{{" not in told["description"], f"{name}: only summaries are tested with labels"
        address, _, section = told["runbook_url"].partition("#")
        assert (address, section) == (f"{ON_MAIN}{PAGE}", name.lower())
        assert section in sections, f"{PAGE} has no section {name}"


def test_the_page_tells_of_no_other(groups: list[Json]) -> None:
    headings = [
        line.removeprefix("## ") for line in (ROOT / PAGE).read_text().splitlines() if line.startswith("## Slot")
    ]
    assert headings == list(rules(groups))
