"""The dashboard is one that Grafana reads, for any Prometheus and namespace, and says what each panel is about."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.monitoring import board

if TYPE_CHECKING:
    from tests.monitoring.promtool import Promtool

SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def lost(before: Any, after: Any, where: str = "") -> list[str]:
    """What is in one of two JSON documents and not in the other, or differs there."""
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = [(f"{where}/{key}", value, after.get(key, "nothing")) for key, value in before.items()]
    elif isinstance(before, list) and isinstance(after, list):
        pairs = [(f"{where}/{at}", *each) for at, each in enumerate(itertools.zip_longest(before, after))]
    else:
        return [] if before == after else [f"{where}: {before!r} became {after!r}"]
    return [line for at, one, other in pairs for line in lost(one, other, at)]


def test_grafanas_own_models_know_all_of_it() -> None:
    plugins.register_default_plugins()
    before = board.dashboard()
    after = json.loads(JSONEncoder().encode(Dashboard.from_json(before)))
    assert lost(before, after) == []
    before["panels"][1]["optoins"] = {}
    assert lost(before, json.loads(JSONEncoder().encode(Dashboard.from_json(before)))) != []


def test_promtool_parses_each_query(promtool: Promtool) -> None:
    promtool.parse(board.queries().values())


def test_it_asks_the_prometheus_and_the_namespace_that_are_chosen() -> None:
    found = board.dashboard()
    assert [variable["name"] for variable in found["templating"]["list"]] == ["datasource", "namespace"]
    assert found["uid"]
    assert "id" not in found
    for panel in board.panels():
        assert panel["datasource"] == SOURCE, panel["title"]
    for where, target in board.targets().items():
        assert target["expr"].count("slotwarden_") == target["expr"].count('namespace="$namespace"'), where
        # The interval of Prometheus' scrapes is not ours to know.
        assert target["expr"].count("rate(") == target["expr"].count("[$__rate_interval]"), where


def test_each_panel_says_what_it_is_about_and_in_what() -> None:
    titles = [panel["title"] for panel in board.panels()]
    assert len(set(titles)) == len(titles)
    for panel in board.panels():
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]


def test_no_panel_lies_on_another() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in board.dashboard()["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        for cell in itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])):
            assert cell not in taken, f"{panel['title']} lies on {taken[cell]}"
            taken[cell] = panel["title"]
