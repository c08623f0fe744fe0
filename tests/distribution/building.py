"""Building the distributions as the release does, and installing them as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from testbed.install import ROOT

if TYPE_CHECKING:
    from pathlib import Path

EPOCH = "1700000000"


@dataclass(frozen=True, slots=True)
class Built:
    """The two files that go to the package index."""

    wheel: Path
    sdist: Path

    def install(self, folder: Path) -> None:
        """Make a virtual environment there: the locked requirements, then the wheel, which has to need nothing else."""
        venv.create(folder, with_pip=True)
        pip = (folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
        run(*pip, "--require-hashes", "--requirement", ROOT / "requirements/runtime.txt")
        run(*pip, "--no-index", self.wheel)


def build(source: Path, folder: Path, *, epoch: str = EPOCH) -> Built:
    """Have the project's own backend build both from `source`, as if at that time."""
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=source, env={"SOURCE_DATE_EPOCH": epoch})
    return Built(*folder.glob("*.whl"), *folder.glob("*.tar.gz"))


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """What it prints; a failure tells all of it. It knows nothing of this environment's own packages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=kept | (env or {}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
