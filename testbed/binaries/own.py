"""Programs in Go of the project's own, for tests: built from a folder of `testbed/modules`, once for each content."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from testbed.binaries.cache import Cache
from testbed.binaries.errors import SourceFailedError
from testbed.binaries.gobuild import GO_ENV, MODULES, go_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def own_program(name: str, *more: Path, prepare: Callable[[str, Path], None] = lambda go, folder: None) -> Path:
    """The program of the module of that name.

    Raises SourceFailedError, saying what is missing.

    Args:
        more: other files that it is made from.
        prepare: called with Go and a copy of the module before it is built.
    """
    cache, source = Cache(), MODULES / name
    files = [*more, *sorted(path for path in source.iterdir() if path.is_file())]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]

    def build(folder: Path) -> Path:
        go = str(go_program(cache, lambda _: None))
        shutil.copytree(source, folder, dirs_exist_ok=True)
        prepare(go, folder)
        run(folder, [go, "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", "program", "."])
        return folder / "program"

    if found := cache.get(name, version, "build"):
        return found
    with cache.lock("work"):
        return cache.get(name, version, "build") or cache.publish(name, version, "build", build)


def run(folder: Path, command: list[str], **env: str) -> None:
    """Run a step of a build. Raises SourceFailedError with the end of what it said."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **GO_ENV, **env}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SourceFailedError(f"{' '.join(command[:2])}: {' | '.join(done.stderr.splitlines()[-5:])}")
