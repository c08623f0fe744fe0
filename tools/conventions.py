"""Checks of our own that no linter has: lengths of files and functions, and who may reveal a value.

Run by `make lint`; prints one line per finding and exits 1 where there is any.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
CHECKED = ("operator", "testbed", "tests", "tools", "bench")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50

PACKAGE = ROOT / "operator" / "slotwarden"
# The modules that turn a value into the bytes of a request or of a Secret; everything else passes it on unseen.
MAY_REVEAL = frozenset(
    {
        "sensitive.py",
        "domain/basicauth.py",
        "domain/credentials.py",
        "domain/dockerconfig.py",
        "domain/envvalue.py",
        "domain/parts.py",
        "values/mac.py",
        "vault/adapter.py",  # tokens, as headers
        "vault/kv.py",
        "vault/transit.py",
        "cluster/secrets.py",
        "cluster/slots.py",
        "cluster/reviews.py",  # tokens, in a TokenReview
        "gateway/identity/tokens.py",  # tokens, into a digest
        "gateway/identity/permissions.py",  # a subresource has that name
        "gateway/aggregated/group.py",  # a subresource has that name
        "gateway/published/coreinstances_rest.py",  # values in a list
        "gateway/aggregated/revealing.py",  # the one answer that tells a value
        "gateway/published/revealing.py",  # a door has that name
        "gateway/published/slots_values.py",  # the answer that tells a slot's value
    }
)
REVEALING = frozenset({"reveal", "reveal_text"})


def findings(path: Path) -> Iterator[str]:
    """The lines to print for one file."""
    text = path.read_text()
    where = path.relative_to(ROOT)
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{where}:1: {lines} lines; a file has at most {MAX_FILE_LINES}"
    guarded = path.is_relative_to(PACKAGE) and path.relative_to(PACKAGE).as_posix() not in MAY_REVEAL
    for node in ast.walk(ast.parse(text, str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{where}:{node.lineno}: {node.name} has {length} lines; at most {MAX_FUNCTION_LINES}"
        if guarded and _reveals(node):
            yield f"{where}:{node.lineno}: reveals a value; only the modules in tools/conventions.py may"  # type: ignore[attr-defined]


def _reveals(node: ast.AST) -> bool:
    """Whether the node names a revealing method, called or passed on, spelled out or as text, or reaches past it."""
    if isinstance(node, ast.Constant):
        return node.value in REVEALING
    return isinstance(node, ast.Attribute) and node.attr in REVEALING | {"_value"}


def main() -> int:
    """Check all files and print what was found."""
    found = [line for folder in CHECKED for path in sorted((ROOT / folder).rglob("*.py")) for line in findings(path)]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
