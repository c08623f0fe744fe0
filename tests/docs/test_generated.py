"""What the generated pages say is all that there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from testbed.install import ROOT
from tools.docs import chart, secretslot
from tools.docs.__main__ import PARTS, fill, main, wanted

if TYPE_CHECKING:
    from pathlib import Path

# The owner of an entry in Vault: not on objects of the cluster.
IN_VAULT = {
    "cluster",
    "namespace-uid",
    "object-uid",
    "deletion-policy",
    "first-version",
    "released",
    "released-object-uid",
}


def test_every_label_and_annotation_of_the_code_is_told() -> None:
    sources = (path.read_text() for path in (ROOT / "operator").rglob("*.py"))
    used = {name for text in sources for name in re.findall(r'"slotwarden\.io/([a-z-]+)"', text)}
    told = {row[0].partition("/")[2] for row in secretslot.MARKS if row[0].startswith("slotwarden.io/")}
    assert used - IN_VAULT == told


def test_every_part_is_asked_for_once() -> None:
    asked = [name for path in wanted() for name in re.findall(r"<!-- generated: (\w+) -->", path.read_text())]
    assert sorted(asked) == sorted(PARTS)


def test_a_part_that_differs_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(PARTS, "metrics", lambda: "other\n")
    monkeypatch.setattr("sys.argv", ["docs", "--check"])
    assert main() == 1
    assert capsys.readouterr().out == "docs/reference/operator.md differs from the code: run `make docs`\n"


def test_only_what_stands_between_the_comments_changes() -> None:
    text = "a\n<!-- generated: columns -->\nold\n<!-- end of columns -->\nb\n"
    made = fill(text)
    assert made.startswith("a\n<!-- generated: columns -->\n| column |")
    assert made.endswith("|\n<!-- end of columns -->\nb\n")


def test_a_value_of_the_chart_says_what_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart, "CHART", tmp_path)
    (tmp_path / "values.schema.json").write_text('{"properties": {"told": {"type": "string"}, "untold": {}}}')
    (tmp_path / "values.yaml").write_text("# What it\n# does.\ntold: <none>\n")
    assert "| `told` | `<none>` | string | What it does. |" in chart.values()
    (tmp_path / "values.yaml").write_text("untold: 1\n")
    with pytest.raises(LookupError, match="untold has no comment"):
        chart.values()
