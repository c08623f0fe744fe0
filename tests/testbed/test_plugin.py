"""The plugin, as a run of its own: servers only where needed, shared by the workers, ended with the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from testbed.install import ROOT
from testbed.state import State
from testbed.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.processes import Identity

# Seconds for a start and an end of servers beside all that runs.
PATIENCE = 180
UNIT = "def test_pure():\n    assert True\n"
SHARED = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_shared(testbed, namespace, vault_prefix, tmp_path_factory, number):
    folder = testbed.folder / "seen"
    folder.mkdir(exist_ok=True)
    (folder / f"{namespace} {vault_prefix}").write_text(testbed.testbed.vault.url)
    assert testbed.kube.find(f"/api/v1/namespaces/{namespace}")
    testbed.vault.write(f"{vault_prefix}/a", {"k": "v"})
"""
WAITING = """
import threading

def test_waiting(testbed):
    (testbed.folder / "waiting").touch()
    threading.Event().wait(600)
"""


def start(folder: Path, test: str, *arguments: str) -> subprocess.Popen[str]:
    """A run with the plugin of one test file, with its servers' folder in `folder`."""
    (folder / "test_inner.py").write_text(test)
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "testbed.pytest_plugin", "-p", "no:cacheprovider"),
        *("-c", os.devnull, f"--rootdir={folder}", f"--testbed-dir={folder / 'runs'}", *arguments),
        str(folder / "test_inner.py"),
    ]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "VAULT_"))}
    return subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


def run_folder(folder: Path) -> Path:
    (found,) = (path for path in (folder / "runs").iterdir() if path.is_dir())
    return found


def test_tests_that_need_no_servers_start_none(tmp_path: Path) -> None:
    run = start(tmp_path, UNIT)
    assert run.wait(PATIENCE) == 0
    assert [path.name for path in run_folder(tmp_path).iterdir()] == ["owner.json"]


@pytest.mark.xdist_group("own testbed")
def test_workers_share_servers_that_end_with_the_run(tmp_path: Path) -> None:
    run = start(tmp_path, SHARED, "-n", "2")
    said, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == 0, said
    folder = run_folder(tmp_path)
    seen = list((folder / "seen").iterdir())
    assert len(seen) == 4
    assert len({path.read_text() for path in seen}) == 1
    assert not (folder / "servers" / "state.json").exists()
    assert (folder / "servers" / "audit.log").stat().st_size
    assert said.count("starting Vault") == 1


@pytest.mark.long
@pytest.mark.xdist_group("own testbed")
def test_an_interrupted_run_ends_its_servers(tmp_path: Path) -> None:
    run = start(tmp_path, WAITING)
    eventually(lambda: (run_folder(tmp_path) / "waiting").exists(), PATIENCE)
    state = State.load(run_folder(tmp_path) / "servers")
    assert state is not None
    assert all(identity.alive() for identity in state.processes.values())
    os.killpg(run.pid, signal.SIGINT)
    run.communicate(timeout=PATIENCE)
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert not any(identity.alive() for identity in state.processes.values())


@pytest.mark.long
@pytest.mark.xdist_group("own testbed")
def test_what_a_killed_run_left_is_ended_by_the_next(tmp_path: Path) -> None:
    killed = start(tmp_path, WAITING)
    eventually(lambda: (run_folder(tmp_path) / "waiting").exists(), PATIENCE)
    state = State.load(run_folder(tmp_path) / "servers")
    assert state is not None
    killed.kill()
    killed.communicate(timeout=PATIENCE)
    left: list[Identity] = list(state.processes.values())
    assert all(identity.alive() for identity in left)
    assert start(tmp_path, UNIT).wait(PATIENCE) == 0
    assert not any(identity.alive() for identity in left)
