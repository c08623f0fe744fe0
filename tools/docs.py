"""The pages of `docs/` that are made from the code, so that they cannot drift from it.

`python -m tools.docs` writes them; with `--check` it says which differ, and exits 1 where any does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from slotwarden.resources.conditions import Reason

DOCS = Path(__file__).resolve().parent.parent / "docs"
BEGIN = "<!-- generated from the code by `make docs`: begin -->\n"
END = "<!-- generated from the code by `make docs`: end -->\n"


def reasons() -> str:
    """The table of the reasons of conditions."""
    rows = [f"| `{reason}` | {reason.cause} | {reason.way_out} |" for reason in Reason]
    return "\n".join(["| reason | cause | way out |", "|---|---|---|", *rows, ""])


def pages() -> dict[Path, str]:
    """Each page with generated parts, as it should be."""
    page = DOCS / "conditions.md"
    head, _, rest = page.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    return {page: head + BEGIN + reasons() + END + tail}


def main() -> int:
    """Write or check."""
    stale = [path for path, text in pages().items() if path.read_text() != text]
    for path in stale:
        if "--check" in sys.argv[1:]:
            print(f"{path.relative_to(DOCS.parent)} differs from the code: run `make docs`")
        else:
            path.write_text(pages()[path])
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
