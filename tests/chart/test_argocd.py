"""The health of slots as the chart brings it to Argo CD; what it says of each state is tried in `tests/gitops`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from testbed.install import ROOT
from tests.chart.objects import the

if TYPE_CHECKING:
    from tests.chart.objects import Render


def test_it_is_that_of_the_examples(render: Render) -> None:
    found = the(render({"argocd": {"healthChecks": {"enabled": True}}}), "ConfigMap")
    example = yaml.safe_load((ROOT / "examples" / "gitops" / "argocd" / "argocd-cm.yaml").read_text())
    assert found["data"] == example["data"]
    assert (found["metadata"]["namespace"], found["metadata"]["name"]) == ("system", "slotwarden-argocd-health")
