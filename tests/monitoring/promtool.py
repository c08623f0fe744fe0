"""Prometheus' own program: whether it takes rules, and which alerts series make fire."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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

    def reads(self, scrape: str) -> None:
        """Fail where metrics are not as Prometheus wants them."""
        self._run("check", "metrics", stdin=scrape)

    def parse(self, queries: Iterable[str]) -> None:
        """Fail where one is no query."""
        rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
        self._write("rules.yaml", {"groups": [{"name": "queries", "rules": rules}]})
        self._run("check", "rules", "--lint=none", "rules.yaml")

    def test(self, groups: list[Json], *tests: Json) -> None:
        """Run unit tests of rules, each as promtool has them. Fail where one does."""
        self._write("rules.yaml", {"groups": groups})
        self._write("tests.yaml", {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": list(tests)})
        self._run("test", "rules", "tests.yaml")

    def answered(self, series: Mapping[str, str], queries: Iterable[str]) -> None:
        """Fail where a query says nothing of series that began a minute ago."""
        tried = [
            {"expr": f"count({query}) > bool 0", "eval_time": "1m", "exp_samples": [{"labels": "{}", "value": 1}]}
            for query in queries
        ]
        given = [{"series": name, "values": values} for name, values in series.items()]
        self.test([], {"interval": "1m", "input_series": given, "promql_expr_test": tried})

    def _write(self, name: str, content: Json) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content))

    def _run(self, *words: str, stdin: str = "") -> None:
        done = subprocess.run(
            [self.program, *words],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
