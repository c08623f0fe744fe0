from __future__ import annotations

from bench.profile import read, summary

FOLDED = """\
thread (0x1): "MainThread";run (asyncio/runners.py:1);reconcile (slotwarden/slot.py:3);dumps (json/__init__.py:2) 3
thread (0x2): "kopf";watch (kopf/watching.py:9) 1
"""


def test_stacks_are_summed_by_thread_package_and_our_functions() -> None:
    text = summary(read(FOLDED))
    assert text.startswith("4 samples")
    for line in (
        '  75.0 %  "MainThread"',
        "  75.0 %  json",
        "  25.0 %  kopf",
        "  75.0 %  reconcile (slotwarden/slot.py:3)",
        "  25.0 %  none of ours",
    ):
        assert line in text.splitlines()
