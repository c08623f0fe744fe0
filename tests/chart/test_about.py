"""What the chart tells of itself, to Helm and to Artifact Hub."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from slotwarden.resources import crd
from testbed.install import CHART, ROOT
from tests.chart.objects import pod

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session
    from tests.chart.objects import Render


@pytest.fixture
def about() -> Callable[[str], Any]:
    """`about(name)`: what an annotation for Artifact Hub lists."""
    annotations = yaml.safe_load(Path(CHART, "Chart.yaml").read_text())["annotations"]
    return lambda name: yaml.safe_load(annotations[f"artifacthub.io/{name}"])


def test_it_names_the_kinds(about: Callable[[str], Any]) -> None:
    served = {
        (item["metadata"]["name"], item["spec"]["names"]["kind"], version["name"])
        for item in map(crd.definition, crd.KINDS)
        for version in item["spec"]["versions"]
    }
    assert {(item["name"], item["kind"], item["version"]) for item in about("crds")} == served


@pytest.mark.parametrize(("version", "code"), [("1.29.15", 1), ("1.30.0", 0), ("1.31.5-gke.100", 0)])
def test_it_says_which_kubernetes_it_needs(testbed: Session, version: str, code: int) -> None:
    command = [testbed.helm, "template", "slotwarden", CHART, "--kube-version", version]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert ("chart requires kubeVersion: >=1.30.0-0" in done.stderr) is bool(code)


def test_it_names_the_image(about: Callable[[str], Any], render: Render) -> None:
    assert [item["image"] for item in about("images")] == [
        container["image"] for container in pod(render(), "operator")["spec"]["containers"]
    ]


def test_its_links_lead_to_pages(about: Callable[[str], Any]) -> None:
    pages = [item["url"].partition("/blob/main/")[2] for item in about("links")]
    assert [page for page in pages if not (ROOT / page).is_file()] == []


@pytest.mark.usefixtures("installed")
def test_its_examples_are_good(about: Callable[[str], Any], kubectl: Kubectl, namespace: str) -> None:
    examples = [{**item, "metadata": {"name": item["metadata"]["name"]}} for item in about("crdsExamples")]
    assert {item["kind"] for item in examples} == {kind.name for kind in crd.KINDS}
    for example in examples:
        done = kubectl("create", "--dry-run=server", "-f", "-", stdin=example, namespace=namespace)
        assert (done.code, done.stderr) == (0, "")
