"""Only what was started is ended, and it is known when it is gone."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from testbed import procfs
from testbed.processes import Identity, last_lines, spawn
from testbed.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

FOREVER = [sys.executable, "-c", "import signal, time; print('up', flush=True); signal.pause()"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()",
]

FIRST_THREAD_ENDS = """
import ctypes, signal, threading
threading.Thread(target=lambda: (print("up", flush=True), signal.sigwait({signal.SIGUSR1}))).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def started(command: list[str], tmp_path: Path) -> Identity:
    log = tmp_path / "log"
    identity = spawn(command, log)
    eventually(lambda: "up" in log.read_text(), 10)
    return identity


def test_a_process_is_stopped_and_gone(tmp_path: Path) -> None:
    identity = started(FOREVER, tmp_path)
    assert identity.alive()
    identity.stop()
    assert not identity.alive()
    identity.stop()


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    identity = started(STUBBORN, tmp_path)
    identity.stop(grace=0.2)
    assert not identity.alive()


def test_a_frozen_process_is_stopped_too(tmp_path: Path) -> None:
    identity = started(FOREVER, tmp_path)
    identity.signal(signal.SIGSTOP)
    identity.stop()
    assert not identity.alive()


def test_another_process_with_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    identity = started(FOREVER, tmp_path)
    reused = replace(identity, started="1")
    assert not reused.alive()
    reused.stop()
    reused.kill()
    assert identity.alive()
    identity.kill()
    assert not identity.alive()


def test_the_end_of_a_log_explains(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\ntwo\nthree\n")
    assert last_lines(tmp_path / "log", 2) == "two | three"
    assert last_lines(tmp_path / "absent") == "(no log)"


def test_a_program_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        spawn([str(tmp_path / "absent")], tmp_path / "log")


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, which tells of threads in /proc")
def test_a_process_is_not_gone_before_its_last_thread(tmp_path: Path) -> None:
    identity = started([sys.executable, "-c", FIRST_THREAD_ENDS], tmp_path)
    eventually(lambda: procfs.stat(identity.pid)[0] == "Z", 10)
    assert identity.alive()
    identity.kill()
    assert not identity.alive()
