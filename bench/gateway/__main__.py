"""`python -m bench.gateway`: measure the gateway, print, and write `bench/results-gateway.json`."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path

import click

from bench import report
from bench.ending import plainly
from bench.gateway import results
from bench.gateway.loading import LoadFailed
from bench.gateway.run import Run
from bench.gateway.settings import PARTS, Settings
from bench.results import described, write
from testbed.binaries import Resolver
from testbed.processes import end_on_signals
from testbed.progress import Reporter


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-n", "--secrets", default=1000, show_default=True, type=click.IntRange(50, 9999), help="In the list that is read."
)
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Each on fresh servers.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Of the parts, just this; repeatable.")
@click.option("--seconds", default=5.0, show_default=True, type=click.FloatRange(0.1), help="Of each load.")
@click.option("--in-flight", default=16, show_default=True, type=click.IntRange(1), help="Requests at once of a load.")
@click.option("--tries", default=100, show_default=True, type=click.IntRange(1), help="Requests one after the other.")
@click.option("--profile", is_flag=True, help="Write where the gateway's time goes to bench/profiles/.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=results.FILE,
    show_default="bench/results-gateway.json",
    help="Where the figures go.",
)
def main(
    secrets: int,
    runs: int,
    only: tuple[str, ...],
    seconds: float,
    in_flight: int,
    tries: int,
    profile: bool,
    output: Path,
) -> None:
    """How fast the gateway's published APIs are, and what they cost, beside the bare calls behind them."""
    if sys.platform != "linux":
        raise click.ClickException("CPU is read from /proc, which only Linux has")
    parts = tuple(name for name in PARTS if not only or name in only)
    settings = Settings(secrets, runs, parts, seconds, in_flight, tries, profile)
    with plainly(LoadFailed):
        _measure(settings, Reporter(), output)


def _measure(settings: Settings, reporter: Reporter, output: Path) -> None:
    Resolver(reporter).resolve_all()
    runs = [asyncio.run(Run(settings, reporter, number)()) for number in range(settings.runs)]
    found = described(asdict(settings), [results.figures(run) for run in runs], runs)
    title = f"a list of {settings.secrets}, {settings.runs} runs"
    if settings.secrets != results.MEANT_FOR:
        title += f" (the targets are for {results.MEANT_FOR:,})"
    console = Reporter(sys.stdout).console
    console.width = max(console.width, 100)
    console.print(report.figures(title, found["spread"], results.TARGETS))
    report.tell_machine(console, found)
    report.tell_missed(console, found["spread"], results.TARGETS)
    write(found, output)
    reporter.say(f"written to {output}")


if __name__ == "__main__":
    end_on_signals()
    main(prog_name="python -m bench.gateway")
