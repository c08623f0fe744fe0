"""The end-to-end tests on a kind cluster, where there is a container engine; Vault comes from a testbed."""

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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from testbed.progress import Reporter

CLUSTER = "slotwarden-tests"


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
    """Make a cluster, run pytest against it, remove the cluster; pytest's exit code. Raises NoContainerEngineError."""
    require_engine()
    kind = str(Resolver(reporter).resolve("kind"))
    with tempfile.TemporaryDirectory(prefix="slotwarden-kind-") as name:
        folder = Path(name)
        kubeconfig = folder / "kubeconfig"
        testbed = Testbed(folder / "testbed", reporter)
        options = ["--name", CLUSTER, "--kubeconfig", str(kubeconfig)]
        try:
            with reporter.step(f"creating the kind cluster {CLUSTER}"):
                subprocess.run([kind, "create", "cluster", *options, "--wait", "120s"], check=True)
            testbed.start()
            env = {**os.environ, **testbed.env}
            command = [sys.executable, "-m", "pytest", "--kubeconfig", str(kubeconfig), *arguments]
            return subprocess.run(command, env=env, check=False).returncode
        finally:
            testbed.stop()
            subprocess.run([kind, "delete", "cluster", *options], check=False)
