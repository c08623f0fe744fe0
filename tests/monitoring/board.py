"""The dashboard of the chart, and what its panels ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from testbed.install import CHART
from tests.monitoring.cases import NAMESPACE

if TYPE_CHECKING:
    from tests.monitoring.promtool import Json


def dashboard() -> Json:
    """As it is in the chart."""
    found: Json = json.loads((CHART / "files" / "dashboard.json").read_text())
    return found


def panels() -> list[Json]:
    """All panels but the rows."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def targets() -> dict[str, Json]:
    """What panels ask, by panel and letter."""
    return {f"{panel['title']}, {each['refId']}": each for panel in panels() for each in panel["targets"]}


def queries() -> dict[str, str]:
    """The queries, as Grafana asks them for a namespace and an interval."""
    return {where: _asked(target["expr"]) for where, target in targets().items()}


def legends() -> dict[str, str]:
    """How lines are named."""
    return {where: target["legendFormat"] for where, target in targets().items() if "legendFormat" in target}


def _asked(expression: str) -> str:
    return expression.replace("$namespace", NAMESPACE).replace("$__rate_interval", "5m")
