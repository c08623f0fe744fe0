"""The picture of the architecture: an SVG from boxes and arrows that were laid by hand.

It carries its own background and both palettes, so that it can be read on a light and on a dark page.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Json = dict[str, Any]
_LIGHT: Final = {
    "page": "#ffffff", "panel": "#f6f8fa", "line": "#59636e", "text": "#1f2328", "soft": "#59636e",
    "object": "#ddf4ff", "part": "#dafbe1", "store": "#fff1d6", "rule": "#fbefff", "plain": "#ffffff",
    "step": "#0550ae", "number": "#ffffff",
}  # fmt: skip
_DARK: Final = {
    "page": "#0d1117", "panel": "#161b22", "line": "#9198a1", "text": "#f0f6fc", "soft": "#b1bac4",
    "object": "#0c2d57", "part": "#12391f", "store": "#4a2f0a", "rule": "#3a1d5c", "plain": "#0d1117",
    "step": "#79c0ff", "number": "#0d1117",
}  # fmt: skip
_FONT: Final = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"
_LINE_HEIGHT: Final = 19
_STYLE: Final = f"""\
text {{ font-family: {_FONT}; font-size: 14px; fill: var(--text); }}
.title {{ font-size: 15px; font-weight: 600; }}
.head {{ font-size: 16px; font-weight: 600; }}
.soft {{ fill: var(--soft); }}
.label {{ font-size: 13px; fill: var(--soft); }}
.page {{ fill: var(--page); }}
.panel {{ fill: var(--panel); stroke: var(--line); stroke-opacity: .4; }}
.box {{ stroke: var(--line); stroke-opacity: .6; }}
.object {{ fill: var(--object); }} .part {{ fill: var(--part); }} .store {{ fill: var(--store); }}
.rule {{ fill: var(--rule); }} .outside, .aside {{ fill: var(--plain); }} .aside {{ stroke-dasharray: 5 4; }}
.arrow {{ fill: none; stroke: var(--line); stroke-width: 1.6; marker-end: url(#tip); }}
.tip {{ fill: var(--line); }}
.step {{ fill: var(--step); }}
.number {{ font-size: 12px; font-weight: 700; fill: var(--number); text-anchor: middle; }}"""


def render(source: str) -> str:
    """The SVG of a description in YAML: `size`, `title`, `panels`, `boxes`, `arrows`."""
    drawing = yaml.safe_load(source)
    width, height = drawing["size"]
    title = escape(drawing["title"])
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{title}">',
        "<!-- Generated from docs/architecture.yaml by `make docs`. -->",
        f"<title>{title}</title>",
        f"<style>\n:root {{ {_palette(_LIGHT)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_palette(_DARK)} }} }}\n{_STYLE}\n</style>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto"><path class="tip" d="M0 0 10 5 0 10z"/></marker></defs>',
        f'<rect class="page" width="{width}" height="{height}" rx="10"/>',
        *(line for panel in drawing["panels"] for line in _panel(panel)),
        *(line for arrow in drawing["arrows"] for line in _arrow(arrow)),
        *(line for box in drawing["boxes"] for line in _box(box)),
        "</svg>",
    ]
    return "\n".join([*lines, ""])


def _palette(colours: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


def _panel(panel: Json) -> Iterator[str]:
    x, y, width, height = panel["at"]
    yield f'<rect class="panel" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'
    yield _text(x + 16, y + 24, panel["title"], "head")


def _box(box: Json) -> Iterator[str]:
    """A box with its lines of text in its middle."""
    x, y, width, height = box["at"]
    yield f'<rect class="box {box["kind"]}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
    below = box.get("lines", ())
    first = y + height / 2 - _LINE_HEIGHT * len(below) / 2 + 5
    yield _text(x + 14, first, box["title"], "title")
    for number, line in enumerate(below, 1):
        yield _text(x + 14, first + _LINE_HEIGHT * number, line, "soft")


def _arrow(arrow: Json) -> Iterator[str]:
    points: Sequence[Sequence[int]] = arrow["points"]
    yield f'<polyline class="arrow" points="{" ".join(f"{x},{y}" for x, y in points)}"/>'
    if "label_at" not in arrow:
        return
    x, y = arrow["label_at"]
    if "step" in arrow:
        yield f'<circle class="step" cx="{x + 8}" cy="{y - 4}" r="9"/>'
        yield _text(x + 8, y, str(arrow["step"]), "number")
        x += 22
    yield _text(x, y, arrow["label"], "label")


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>'
