"""`python -m bench`: measure, print, and write `bench/results.json`."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import click

from bench import report, results
from bench.ending import plainly
from bench.run import Run
from bench.settings import PHASES, Settings
from testbed.binaries import Resolver
from testbed.processes import end_on_signals
from testbed.progress import Reporter, elapsed


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-n", "--slots", default=1000, show_default=True, type=click.IntRange(1, 99999), help="Created at once.")
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Each on fresh servers.")
@click.option("--only", multiple=True, type=click.Choice(PHASES), help="Of the parts, just this; repeatable.")
@click.option("--tries", default=100, show_default=True, type=click.IntRange(1), help="Rotations and sets in a run.")
@click.option("--keys", default=500, show_default=True, type=click.IntRange(1), help="Of an environment.")
@click.option(
    "--refresh-interval", default=30, show_default=True, type=click.IntRange(1), help="Seconds; for the refresh of all."
)
@click.option("--profile", is_flag=True, help="Write where the operator's time goes to bench/profiles/.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=results.FILE,
    show_default="bench/results.json",
    help="Where the figures go.",
)
def main(
    slots: int,
    runs: int,
    only: tuple[str, ...],
    tries: int,
    keys: int,
    refresh_interval: int,
    profile: bool,
    output: Path,
) -> None:
    """How fast the operator is, and what it costs, beside a client that makes only the necessary writes."""
    if sys.platform != "linux":
        raise click.ClickException("CPU and memory are read from /proc, which only Linux has")
    phases = tuple(name for name in PHASES if not only or name in only)
    settings = Settings(slots, runs, phases, tries, keys, refresh_interval, profile)
    with plainly():
        _measure(settings, Reporter(), output)


def _measure(settings: Settings, reporter: Reporter, output: Path) -> None:
    began = time.monotonic()
    Resolver(reporter).resolve_all()
    runs = []
    for number in range(settings.runs):
        runs.append(asyncio.run(Run(settings, reporter, number)()))
        reporter.say(
            f"run {number + 1} of {settings.runs} is done, {elapsed(time.monotonic() - began)} after the start"
        )
    found = results.document(settings, runs)
    report.tell(Reporter(sys.stdout).console, found)
    results.write(found, output)
    reporter.say(f"written to {output}")


if __name__ == "__main__":
    end_on_signals()
    main(prog_name="python -m bench")
