"""What the testbed says while it works: one line per step with the time it took, live where somebody watches."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

# Without a terminal, a step that takes long says every so many seconds that it is alive.
HEARTBEAT_SECONDS = 30.0


def elapsed(seconds: float) -> str:
    """`3.2 s` or `4 min 05 s`."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


class Step:
    """One running step; `detail` tells how far it is."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.note = ""
        self.began = time.monotonic()

    def detail(self, note: str) -> None:
        """Replace the text after the title."""
        self.note = note

    def text(self) -> str:
        """The line that shows the step as it is now."""
        note = f", {self.note}" if self.note else ""
        return f"{self.title} ({elapsed(time.monotonic() - self.began)}{note})"


class Reporter:
    """Writes the steps to a stream (stderr by default); `quiet` says nothing."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self.console = Console(file=stream or sys.stderr, quiet=quiet, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(text)

    @contextlib.contextmanager
    def step(self, title: str, *, otherwise: str = "") -> Iterator[Step]:
        """Show a step while the block runs, then what became of it; `otherwise` is what follows a failure."""
        step = Step(title)
        try:
            with self._shown(step):
                yield step
        except BaseException as error:
            goes_on = otherwise and isinstance(error, Exception)
            mark = f"[dim]·[/dim] {title}: failed, {otherwise}" if goes_on else f"[red]✗[/red] {title}"
            self.console.print(f"{mark}  [dim]{elapsed(time.monotonic() - step.began)}[/dim]")
            raise
        self.console.print(f"[green]✓[/green] {title}  [dim]{elapsed(time.monotonic() - step.began)}[/dim]")

    @contextlib.contextmanager
    def _shown(self, step: Step) -> Iterator[None]:
        live = self.console.is_terminal
        over = threading.Event()
        status = Status(step.text(), console=self.console) if live else None
        ticker = threading.Thread(target=self._tick, args=(step, status, over), daemon=True)
        with status or contextlib.nullcontext():
            ticker.start()
            try:
                yield
            finally:
                over.set()
                ticker.join()

    def _tick(self, step: Step, status: Status | None, over: threading.Event) -> None:
        while not over.wait(0.2 if status else HEARTBEAT_SECONDS):
            if status:
                status.update(step.text())
            else:
                self.console.print(f"… {step.text()}")
