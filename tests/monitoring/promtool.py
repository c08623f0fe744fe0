"""Prometheus' own program: whether it takes rules, and which alerts series make fire."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Promtool:
    """The program, and a folder for what it reads."""

    program: Path
    folder: Path

    def check(self, groups: list[Json]) -> None:
        """Fail where it does not take rules, or has something to say against them."""
        self._write("rules.yaml", {"groups": groups})
        self._run("check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")

    def test(self, groups: list[Json], *tests: Json) -> None:
        """Run unit tests of rules, each as promtool has them. Fail where one does."""
        self._write("rules.yaml", {"groups": groups})
        self._write("tests.yaml", {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": list(tests)})
        self._run("test", "rules", "tests.yaml")

    def _write(self, name: str, content: Json) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content))

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            [self.program, *words], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
