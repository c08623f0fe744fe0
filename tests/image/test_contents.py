"""What the image has does its work where nothing can be written, and as a user who owns nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.install import ROOT
from tests.image.steps import build

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("image")]
USER = 65532
MAX_BYTES = 180_000_000
# As the image has it: where this runs, the root can be written.
ENV = {"PYTHONDONTWRITEBYTECODE": "1"}


def files(image: Path) -> list[Path]:
    return [each for each in image.rglob("*") if not each.is_symlink()]


def test_anybody_can_read_it_and_nobody_else_write(image: Path) -> None:
    wrong = [each for each in files(image) if each.stat().st_mode & 0o022 or not each.stat().st_mode & 0o004]
    assert wrong == []


def test_it_has_nothing_that_installs_or_compiles(image: Path) -> None:
    names = {each.name.partition("-")[0].lower() for each in image.glob("lib/*/site-packages/*.dist-info")}
    assert "slotwarden" in names
    assert names.isdisjoint({"pip", "setuptools", "wheel", "hatchling", "build"})


def test_what_is_installed_is_what_the_program_asks_for(image: Path, folder: Path) -> None:
    """The locked versions are within the ranges that pip would choose from."""
    command = [str(folder / "build" / "bin" / "pip"), "--python", str(image / "bin" / "python"), "check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "No broken requirements found.")


def uncompiled(root: Path, imported: set[Path]) -> set[Path]:
    """Those of the modules below a folder without bytecode, which must depend on no time.

    With a time in it, the image would be another one each time, and Python would compile anew where that differs.
    """
    compiled = [each for each in files(root) if each.suffix == ".pyc"]
    # PEP 552: flags 1 stand for a hash that is not looked at.
    assert {each.read_bytes()[4:8] for each in compiled} == {b"\x01\x00\x00\x00"}
    known = {each.parent.parent / (each.name.split(".")[0] + ".py") for each in compiled}
    return {each for each in imported if each.is_relative_to(root)} - known


@pytest.fixture(scope="module")
def imported(image: Path) -> set[Path]:
    """The files of all modules of both programs."""
    program = (
        "import json, sys; import slotwarden.assembly, slotwarden.gateway.assembly;"
        "print(json.dumps([m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)]))"
    )
    done = subprocess.run(
        [str(image / "bin" / "python"), "-c", program], env=ENV, capture_output=True, text=True, check=True
    )
    return {Path(each) for each in json.loads(done.stdout) if each.endswith(".py")}


def test_what_is_imported_is_compiled(image: Path, imported: set[Path]) -> None:
    assert len([each for each in imported if each.is_relative_to(image)]) > 500
    assert all("/client/models/" in str(each) for each in uncompiled(image, imported))


def test_the_standard_library_is_compiled_too(imported: set[Path], tmp_path: Path) -> None:
    """The base image has it without, and nothing could be written beside it: each start would take two seconds more."""
    library = Path(os.__file__).parent
    copy = tmp_path / library.name
    # What the base image has not.
    unlike = shutil.ignore_patterns("site-packages", "test", "tests", "__pycache__", "config-*")
    shutil.copytree(library, copy, ignore=unlike)
    (step,) = (each for each in last_stage("RUN")[0].split(" && ") if "compileall" in each)
    command = step.replace("/usr/local/lib/python3*", str(copy)).replace("python ", f"{sys.executable} ", 1)
    done = subprocess.run(["sh", "-ec", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    here = {copy / each.relative_to(library) for each in imported if each.is_relative_to(library)}
    assert len(here) > 200
    assert uncompiled(copy, here) == set()


def test_it_is_small(image: Path) -> None:
    """Beside its base. 75 MB are the client library of Kubernetes, which compresses to 4."""
    assert sum(each.stat().st_size for each in files(image)) < MAX_BYTES


def reachable() -> bool:
    """Whether another user gets to the Python that all runs with."""
    places = Path(getattr(sys, "_base_executable", sys.executable)).resolve().parents
    return all(each.stat().st_mode & 0o001 for each in places)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a program as another user")
@pytest.mark.skipif(not reachable(), reason="another user cannot start this Python, which lies in somebody's home")
def test_it_runs_as_a_user_who_owns_nothing(image: Path) -> None:
    done = subprocess.run(
        [str(image / "bin" / "slotwarden"), "operator", "--help"],
        env=ENV,
        cwd="/",
        user=USER,
        group=USER,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--vault-address" in done.stdout


def test_the_same_commit_gives_the_same_bytes(image: Path, folder: Path) -> None:
    """At the same place: it is in the programs' first lines."""
    first = digests(image)
    for name in ("bin", "build", "opt", "src"):
        shutil.rmtree(folder / name)
    assert digests(build(folder)) == first


def digests(image: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files(image) if path.is_file()}


def test_it_writes_nothing_beside_itself(image: Path) -> None:
    """The root is read-only where it runs."""
    before = digests(image)
    command = [str(image / "bin" / "slotwarden"), "crds"]
    done = subprocess.run(command, env=ENV, cwd="/", capture_output=True, text=True, check=True)
    assert "secretslots.slotwarden.io" in done.stdout
    assert digests(image) == before


def last_stage(word: str) -> list[str]:
    """The last stage's instructions of a kind, each on one line."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return re.findall(rf"^{word} (.*)$", text.rpartition("\nFROM ")[2], re.MULTILINE)


def test_the_last_stage_runs_as_that_user_without_what_installs() -> None:
    assert last_stage("USER") == [f"{USER}:{USER}"]
    (step,) = last_stage("RUN")
    assert [each.strip().partition("  ")[0] for each in step.split(" && ")][:2] == [
        "python -m pip uninstall --yes --quiet pip setuptools wheel",
        "rm -rf /usr/local/lib/python3*/ensurepip /usr/local/bin/pip*",
    ]
    assert last_stage("COPY") == ["--from=build /opt/slotwarden /opt/slotwarden"]
