"""The Dockerfile's first stage, done without a container engine: its own COPYs and RUNs, with other roots.

Nothing is known here of what it installs: another Dockerfile is another image.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from testbed.install import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where pip finds what it installs, on machines that say so.
_PASSED = ("PIP_", "SSL_", "REQUESTS_")


class StepFailed(Exception):
    """A step ended with an error; the message has the end of what it printed."""


def instructions() -> Iterator[tuple[str, str]]:
    """Those of the first stage, after its FROM: the word and the rest."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    stages = 0
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if not word or word.startswith("#"):
            continue
        stages += word == "FROM"
        if stages == 1 and word != "FROM":
            yield word, rest.strip()


def build(folder: Path) -> Path:
    """Do the stage in a folder, and return what the image has of it. Raises StepFailed."""
    source, made = folder / "src", folder / "opt" / "slotwarden"
    places = {"/build": str(folder / "build"), "/opt/slotwarden": str(made)}
    env = _env(folder)
    for word, rest in instructions():
        if word == "COPY":
            *names, target = shlex.split(rest)
            for name in names:
                _copy(ROOT / name, source / target / (Path(name).name if target.endswith("/") else ""))
        elif word == "RUN":
            for place, other in places.items():
                rest = rest.replace(f"{place} ", f"{other} ").replace(f"{place}/", f"{other}/")
            _run(rest, source, env)
        elif word in ("ENV", "ARG"):
            env |= dict(each.split("=", 1) for each in shlex.split(rest))
        elif (word, rest) != ("WORKDIR", "/src"):
            raise StepFailed(f"nobody knows how to do {word} {rest} here")
    return made


def _env(folder: Path) -> dict[str, str]:
    """As in the base image, where `python` is the one that all runs with."""
    (folder / "bin").mkdir(parents=True)
    base = Path(getattr(sys, "_base_executable", sys.executable))
    (folder / "bin" / "python").symlink_to(base.resolve())
    passed = {name: text for name, text in os.environ.items() if name.startswith(_PASSED)}
    return {**passed, "PATH": f"{folder / 'bin'}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}


def _copy(found: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if found.is_dir():
        shutil.copytree(found, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(found, target)


def _run(command: str, folder: Path, env: dict[str, str]) -> None:
    done = subprocess.run(["sh", "-ec", command], cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepFailed(f"{command}: {(done.stdout + done.stderr)[-2000:]}")
