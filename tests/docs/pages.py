"""What stands in a page of the documentation: its fenced blocks and the commands in its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

from testbed.install import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS: Final = ("bash", "console")
"""`bash` is typed as it stands; in `console` each command has a `$` before it, and what it says comes below."""
OTHERS: Final = ("", "yaml", "hcl")
_COMMAND: Final = re.compile(r"(kubectl|helm|vault|slotwarden|make|docker|curl|\.venv/bin/\S+) .+", re.DOTALL)
_PARSER: Final = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its page, the line that it begins at, its language, its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def steps(self) -> Iterator[tuple[str, list[str]]]:
        """The commands of a block, each with the lines that it is shown to print."""
        if self.language == "bash":
            yield self.text, []
            return
        for step in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            lines = step.splitlines()
            typed = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\"))
            yield "\n".join(lines[:typed]), lines[typed:]


def pages() -> list[str]:
    """All pages, relative to the checkout."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path.relative_to(ROOT).as_posix() for path in found]


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page."""
    tokens = _PARSER.parse(_path(page).read_text())
    return [
        Block(page, token.map[0] + 1, token.info.strip(), token.content)
        for token in tokens
        if token.type == "fence" and token.map
    ]


def commands_in_text(page: str) -> list[str]:
    """What stands as code in sentences and tables and begins with a program that is given arguments."""
    inline = (token for token in _PARSER.parse(_path(page).read_text()) if token.type == "inline")
    spans = [child.content for token in inline for child in token.children or () if child.type == "code_inline"]
    return list(dict.fromkeys(span for span in spans if _COMMAND.fullmatch(span)))


def missing(shown: list[str], said: str) -> list[str]:
    """The shown lines whose shape was not said; numbers and blanks do not count, `…` stands for anything."""
    shapes = [_shape(line) for line in said.splitlines()]
    return [line for line in shown if line.strip() and not any(_fits(_shape(line), shape) for shape in shapes)]


def _fits(shown: str, said: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, shown.split("…"))), said) is not None


def _shape(line: str) -> str:
    without_times = re.sub(r"\b(\d+(\.\d+)? ?(ms|[smhd]))+\b", "0s", line)
    return " ".join(re.sub(r"\d+(\.\d+)?", "0", without_times).split())


def _path(page: str) -> Path:
    return ROOT / page
