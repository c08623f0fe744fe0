from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.clients.kubectl import helm_template
from testbed.install import CHART
from tests.faults.conftest import make_doors, make_exposed, turns
from tests.monitoring.cases import NAMESPACE
from tests.monitoring.promtool import Promtool

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.session import Session
    from tests.monitoring.promtool import Json

__all__ = ["make_doors", "make_exposed", "turns"]


@pytest.fixture
def promtool(testbed: Session, tmp_path: Path) -> Promtool:
    """Prometheus' own program."""
    return Promtool(testbed.promtool, tmp_path)


@pytest.fixture
def groups(testbed: Session) -> list[Json]:
    """The groups of the alerts, as the chart renders them where there is a gateway."""
    values = {"gateway": {"enabled": True}, "metrics": {"rules": {"enabled": True}}}
    objects = helm_template(testbed.helm, CHART, "slotwarden", NAMESPACE, values)
    (rule,) = (item for item in objects if item["kind"] == "PrometheusRule")
    found: list[Json] = rule["spec"]["groups"]
    return found
