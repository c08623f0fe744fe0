"""What the Dockerfile says; `tests/image` does what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, with continued lines joined and comments gone."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return [(word, rest.strip()) for word, rest in pairs]


def build_stage() -> list[tuple[str, str]]:
    """The instructions of the first stage."""
    all_of_them = instructions()
    begins = [index for index, (word, _) in enumerate(all_of_them) if word == "FROM"]
    return all_of_them[begins[0] : begins[1]]


def test_it_has_no_finding() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_runs_as_nobody_and_starts_the_operator() -> None:
    assert [rest.split(" AS ")[0] for word, rest in instructions() if word == "FROM"] == ["${BASE}", "${BASE}"]
    last = {word: rest for word, rest in instructions() if word in {"USER", "ENTRYPOINT", "CMD"}}
    assert last == {"USER": "65532:65532", "ENTRYPOINT": '["slotwarden"]', "CMD": '["operator"]'}


def test_everything_it_copies_is_let_through() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for word, rest in build_stage() if word == "COPY" for source in rest.split()[:-1]}
    assert {source.split("/")[0] for source in copied} == let_through
