"""`python -m testbed.demo`: the demo from the command line."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from testbed.binaries import BinaryUnavailableError
from testbed.clients.errors import RefusedError
from testbed.demo.scenes import Scenes
from testbed.demo.stage import AlreadyPlayingError, Stage
from testbed.demo.summary import how_to_go_on, tell, tell_failure
from testbed.install import ROOT
from testbed.processes import end_on_signals
from testbed.progress import Reporter, elapsed
from testbed.servers.base import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERRUPTED = 130
# What means that something did not converge or did not start; anything else is a mistake in the demo itself.
FAILURES = (
    AssertionError,
    BinaryUnavailableError,
    OSError,
    RefusedError,
    RuntimeError,
    ServerError,
    subprocess.CalledProcessError,
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--once", is_flag=True, help="Exit by itself; 1 where something did not converge.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / ".testbed" / "demo",
    show_default=".testbed/demo",
    help="The demo's folder; two in different folders do not collide.",
)
@click.option("--timeout", default=60.0, show_default=True, help="Seconds that anything may take to converge.")
def main(once: bool, folder: Path, timeout: float) -> None:
    """A control plane, a Vault, the operator, the gateway and the examples, live; ends what it started."""
    reporter = Reporter(sys.stdout)
    stage = Stage(folder, reporter)
    try:
        stage.claim()
    except AlreadyPlayingError as problem:
        raise click.ClickException(str(problem)) from None
    try:
        code = _play(stage, reporter, timeout, once=once)
    except KeyboardInterrupt:
        reporter.say("[yellow]interrupted[/yellow]")
        code = INTERRUPTED
    finally:
        with _undisturbed(), reporter.step("ending what the demo started"):
            stage.down()
    sys.exit(code)


def _play(stage: Stage, reporter: Reporter, timeout: float, *, once: bool) -> int:
    """The whole play; the exit code."""
    began = time.monotonic()
    try:
        stage.up(timeout)
        Scenes(stage, reporter, timeout).play()
        tell(stage, reporter)
    except FAILURES as problem:
        tell_failure(stage, reporter, str(problem) or type(problem).__name__)
        return 1
    reporter.say(f"\n[green]All of it converged[/green] [dim]{elapsed(time.monotonic() - began)} after the start[/dim]")
    return 0 if once else _stay(stage, reporter)


def _stay(stage: Stage, reporter: Reporter) -> int:
    """Keep everything up until Ctrl-C."""
    how_to_go_on(stage, reporter)
    reporter.say("\nUp until [bold]Ctrl-C[/bold], which ends all of it.")
    with contextlib.suppress(KeyboardInterrupt):
        while not stage.ended:
            time.sleep(0.5)
        tell_failure(stage, reporter, f"the {stage.ended} ended by itself")
        return 1
    return 0


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """No second Ctrl-C interrupts the end: what was started would be left behind."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    end_on_signals()
    main(prog_name="python -m testbed.demo")
