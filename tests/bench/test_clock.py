"""What a clock is taken to tell, and a short measurement from end to end."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bench.gateway.asking import ASKED, THERE
from bench.gateway.clock import Compared, timed
from bench.gateway.loading import LoadFailed
from bench.statistics import longer
from testbed.install import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from bench.gateway.asking import Question

ORDER = random.Random(1)  # noqa: S311


@pytest.mark.parametrize(
    ("ones", "others", "share"),
    [([1, 2, 3], [1, 2, 3], 0.5), ([4, 5], [1, 2, 3], 1), ([1], [2], 0), ([1, 3], [2], 0.5), ([2, 2], [2], 0.5)],
)
def test_how_often_one_is_longer(ones: list[float], others: list[float], share: float) -> None:
    assert longer(ones, others) == pytest.approx(share)


def test_nothing_is_longer_than_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        longer([], [1])


def test_what_takes_longer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One who does more work where the secret is there, by a clock that its work moves."""
    spent = [0.0]

    def ask(_question: Question, name: str) -> int:
        spent[0] += 0.375 if name == THERE else 0.25
        return 404

    monkeypatch.setattr("bench.gateway.clock.perf_counter", lambda: spent[0])
    assert timed(ask, ASKED[0], 20, ORDER) == Compared(375.0, 250.0, 1.0, 0.5)


def test_answers_that_differ_need_no_clock() -> None:
    with pytest.raises(LoadFailed, match="the answers differ"):
        timed(lambda _, name: name == THERE, ASKED[0], 2, ORDER)


@pytest.mark.long
@pytest.mark.xdist_group("bench-gateway")
def test_a_short_measurement_tells_of_every_question(tmp_path: Path) -> None:
    output = tmp_path / "clock.json"
    command = [sys.executable, "-m", "bench.gateway.clock", "--rounds", "5", "--seed", "7", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(output.read_text())
    assert (found["seed"], found["questions"].keys()) == (7, {question.name for question in ASKED})
    assert all(0 <= each["longer"] <= 1 and each["there"] > 0 for each in found["questions"].values())
