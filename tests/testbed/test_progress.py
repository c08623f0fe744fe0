"""Each step says what became of it and how long it took."""

from __future__ import annotations

import io

import pytest

from testbed import progress
from testbed.progress import Reporter, elapsed


def test_elapsed() -> None:
    assert elapsed(3.21) == "3.2 s"
    assert elapsed(245) == "4 min 05 s"


def test_steps_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT_SECONDS", 0.001)
    out = io.StringIO()
    reporter = Reporter(out)
    with reporter.step("building") as step:
        step.detail("12 packages compiled")
        while "12 packages" not in out.getvalue():
            pass
    with pytest.raises(ValueError, match="no"), reporter.step("starting"):
        raise ValueError("no")
    with pytest.raises(ValueError, match="no"), reporter.step("fetching", otherwise="building it instead"):
        raise ValueError("no")
    text = out.getvalue()
    assert "… building (" in text
    assert "✓ building" in text
    assert "✗ starting" in text
    assert "· fetching: failed, building it instead" in text


def test_quiet_says_nothing() -> None:
    out = io.StringIO()
    with Reporter(out, quiet=True).step("building"):
        pass
    assert out.getvalue() == ""
