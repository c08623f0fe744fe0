"""`make test-kind` without a container engine: what it says, what it would do in which order, and what it leaves."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from testbed import kind
from testbed.binaries import Resolver
from testbed.clients.kubectl import helm_template
from testbed.install import CHART
from testbed.progress import Reporter
from tests.kind.conftest import values

if TYPE_CHECKING:
    from pathlib import Path

# Writes what it is called with to a file beside it, and fails where a file says that it should.
PROGRAM = """#!/bin/sh
cd "$(dirname "$0")"
echo "$(basename "$0") $*" >> calls
! [ -e "fail-$1" ]
"""


class NoTestbed:
    """Stands for the servers: they are tried elsewhere."""

    env: dict[str, str] = {"VAULT_ADDR": "there"}  # noqa: RUF012

    def __init__(self, *_: Any) -> None:
        self.start = self.stop = lambda: True


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs in the place of docker, kind and the Python that runs pytest."""
    for name in ("docker", "kind", "python"):
        (tmp_path / name).write_text(PROGRAM)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(kind, "Testbed", NoTestbed)
    return tmp_path


def calls(folder: Path) -> list[str]:
    """The first words of each call."""
    return [" ".join(line.split()[:3]) for line in (folder / "calls").read_text().splitlines()]


def test_it_says_that_docker_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(kind.NoContainerEngineError, match="no docker on PATH"):
        kind.run_tests(Reporter(quiet=True), ())


def test_it_says_that_docker_does_not_run(bin_folder: Path) -> None:
    (bin_folder / "fail-info").touch()
    with pytest.raises(kind.NoContainerEngineError, match="start Docker"):
        kind.run_tests(Reporter(quiet=True), ())


def test_it_tries_the_chart_then_the_rest_and_removes_the_cluster(bin_folder: Path) -> None:
    assert kind.run_tests(Reporter(quiet=True), ("tests/e2e",)) == 0
    assert calls(bin_folder) == [
        "docker info",
        "docker build --tag",
        "kind create cluster",
        "kind load docker-image",
        "python -m pytest",
        "python -m pytest",
        "kind delete cluster",
    ]
    chart, rest = (line for line in (bin_folder / "calls").read_text().splitlines() if "pytest" in line)
    assert chart.endswith(" tests/kind")
    assert rest.endswith(" tests/e2e")


def test_a_failing_test_is_told(bin_folder: Path) -> None:
    (bin_folder / "fail--m").touch()
    assert kind.run_tests(Reporter(quiet=True), ()) == 1


@pytest.mark.parametrize(("step", "last"), [("build", "docker build --tag"), ("load", "kind delete cluster")])
def test_a_failing_step_is_named_and_leaves_no_cluster(bin_folder: Path, step: str, last: str) -> None:
    (bin_folder / f"fail-{step}").touch()
    with pytest.raises(kind.SetupFailedError, match=f"{step} failed"):
        kind.run_tests(Reporter(quiet=True), ())
    assert calls(bin_folder)[-1] == last


def test_the_chart_takes_the_values_that_it_is_installed_with() -> None:
    helm = Resolver(Reporter(quiet=True)).resolve("helm")
    objects = helm_template(helm, CHART, "slotwarden", "slotwarden-system", values(kind.IMAGE))
    images = [container["image"] for item in objects if item["kind"] == "Deployment" for container in pod(item)]
    assert images == [kind.IMAGE] * 2


def pod(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers of a Deployment."""
    found: list[dict[str, Any]] = deployment["spec"]["template"]["spec"]["containers"]
    return found
