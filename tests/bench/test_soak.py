"""The soak: what it takes for growth, and a short one from end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bench.gateway.jobs import NUMBER
from bench.gateway.soak import ROOM, Looked, judged, mixed
from bench.gateway.trend import trend
from testbed.install import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_a_leak_is_told_from_a_start() -> None:
    seconds = [float(number) for number in range(100)]
    leak = trend(seconds, [1000 + 50 * second for second in seconds])
    assert leak.per_hour == pytest.approx(180_000)
    assert leak.growth == 4000
    assert not leak.flat(2048)
    assert trend(seconds, [1000.0] * 99 + [9000]).flat(0)


def test_what_came_before_the_warm_up_was_over_does_not_count() -> None:
    grown = [Looked(float(number), min(number, 50) * 1000, 20, 4, 30) for number in range(100)]
    assert not judged(grown, 0)["rss_kib"].flat(ROOM["rss_kib"])
    assert judged(grown, 50)["rss_kib"].flat(ROOM["rss_kib"])


def test_a_trend_needs_some_values() -> None:
    with pytest.raises(ValueError, match="at least 5"):
        trend([0, 1], [1, 1])


def test_what_is_made_is_removed_again() -> None:
    writes = [work for work in mixed() if work[0].method in ("POST", "PUT")]
    removed = [[step for step in work if step.method == "DELETE"] for work in writes]
    # An environment's, two of a core instance, a slot, a repository's.
    assert [len(each) for each in removed] == [1, 2, 1, 1]
    for work, gone in zip(writes, removed, strict=True):
        assert work[-len(gone) :] == gone
        assert all(NUMBER in step.path for step in gone)


@pytest.mark.long
@pytest.mark.xdist_group("bench-gateway")
def test_a_short_soak_tells_what_the_gateway_held(tmp_path: Path) -> None:
    output = tmp_path / "soak.json"
    command = [sys.executable, "-m", "bench.gateway.soak", "--minutes", "0.2", "--warm-up", "0"]
    # So short a one tells nothing of growth: it may end with either verdict.
    done = subprocess.run([*command, "--output", str(output)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert output.exists(), done.stderr
    found = json.loads(output.read_text())
    assert found["works"] > 0
    assert all(found[name]["most"] > 0 for name in ROOM)
    assert done.returncode == (0 if all(found[name]["flat"] for name in ROOM) else 1)
