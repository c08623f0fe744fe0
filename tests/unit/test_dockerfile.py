"""The image cannot be built without a container engine; its steps can be run outside of one, and are."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
    last = {word: rest for word, rest in instructions() if word in {"USER", "ENTRYPOINT", "CMD"}}
    assert last == {"USER": "65532:65532", "ENTRYPOINT": '["slotwarden"]', "CMD": '["operator"]'}


def test_everything_it_copies_is_let_through() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for word, rest in build_stage() if word == "COPY" for source in rest.split()[:-1]}
    assert {source.split("/")[0] for source in copied} == let_through


@pytest.mark.long
@pytest.mark.timeout(300)
def test_its_steps_build_a_program_that_starts(tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    for word, rest in build_stage():
        if word == "COPY":
            *names, target = rest.split()
            for name in names:
                _copy(ROOT / name, source / target)
        elif word == "RUN":
            _run(rest, tmp_path)
    program = tmp_path / "opt/slotwarden/bin/slotwarden"
    started = subprocess.run([program, "crds", "--help"], capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    assert not list(tmp_path.glob("opt/slotwarden/lib/*/site-packages/pip"))


def _copy(source: Path, target: Path) -> None:
    """As COPY does: a folder's contents, a file under its own name where the target is a folder."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(exist_ok=True)
        shutil.copy(source, target)


def _run(command: str, root: Path) -> None:
    """A RUN step with this machine's Python, below `root` instead of `/`."""
    here = re.sub(r"(?<![\w.])/(build|opt/slotwarden)/", lambda found: f"{root}/{found[1]}/", command)
    here = re.sub(r"(?<![\w.])/(build|opt/slotwarden)(?=\s)", lambda found: f"{root}/{found[1]}", here)
    here = re.sub(r"(?<![\w/])python(?= -m)", shlex.quote(sys.executable), here)
    env = os.environ | {"PIP_NO_COMPILE": "1"}  # bytecode is most of the time, and nothing that could go wrong
    done = subprocess.run(
        ["/bin/sh", "-ec", here], cwd=root / "src", env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{here}\n{done.stdout}\n{done.stderr}"
