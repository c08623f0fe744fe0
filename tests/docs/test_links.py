"""Links between pages lead somewhere, to headings too."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from testbed.install import ROOT
from tests.docs.pages import pages


def anchors(text: str) -> set[str]:
    """The headings of a page as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def targets(text: str) -> list[str]:
    """What a page links to and shows, addresses elsewhere apart."""
    inline = (token for token in MarkdownIt("commonmark").enable("table").parse(text) if token.type == "inline")
    children = [child for token in inline for child in token.children or ()]
    found = [str(child.attrGet("href") or child.attrGet("src") or "") for child in children]
    return [target for target in found if target and "://" not in target]


@pytest.mark.parametrize("page", [*pages(), "CHANGELOG.md"])
def test_links(page: str) -> None:
    here = ROOT / page
    broken = []
    for target in targets(here.read_text()):
        path, _, anchor = target.partition("#")
        there = (here.parent / path).resolve() if path else here
        if not there.exists() or (anchor and anchor not in anchors(there.read_text())):
            broken.append(target)
    assert broken == []


def test_every_page_is_reached_from_the_readme() -> None:
    found, new = set(), {ROOT / "README.md"}
    while new:
        page = new.pop()
        found.add(page)
        linked = {(page.parent / target.partition("#")[0]).resolve() for target in targets(page.read_text())}
        linked |= {inner for path in linked if path.is_dir() for inner in path.glob("*.md")}
        new |= {path for path in linked if path.suffix == ".md" and path.exists()} - found
    assert {page for page in pages() if ROOT / page not in found} == set()


@pytest.mark.parametrize("page", pages())
def test_files_that_are_named_are_there(page: str) -> None:
    named = set(re.findall(r"`([\w.-]+/[\w./-]+)`", (ROOT / page).read_text()))
    files = {name for name in named if name.endswith(".py") or (ROOT / name.partition("/")[0]).is_dir()}
    made = (".venv", ".testbed")
    roots = (ROOT, ROOT / "operator" / "slotwarden")
    lost = [name for name in files if not name.startswith(made) and not any((root / name).exists() for root in roots)]
    assert lost == []
