"""Image, chart and end-to-end tests on a kind cluster, where there is a container engine.

`tests/kind` installs the chart with the image, and a Vault of its own in the cluster. The other tests run the programs
as processes beside it, with a testbed's Vault, as ever.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from testbed.binaries import Resolver
from testbed.cluster import Testbed
from testbed.install import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from testbed.progress import Reporter

CLUSTER = "slotwarden-tests"
IMAGE = "slotwarden:kind"
# Tells tests/kind that the nodes have an image, and which.
IMAGE_VARIABLE = "SLOTWARDEN_TEST_IMAGE"


class SetupFailedError(Exception):
    """The image or the cluster could not be made; names the command."""


class NoContainerEngineError(Exception):
    """kind has nothing to run in; the message names what is missing."""


def require_engine() -> None:
    """Raises NoContainerEngineError unless `docker info` answers."""
    if not shutil.which("docker"):
        raise NoContainerEngineError("kind needs a container engine: there is no docker on PATH; install Docker")
    done = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NoContainerEngineError(
            f"kind needs a container engine: `docker info` failed ({said[-1] if said else 'no answer'}); start Docker"
        )


def run_tests(reporter: Reporter, arguments: Sequence[str]) -> int:
    """Make a cluster, try the chart with the image in it, run pytest against it, and remove it; a code for `sys.exit`.

    The tests of the chart come first and leave: what the others install would be in the way of a release.
    Raises NoContainerEngineError, or SetupFailedError.
    """
    require_engine()
    kind = str(Resolver(reporter).resolve("kind"))
    with tempfile.TemporaryDirectory(prefix="slotwarden-kind-") as name:
        folder = Path(name)
        kubeconfig = folder / "kubeconfig"
        testbed = Testbed(folder / "testbed", reporter)
        options = ["--name", CLUSTER, "--kubeconfig", str(kubeconfig)]
        with reporter.step(f"building the image {IMAGE}"):
            _do("docker", "build", "--tag", IMAGE, str(ROOT))
        try:
            with reporter.step(f"creating the kind cluster {CLUSTER}"):
                _do(kind, "create", "cluster", *options, "--wait", "120s")
            with reporter.step("loading the image into it"):
                _do(kind, "load", "docker-image", IMAGE, "--name", CLUSTER)
            testbed.start()
            env = {**os.environ, **testbed.env, IMAGE_VARIABLE: IMAGE}
            command = [sys.executable, "-m", "pytest", "--kubeconfig", str(kubeconfig)]
            codes = [
                subprocess.run([*command, *some], env=env, check=False).returncode
                for some in (("tests/kind",), arguments)
            ]
            return next((code for code in codes if code), 0)
        finally:
            testbed.stop()
            subprocess.run([kind, "delete", "cluster", *options], check=False)


def _do(*command: str) -> None:
    """Run it where its output is seen; SetupFailedError where it fails."""
    if subprocess.run(command, check=False).returncode:
        raise SetupFailedError(f"{Path(command[0]).name} {command[1]} failed; what it said is above")
