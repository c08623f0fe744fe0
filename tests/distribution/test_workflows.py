"""The workflows run on GitHub alone; that they are well formed, pinned and name what exists is found out here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed.binaries import Resolver
from testbed.install import ROOT
from testbed.progress import Reporter

WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
TEXT = "\n".join(path.read_text() for path in WORKFLOWS)
PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+")


def jobs() -> list[tuple[str, dict[str, Any]]]:
    """Every job of every workflow, by file and name."""
    return [
        (f"{path.name}:{name}", job)
        for path in WORKFLOWS
        for name, job in yaml.safe_load(path.read_text())["jobs"].items()
    ]


def complaints(*command: str | Path) -> str:
    """What a linter has to say; nothing where it is content."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def test_actionlint_has_no_finding() -> None:
    program = Resolver(Reporter(quiet=True)).resolve("actionlint")
    # Without what may or may not be on PATH.
    assert complaints(program, "-shellcheck=", "-pyflakes=", *WORKFLOWS) == ""


def test_zizmor_has_no_finding() -> None:
    program = Path(sys.executable).with_name("zizmor")
    assert complaints(program, "--offline", "--no-progress", ROOT / ".github") == ""


def test_every_action_is_pinned_by_a_commit() -> None:
    used = re.findall(r"uses: (.*)", TEXT)
    assert [action for action in used if not PINNED.fullmatch(action) and not action.startswith("./")] == []


def test_an_action_has_the_same_commit_everywhere() -> None:
    pins = set(re.findall(r"uses: ([^@\s]+)@(.*)", TEXT))
    assert len({action for action, _ in pins}) == len(pins)


def test_every_target_of_make_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    scripts = [step["run"] for _, job in jobs() for step in job.get("steps", ()) if "run" in step]
    named = {word for script in scripts for line in re.findall(r"\bmake ([a-z -]+)", script) for word in line.split()}
    assert named
    assert named - targets == set()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_allowed_but_by_jobs(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    assert [name for name, job in jobs() if "permissions" not in job] == []


def test_every_job_ends_by_itself() -> None:
    assert [name for name, job in jobs() if "steps" in job and "timeout-minutes" not in job] == []


def test_a_release_takes_nothing_from_a_cache() -> None:
    release = (ROOT / ".github" / "workflows" / "release.yaml").read_text()
    assert "actions/cache" not in release
    assert "cache:" not in release


def test_the_chart_and_the_program_have_one_version() -> None:
    chart = yaml.safe_load((ROOT / "charts" / "slotwarden" / "Chart.yaml").read_text())
    found = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert found
    assert {chart["version"], chart["appVersion"]} == {found[1]}
    assert f":{found[1]}\n" in chart["annotations"]["artifacthub.io/images"]


def test_nothing_is_published_before_all_tests_passed() -> None:
    release = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yaml").read_text())["jobs"]

    def before(name: str) -> set[str]:
        needed = release[name].get("needs", [])
        return set(needed).union(*map(before, needed))

    publishing = [name for name, job in release.items() if "write" in job.get("permissions", {}).values()]
    assert {"image", "chart", "pypi", "release"} <= set(publishing)
    assert [name for name in publishing if not {"checks", "kind"} <= before(name)] == []
    assert {release[name]["uses"] for name in ("checks", "kind")} == {
        "./.github/workflows/ci.yaml",
        "./.github/workflows/kind.yaml",
    }
