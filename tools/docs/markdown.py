"""Tables of GitHub's Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. Cells are Markdown; a `|` in one is escaped, and a line break becomes a space."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def text(plain: str) -> str:
    """A description that knows no Markdown: names of labels, patterns and templates are shown as they are."""
    plain = re.sub(r"(slotwarden\.io/[a-z-]+(?:: \"true\")?)", r"`\1`", plain)
    return plain.replace("<", "&lt;").replace("*", "\\*")


def code(words: str) -> str:
    """Words as code."""
    return f"`{words}`"


def _cell(content: str) -> str:
    return content.replace("\n", " ").replace("|", "\\|")
