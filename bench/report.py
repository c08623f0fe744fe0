"""What people read: one table of figures and targets, and one of what each slot cost whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Column, Table

from bench.statistics import spread
from bench.targets import MEANT_FOR, TARGETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from bench.targets import Target

Json = dict[str, Any]


def tell(console: Console, found: Json) -> None:
    """Print a measurement as `results.document` gives it."""
    console.width = max(console.width, 100)
    settings = found["settings"]
    title = f"{settings['slots']} slots, {settings['runs']} runs"
    if settings["slots"] != MEANT_FOR:
        title += f" (the targets are for {MEANT_FOR:,})"
    console.print(figures(title, found["spread"], TARGETS))
    raw = [run["raw"] for run in found["runs"]]
    for part, title in (("create", "the operator"), ("bare", "the bare client")):
        parts = [each[part] for each in raw if part in each]
        if parts:
            console.print(_costs(f"one slot by {title}", parts))
    tell_machine(console, found)
    tell_missed(console, found["spread"], TARGETS)


def tell_machine(console: Console, found: Json) -> None:
    """Print what was measured, and on what."""
    console.print(f"{found['machine']['cores']} cores, {found['machine']['cpu']}; commit {_short(found['commit'])}")


def tell_missed(console: Console, spreads: Json, targets: Mapping[str, Target]) -> None:
    """Print which targets were missed."""
    missed = [name for name in targets if name in spreads and not targets[name].met(spreads[name]["median"])]
    console.print(f"[red]missed: {', '.join(missed)}[/red]" if missed else "[green]every target is met[/green]")


def figures(title: str, spreads: Json, targets: Mapping[str, Target]) -> Table:
    """Each figure's median, least and most, and its target where it has one."""
    table = Table("figure", _right("median"), _right("least"), _right("most"), "target", "", title=title)
    for name, found in spreads.items():
        target = targets.get(name)
        wanted = f"{target.kind} {target.bound:g}" if target else ""
        mark = "" if target is None else "[green]✓[/green]" if target.met(found["median"]) else "[red]✗[/red]"
        table.add_row(name, *(_number(found[key]) for key in ("median", "least", "most")), wanted, mark)
    return table


def _costs(title: str, parts: list[Json]) -> Table:
    """CPU and requests, as medians over the runs."""
    table = Table("median", _right("per slot"), title=title)
    for name in parts[0]["cpu_seconds"]:
        milliseconds = [1000 * part["cpu_seconds"][name] / part["slots"] for part in parts]
        table.add_row(f"CPU of {name}, ms", _number(spread(milliseconds).median))
    for label, name in (("cores at work", "busy_cores"), ("cores at work for others", "others_cores")):
        table.add_row(label, _number(spread([part[name] for part in parts]).median))
    for server in parts[0]["requests_per_slot"]:
        of_runs = [part["requests_per_slot"][server] for part in parts]
        for name in dict.fromkeys(name for requests in of_runs for name in requests):
            count = spread([requests.get(name, 0) for requests in of_runs]).median
            table.add_row(f"{server}: {name}", _number(count))
    return table


def _short(commit: str) -> str:
    """A commit as people write it, and whether there were changes."""
    name, plus, changes = commit.partition("+")
    return name[:12] + plus + changes


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _right(header: str) -> Column:
    return Column(header, justify="right")
