"""Each fault in the table has a test, and each test of faults has its row."""

from __future__ import annotations

import ast
import re

from testbed.install import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text()
NAMED = set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", PAGE))


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {f"{path}::{function.name}" for function in functions if function.name.startswith("test_")}


def test_every_row_names_a_test_that_there_is() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith(("|---", "| fault"))]
    without = [row for row in rows if not NAMED & set(re.findall(r"`([^`]+)`", row))]
    assert without == []
    assert {name for name in NAMED if name not in functions_of(name.partition("::")[0])} == set()


def test_every_test_of_faults_has_a_row() -> None:
    folders = (ROOT / "tests" / "faults", ROOT / "tests" / "leadership")
    paths = [path.relative_to(ROOT).as_posix() for folder in folders for path in folder.glob("test_*.py")]
    tests = set[str]().union(*map(functions_of, paths))
    assert tests - NAMED == set()
