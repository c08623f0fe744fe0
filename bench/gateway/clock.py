"""`python -m bench.gateway.clock`: what a clock tells a stranger of secrets that are there and of those that are not.

The stranger has a token and no permission. One secret that is there and two that are not are asked for in a random
order, and only one after the other, so that whatever makes the machine slow meets them alike. How often an answer about
the one takes longer than one about another is told beside the same of the two that are not there, which nothing tells
apart: that much is noise.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import click
from rich.table import Table

from bench.ending import plainly
from bench.gateway.asking import ASKED, THERE, Question, asker, made
from bench.gateway.loading import LoadFailed
from bench.gateway.scene import played
from bench.results import commit, machine, write
from bench.stage import raised
from bench.statistics import longer
from testbed.binaries import Resolver
from testbed.install import ROOT
from testbed.processes import end_on_signals
from testbed.progress import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Json = dict[str, Any]

FILE: Final = ROOT / "bench" / "results-clock.json"
_WARM_UP: Final = 20
_MISSING: Final = ("999998", "999999")
"""Two that are not there, under names as long as that of the one that is."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One question, in milliseconds.

    Attributes:
        there: the median where the secret is there.
        missing: the median where it is not.
        longer: how often the first takes longer than the second; a half where nothing tells them apart.
        noise: the same of one that is not there and another one.
    """

    there: float
    missing: float
    longer: float
    noise: float


def compared(times: Mapping[str, Sequence[float]]) -> Compared:
    """What the seconds say that the three took."""
    there, missing, another = (times[name] for name in (THERE, *_MISSING))
    first, second = (1000 * statistics.median(each) for each in (there, missing))
    return Compared(round(first, 3), round(second, 3), longer(there, missing), longer(another, missing))


def timed(ask: Callable[[Question, str], object], question: Question, rounds: int, order: random.Random) -> Compared:
    """So many rounds of one question about each of the three. Raises LoadFailed where the answers differ."""
    names = [THERE, *_MISSING]
    times: dict[str, list[float]] = {name: [] for name in names}
    answers = {str(ask(question, name)) for name in names * _WARM_UP}
    for _ in range(rounds):
        order.shuffle(names)
        for name in names:
            began = perf_counter()
            answer = ask(question, name)
            times[name].append(perf_counter() - began)
            answers.add(str(answer))
    if len(answers) > 1:
        raise LoadFailed(f"{question.name}: the answers differ")
    return compared(times)


async def _run(reporter: Reporter, rounds: int, order: random.Random) -> dict[str, Compared]:
    with raised(reporter, 600) as stage:
        async with played(stage, secrets=1, slots=1) as scene:
            await asyncio.to_thread(made, scene)
            await scene.rest()
            found = {}
            with asker(scene) as ask:
                for question in ASKED:
                    with reporter.step(question.name):
                        found[question.name] = await asyncio.to_thread(timed, ask, question, rounds, order)
            return found


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=1000, show_default=True, type=click.IntRange(2), help="How often each is asked for.")
@click.option("--seed", default=None, type=int, help="Of the order. Default: another one each time.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=FILE,
    show_default="bench/results-clock.json",
    help="Where the figures go.",
)
def main(rounds: int, seed: int | None, output: Path) -> None:
    """How long answers about secrets take that are there, and about such that are not, for one who may see neither."""
    reporter, seed = Reporter(), secrets.randbits(32) if seed is None else seed
    with plainly(LoadFailed):
        Resolver(reporter).resolve_all()
        found = asyncio.run(_run(reporter, rounds, random.Random(seed)))  # noqa: S311  # an order, to be had again
    _tell(Reporter(sys.stdout), found, f"{rounds} rounds, seed {seed}")
    told: Json = {name: asdict(each) for name, each in found.items()}
    write({"questions": told, "rounds": rounds, "seed": seed, "commit": commit(), "machine": machine()}, output)


def _tell(reporter: Reporter, found: Mapping[str, Compared], title: str) -> None:
    table = Table("asked", "there", "missing", "there takes longer", "noise", title=title)
    for name, each in found.items():
        shares = (f"{100 * share:.1f} %" for share in (each.longer, each.noise))
        table.add_row(name, f"{each.there:.2f} ms", f"{each.missing:.2f} ms", *shares)
    reporter.console.width = max(reporter.console.width, 100)
    reporter.console.print(table)


if __name__ == "__main__":
    end_on_signals()
    main(prog_name="python -m bench.gateway.clock")
