"""Processes that outlive the program that started them, known by pid and start time.

A pid alone may since belong to another program; with the start time it is certain that only what the testbed started
is ever ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from testbed import procfs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Identity:
    """A process: its pid and what the system says of its start (an opaque text, compared only)."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The process that has this pid now; None when there is none, or only its unreaped remains."""
        started = _started_linux(pid) if sys.platform == "linux" else _started_elsewhere(pid)
        return cls(pid, started) if started else None

    def alive(self) -> bool:
        """Whether it is this very process that still runs."""
        return Identity.of(self.pid) == self

    def signal(self, number: int) -> bool:
        """Send a signal if it still is this process; whether it was sent."""
        if not self.alive():
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False

    def stop(self, grace: float = 10.0) -> None:
        """End it with SIGTERM, after `grace` seconds with SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGCONT)
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
            if not self.signal(number) or self._gone_within(patience):
                return

    def kill(self) -> None:
        """End it with SIGKILL and wait until it is gone."""
        if self.signal(signal.SIGKILL):
            self._gone_within(10.0)

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            # Our own child must be reaped; another's is reaped by its parent or is told by its state.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            if not self.alive():
                return True
            time.sleep(POLL_SECONDS)
        return False


def _started_linux(pid: int) -> str:
    """Field 22 of proc_pid_stat(5)."""
    try:
        fields = procfs.stat(pid)
    except OSError:
        return ""
    # Of a process that was killed the first thread can be gone before the others, which still hold its ports.
    gone = fields[0] in "ZX" and int(fields[17]) <= 1
    return "" if gone else fields[19]


def _started_elsewhere(pid: int) -> str:
    said = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    state, _, started = said.partition(" ")
    return "" if state.startswith("Z") else started.strip()


def spawn(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Identity:
    """Start a program in a session of its own (a Ctrl-C at the terminal is not its business), writing to `log`."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True, env=env, cwd=cwd
        )
    found = Identity.of(process.pid)
    if found is None:
        raise RuntimeError(f"{command[0]} ended at once: {last_lines(log)}")
    process.returncode = 0  # Popen warns of a child it was not told about; it is kept by its Identity instead.
    return found


def end_on_signals() -> None:
    """Have SIGINT, SIGTERM and SIGHUP interrupt this program, so that it ends what it started.

    SIGINT too: a shell has what it starts in the background ignore it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, for an error message."""
    with contextlib.suppress(OSError):
        return " | ".join(log.read_text(errors="replace").strip().splitlines()[-count:])
    return "(no log)"
