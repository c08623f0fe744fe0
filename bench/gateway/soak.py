"""`python -m bench.gateway.soak`: mixed load for a while, and whether a gateway holds more and more meanwhile.

Objects of all four APIs come and go under names that are used once, values change, lists, pages, values and operations
are read, over REST and gRPC. What a process holds after a warm-up is compared with what it holds at the end.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import click
from rich.table import Table

from bench.ending import plainly
from bench.gateway import parts
from bench.gateway.jobs import NUMBER, UID, Job, Step
from bench.gateway.loading import LoadFailed, last_core, load, others
from bench.gateway.scene import NAMESPACE, declaring, giving, played, secrets_path, slot
from bench.gateway.trend import Trend, trend
from bench.results import commit, machine, write
from bench.stage import raised
from testbed import procfs
from testbed.binaries import Resolver
from testbed.install import ROOT
from testbed.processes import end_on_signals
from testbed.progress import Reporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.gateway.scene import Scene
    from testbed.gateway import Gateway

Json = dict[str, Any]

FILE: Final = ROOT / "bench" / "results-soak.json"
SECRETS: Final = 50
ROOM: Final = {"rss_kib": 2048.0, "descriptors": 8.0, "threads": 0.0, "tasks": 8.0}
"""How much a process may hold more at the end; memory is given back in steps, and connections come and go."""
_IN_FLIGHT: Final = 8
_LOOK: Final = 1.0
_SLOT: Final = f"soak-{NUMBER}"
_KEY: Final = f"SOAK_{NUMBER}"
_INSTANCE: Final = "0a1b2c3d-4e5f-4a6b-8c7d-0a1b2c3d4e5f"
_REPOSITORY: Final = "soak"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a process holds at a moment."""

    seconds: float
    rss_kib: int
    descriptors: int
    threads: int
    tasks: int


def mixed() -> list[list[Step]]:
    """The works: one of each is one round."""
    held = secrets_path("soak", _KEY)
    of_slot = f"/v1/ignite/secrets/{_SLOT}"
    reading = [work for part in ("get", "list", "read", "read_grpc") for work in parts.asked(part, "")[:8]]
    key = [
        declaring("soak", _KEY),
        giving("soak", _KEY, f"first-{NUMBER}"),
        giving("soak", _KEY, f"second-{NUMBER}"),
        Step("gateway", "GET", held),
        Step("gateway", "DELETE", held),
    ]
    of_slots = [
        slot(_SLOT),
        Step("gateway", "GET", of_slot),
        slot(_SLOT),
        Step("gateway", "GET", "/v1/ignite/secrets"),
        Step("gateway", "DELETE", of_slot),
    ]
    return [*reading, key, _instances(), *reading, of_slots, _repositories()]


def _instances() -> list[Step]:
    """Secrets of a core instance, one of them encrypted, in pages with their values."""
    path = f"/v1/core_instances/{_INSTANCE}/secrets"
    value = base64.b64encode(b"soak").decode()
    bodies: list[Json] = [{"key": _KEY, "value": value}, {"key": f"{_KEY}_SEALED", "value": value, "encrypted": True}]
    return [
        *(Step("gateway", "POST", path, json.dumps(body), code=201) for body in bodies),
        Step("gateway", "GET", f"{path}?last=1"),
        Step("gateway", "GET", path),
        *(_removed("core-instances", _INSTANCE, body["key"]) for body in bodies),
    ]


def _repositories() -> list[Step]:
    """A secret of a repository, set twice, and the first operation while it is superseded or done."""
    path = f"/repos/id:{_REPOSITORY}/secrets/{_KEY}"
    values = [base64.b64encode(value).decode() for value in (b"first", b"second")]
    puts = [Step("gateway", "PUT", path, json.dumps({"value": value}), code=202) for value in values]
    poll = Step("gateway", "GET", f"{path}/operations/{UID}")
    return [puts[0], poll, puts[1], poll, _removed(f"repo-{_REPOSITORY}", "default", _KEY)]


