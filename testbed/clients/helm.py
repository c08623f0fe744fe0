"""helm as a program, against a cluster: what a user types, with values through stdin."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TIMEOUT = 120


class Helm:
    """`helm(...)` runs it as the kubeconfig's user, in one namespace.

    Args:
        home: for its caches, so that nothing of the user's is read.

    Attributes:
        namespace: the one.
    """

    def __init__(self, program: Path, kubeconfig: Path, namespace: str, home: Path) -> None:
        self.namespace = namespace
        self._command = [str(program), f"--kubeconfig={kubeconfig}", f"--namespace={namespace}"]
        self._env = {**os.environ, "HOME": str(home)}

    def __call__(self, *args: str, values: Mapping[str, Any] | None = None) -> str:
        """Run it and return what it said. Raises AssertionError with stderr."""
        more = () if values is None else ("--values", "-")
        done = subprocess.run(
            [*self._command, *args, *more],
            input=None if values is None else json.dumps(values),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            env=self._env,
        )
        if done.returncode:
            raise AssertionError(f"helm {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout
