"""What goes to the package index: whole, described rightly, the same bytes from the same commit."""

from __future__ import annotations

import email
import os
import re
import shutil
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from testbed.install import ROOT
from tests.distribution.building import EPOCH, build, run

if TYPE_CHECKING:
    from email.message import Message

    from tests.distribution.building import Built

PACKAGE = ROOT / "operator"
# A fresh environment needs some forty distributions of the package index.
FROM_THE_INDEX = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def metadata(built: Built) -> Message:
    with zipfile.ZipFile(built.wheel) as wheel:
        name = next(each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(wheel.read(name))


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    files = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*") if path.is_file())
    assert inside == {path.as_posix() for path in files if path.suffix != ".pyc"}
    assert "slotwarden/py.typed" in inside


def test_the_source_distribution_makes_the_same_wheel(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as sdist:
        sdist.extractall(tmp_path, filter="data")
    source = tmp_path / built.sdist.name.removesuffix(".tar.gz")
    top = {path.name for path in source.iterdir()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "crds", "operator"} <= top <= top - {"tests", "testbed", "charts"}
    assert build(source, tmp_path / "dist").wheel.read_bytes() == built.wheel.read_bytes()


def test_it_says_what_it_is(metadata: Message) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    description = metadata.get_payload(decode=True)
    assert description == (ROOT / "README.md").read_bytes()
    assert metadata.get_all("Classifier") == project["classifiers"]
    assert {line.split(",")[0] for line in metadata.get_all("Project-URL", [])} == {
        "Source", "Documentation", "Changelog", "Issues",
    }  # fmt: skip


def test_it_needs_what_is_locked(metadata: Message) -> None:
    needed = {re.split(r"[<>=!~ ]", line)[0] for line in metadata.get_all("Requires-Dist", [])}
    listed = (ROOT / "requirements/runtime.in").read_text().splitlines()
    assert needed == {line for line in listed if not line.startswith("#")}


def test_the_same_commit_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    for name in ("pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", ".gitignore", "crds", "operator"):
        source = ROOT / name
        copy.mkdir(exist_ok=True)
        shutil.copytree(source, copy / name) if source.is_dir() else shutil.copyfile(source, copy / name)
    for path in copy.rglob("*"):
        os.utime(path, (0, 0))
    again = build(copy, tmp_path / "dist")
    assert again.wheel.read_bytes() == built.wheel.read_bytes()
    assert again.sdist.read_bytes() == built.sdist.read_bytes()
    assert build(copy, tmp_path / "later", epoch=f"{int(EPOCH) + 60}").wheel.read_bytes() != built.wheel.read_bytes()


@pytest.mark.long
@FROM_THE_INDEX
@pytest.mark.xdist_group("release")
def test_pip_installs_the_program(venv: Path, tmp_path: Path) -> None:
    _works(venv / "bin/slotwarden", tmp_path)
    run(venv / "bin/python", "-m", "pip", "check")


@pytest.mark.long
@FROM_THE_INDEX
@pytest.mark.xdist_group("release")
def test_pipx_installs_the_program(built: Built, tmp_path: Path) -> None:
    env = {"PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin"), "PIP_NO_COMPILE": "1"}
    run(Path(sys.executable).with_name("pipx"), "install", built.wheel, env=env)
    _works(tmp_path / "bin/slotwarden", tmp_path)


@pytest.mark.long
@FROM_THE_INDEX
def test_the_lock_has_wheels_for_both_platforms_of_the_image(tmp_path: Path) -> None:
    """The image builds nothing from source. glibc of its base is 2.36."""
    for machine in ("x86_64", "aarch64"):
        platforms = [f"--platform=manylinux{glibc}_{machine}" for glibc in ("2014", "_2_28", "_2_34")]
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps")
        wheels = ("--only-binary=:all:", "--python-version=3.11", *platforms, "--dest", tmp_path / machine)
        run(*pip, *wheels, "--require-hashes", "--requirement", ROOT / "requirements/runtime.txt")
        assert list((tmp_path / machine).glob(f"*_{machine}.whl"))


def _works(program: Path, folder: Path) -> None:
    """It starts away from the checkout, and brings the CRDs and the API's description with it."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version in run(program, "--version", cwd=folder)
    for command in ("operator", "gateway", "vault-policy"):
        assert "Usage: slotwarden" in run(program, command, "--help", cwd=folder)
    run(program, "crds", "--check", ROOT / "crds", cwd=folder)
