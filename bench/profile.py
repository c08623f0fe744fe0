"""Where a program's time goes: py-spy looks at the stacks of its threads from outside, many times a second.

Only the thread that holds the interpreter's lock is seen: time in the system's calls is not, nor is waiting. What is
measured meanwhile is no figure of merit: to be looked at takes time.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from testbed.install import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.program import Program

FOLDER: Final = ROOT / "bench" / "profiles"
PER_SECOND: Final = 200
_SHOWN: Final = 40
_PYSPY: Final = Path(sys.executable).parent / "py-spy"


class Profiler:
    """Watches a program for as long as a block runs, where it is wanted at all."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted

    @contextlib.contextmanager
    def watching(self, program: Program, name: str, *, anew: bool = False) -> Iterator[None]:
        """Write `profiles/<name>.folded` (stacks) and `.txt` (what they come to).

        Args:
            anew: it is started in the block, and watched from then on.
        """
        if not self._wanted:
            yield
            return
        FOLDER.mkdir(exist_ok=True)
        folded = FOLDER / f"{name}.folded"
        recording = _Recording(program, folded, program.pid if anew else None)
        recording.start()
        try:
            yield
        finally:
            recording.end()
        (FOLDER / f"{name}.txt").write_text(summary(read(folded.read_text())))


class _Recording(threading.Thread):
    """py-spy on a program's process, once that is another than `former`."""

    def __init__(self, program: Program, folded: Path, former: int | None) -> None:
        super().__init__(daemon=True)
        self._program = program
        self._former = former
        self._over = threading.Event()
        options = ["--format", "raw", "--function", "--threads", "--gil", "--rate", str(PER_SECOND), "--nonblocking"]
        self._command = [str(_PYSPY), "record", *options, "--output", str(folded)]
        self._problem = ""

    def run(self) -> None:
        """Look until told to end."""
        while self._program.pid == self._former:
            if self._over.wait(0.002):
                return
        command = [*self._command, "--pid", str(self._program.pid)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            self._over.wait()
            process.send_signal(signal.SIGINT)
            self._problem = process.communicate()[1].strip() if process.wait() else ""

    def end(self) -> None:
        """Have the stacks written. Raises RuntimeError with what py-spy said if it could not."""
        self._over.set()
        self.join()
        if self._problem:
            raise RuntimeError(f"py-spy: {self._problem}")


Stacks = Counter[tuple[str, ...]]


def read(folded: str) -> Stacks:
    """How often each stack was seen, outermost frame first, the thread before it."""
    found: Stacks = Counter()
    for line in folded.splitlines():
        stack, _, count = line.rpartition(" ")
        found[tuple(stack.split(";"))] += int(count)
    return found


def summary(stacks: Stacks) -> str:
    """Shares of the time that was seen: by thread, by package, by our own functions, by functions."""
    total = sum(stacks.values())
    tables = {
        "by thread": _by(stacks, lambda stack: {stack[0].partition(":")[2].strip() or stack[0]}),
        "by package of the innermost frame": _by(stacks, lambda stack: {_package(stack[-1])}),
        "by our innermost function": _by(stacks, lambda stack: {_ours(stack)}),
        "by function, with what it calls": _by(stacks, lambda stack: set(stack[1:])),
        "by function, alone": _by(stacks, lambda stack: {stack[-1]}),
    }
    lines = [f"{total} samples, {total / PER_SECOND:.1f} s with the interpreter's lock"]
    for title, counts in tables.items():
        lines += ["", title]
        lines += [f"{100 * count / total:6.1f} %  {name}" for name, count in counts.most_common(_SHOWN)]
    return "\n".join([*lines, ""])


def _by(stacks: Stacks, names: Callable[[tuple[str, ...]], set[str]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for stack, count in stacks.items():
        for name in names(stack):
            counts[name] += count
    return counts


def _package(frame: str) -> str:
    """The first folder of `function (folder/…/file.py:1)`, or the file where there is none."""
    return frame.rpartition("(")[2].rstrip(")").partition("/")[0].partition(":")[0]


def _ours(stack: tuple[str, ...]) -> str:
    return next((frame for frame in reversed(stack) if "(slotwarden/" in frame), "none of ours")
