"""`python -m tools.dashboard` makes the chart's dashboard for Grafana; `--check` exits 1 where the file differs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tools.dashboard.drawing import dashboard

ROOT: Final = Path(__file__).resolve().parent.parent.parent
FILE: Final = ROOT / "charts/slotwarden/files/dashboard.json"


def main() -> int:
    """Write or check."""
    text = dashboard()
    if FILE.exists() and FILE.read_text() == text:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{FILE.relative_to(ROOT)} differs from tools/dashboard: run `make dashboard`")
        return 1
    FILE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