def _removed(project: str, environment: str, key: str) -> Step:
    """A deletion, by the one API of the three that has it."""
    return Step("gateway", "DELETE", f"/{NAMESPACE}/{project}/envs/{environment}/secrets/{key}")


async def soak(scene: Scene, minutes: float) -> tuple[list[Looked], int]:
    """What the gateway held second by second, and how many works were done."""
    job = Job(scene.servers(), mixed(), _IN_FLIGHT, 60 * minutes, cores=others(last_core()))
    loading = asyncio.create_task(load(job))
    looked, began = [], perf_counter()
    while not loading.done():
        looked.append(await asyncio.to_thread(_look, scene.gateway, perf_counter() - began))
        await asyncio.wait({loading}, timeout=_LOOK)
    return looked, (await loading).count


def judged(looked: Sequence[Looked], warm_up: float) -> dict[str, Trend]:
    """The trend of each thing that is held, after so many seconds of warm-up."""
    after = [each for each in looked if each.seconds >= warm_up]
    seconds = [each.seconds for each in after]
    return {name: trend(seconds, [float(getattr(each, name)) for each in after]) for name in ROOM}


def _look(gateway: Gateway, seconds: float) -> Looked:
    process = Path(f"/proc/{gateway.pid}")
    return Looked(
        round(seconds, 2),
        procfs.rss_kib(gateway.pid),
        len(list((process / "fd").iterdir())),
        len(list((process / "task").iterdir())),
        int(gateway.metrics().value("slotwarden_gateway_tasks")),
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--minutes", default=6.0, show_default=True, type=click.FloatRange(0.1), help="How long.")
@click.option("--warm-up", default=2.0, show_default=True, type=click.FloatRange(0), help="Minutes that do not count.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=FILE,
    show_default="bench/results-soak.json",
    help="Where the figures go.",
)
def main(minutes: float, warm_up: float, output: Path) -> None:
    """Mixed load on the gateway for a while: memory, file descriptors, threads, tasks. Fails where one grows."""
    if sys.platform != "linux":
        raise click.ClickException("memory is read from /proc, which only Linux has")
    reporter = Reporter()
    with plainly(LoadFailed):
        Resolver(reporter).resolve_all()
        looked, works = asyncio.run(_run(reporter, minutes))
    found = judged(looked, 60 * warm_up)
    flat = {name: each.flat(ROOM[name]) for name, each in found.items()}
    _tell(Reporter(sys.stdout), found, flat, f"{works:,} works in {minutes:g} minutes, of which {warm_up:g} warm-up")
    told: Json = {name: {**asdict(each), "flat": flat[name]} for name, each in found.items()}
    looks = [asdict(each) for each in looked]
    write({**told, "works": works, "commit": commit(), "machine": machine(), "looks": looks}, output)
    if not all(flat.values()):
        raise click.ClickException(f"grew: {', '.join(name for name in flat if not flat[name])}")


async def _run(reporter: Reporter, minutes: float) -> tuple[list[Looked], int]:
    with raised(reporter, 60 + 60 * minutes) as stage:
        async with played(stage, secrets=SECRETS, slots=parts.SLOTS) as scene:
            with reporter.step(f"mixed load for {minutes:g} minutes"):
                return await soak(scene, minutes)


def _tell(reporter: Reporter, found: dict[str, Trend], flat: dict[str, bool], title: str) -> None:
    table = Table("held", "after the warm-up", "at the end", "most", "by the hour", "may grow by", "", title=title)
    for name, each in found.items():
        mark = "[green]flat[/green]" if flat[name] else "[red]grows[/red]"
        numbers = (f"{number:,.0f}" for number in (each.before, each.after, each.most, each.per_hour, ROOM[name]))
        table.add_row(name, *numbers, mark)
    reporter.console.width = max(reporter.console.width, 100)
    reporter.console.print(table)


if __name__ == "__main__":
    end_on_signals()
    main(prog_name="python -m bench.gateway.soak")
