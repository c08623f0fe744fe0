"""`python -m tools.docs` writes what is generated; with `--check` it says what differs, and exits 1 where any does.

A page asks for a generated part by a pair of comments, `<!-- generated: NAME -->` and `<!-- end of NAME -->`.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from slotwarden.commands.gateway import gateway
from slotwarden.gateway.published.described.documents import documents
from slotwarden.resources.crd import ENV_SECRET, SECRET_SLOT
from tools.docs import chart, kinds, operator, picture, secretslot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT: Final = Path(__file__).resolve().parent.parent.parent
DOCS: Final = ROOT / "docs"
PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "columns": partial(kinds.columns, SECRET_SLOT),
    "spec": partial(kinds.spec, SECRET_SLOT),
    "rules": partial(kinds.rules, SECRET_SLOT),
    "env_columns": partial(kinds.columns, ENV_SECRET),
    "env_spec": partial(kinds.spec, ENV_SECRET),
    "env_rules": partial(kinds.rules, ENV_SECRET),
    "status": partial(kinds.status, SECRET_SLOT),
    "marks": secretslot.marks,
    "conditions": secretslot.conditions,
    "reasons": secretslot.reasons,
    "options": operator.options,
    "gateway_options": partial(operator.options, gateway),
    "metrics": operator.operator_metrics,
    "gateway_metrics": operator.gateway_metrics,
    "chart_values": chart.values,
}
_PART: Final = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end of \2 -->\n)", re.DOTALL)


def wanted() -> dict[Path, str]:
    """Each file that is generated or has generated parts, as it should be."""
    made = {path: fill(path.read_text()) for path in sorted(DOCS.rglob("*.md"))}
    apis = {DOCS / "reference" / "api" / f"{name}.json": text for name, text in documents().items()}
    return {**made, **apis, DOCS / "architecture.svg": picture.render((DOCS / "architecture.yaml").read_text())}


def fill(text: str) -> str:
    """A page with its generated parts made anew. KeyError for a name that is none of `PARTS`."""
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}", text)


def main() -> int:
    """Write or check."""
    check = "--check" in sys.argv[1:]
    stale = {path: text for path, text in wanted().items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        if check:
            print(f"{path.relative_to(ROOT)} differs from the code: run `make docs`")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
