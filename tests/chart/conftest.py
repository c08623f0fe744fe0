from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.clients.kubectl import helm_template
from testbed.install import CHART

if TYPE_CHECKING:
    from testbed.session import Session
    from tests.chart.objects import Json, Render


@pytest.fixture
def render(testbed: Session) -> Render:
    """The objects of the chart with some values, as release `slotwarden` in namespace `system`."""

    def run(values: Json | None = None, namespace: str = "system") -> list[Json]:
        return helm_template(testbed.helm, CHART, "slotwarden", namespace, values or {})

    return run
