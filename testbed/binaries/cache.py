"""The folder that keeps what was downloaded or built, outside the checkout, and never half of it.

A program is made in a temporary folder beside its place and moved there in one rename: whoever sees it sees it whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARTIAL = ".partial-"


def cache_root() -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/slotwarden`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "slotwarden"


class Cache:
    """Programs by tool, version and origin, with a lock that lets one process work at a time."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or cache_root()

    def path(self, tool: str, version: str, origin: str) -> Path:
        """Where the program of that origin (`wheel`, `release`, `build`) is kept."""
        return self.root / tool / version / origin / tool

    def get(self, tool: str, version: str, origin: str) -> Path | None:
        """The kept program, if there is one."""
        path = self.path(tool, version, origin)
        return path if path.is_file() and os.access(path, os.X_OK) else None

    def publish(self, tool: str, version: str, origin: str, make: Callable[[Path], Path]) -> Path:
        """Make the program with `make(empty folder) -> path in it`, and put it in its place in one step."""
        final = self.path(tool, version, origin)
        with self.scratch() as scratch:
            made = make(scratch)
            made.chmod(0o755)
            final.parent.mkdir(parents=True, exist_ok=True)
            made.replace(final)
        return final

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder on the cache's own file system, gone afterwards."""
        self.root.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=self.root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed process left half done; only for the holder of the lock that guards the work."""
        for left in self.root.glob(f"{PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the named lock against every other process that uses this cache; the system frees it on a crash."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f".{name}.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
