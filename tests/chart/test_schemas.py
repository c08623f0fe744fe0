"""Every object, in every mode, is as the schema of its kind has it, with no field beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chart import test_snapshots as snapshots
from tests.chart.kubeconform import Kubeconform
from tests.chart.objects import the
from tests.release import modes

if TYPE_CHECKING:
    from testbed.session import Session
    from tests.chart.objects import Json, Render

VAULT = {"address": "https://vault.example"}
MODES: dict[str, Json] = {
    **snapshots.MODES,
    **{mode: modes.values(mode, "system", ("acme", "shop"), VAULT) for mode in modes.MODES},
}


@pytest.fixture(scope="module")
def kubeconform(testbed: Session, tmp_path_factory: pytest.TempPathFactory) -> Kubeconform:
    return Kubeconform(testbed.kubeconform, testbed.kube, tmp_path_factory.mktemp("schemas"))


@pytest.mark.parametrize("mode", MODES)
def test_they_are_as_their_kinds(render: Render, kubeconform: Kubeconform, mode: str) -> None:
    assert kubeconform.complaints(render(MODES[mode])) == []


def test_a_wrong_field_is_told(render: Render, kubeconform: Kubeconform) -> None:
    deployment = the(render(), "Deployment")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["imagePolicy"] = "Always"
    container["ports"][0]["containerPort"] = "many"
    (complaint,) = kubeconform.complaints([deployment])
    assert "imagePolicy" in complaint
    assert "containerPort" in complaint
