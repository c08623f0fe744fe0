"""CPU time and memory of processes as Linux tells them in /proc: nothing is asked of the processes themselves."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_LOOK: Final = 0.2


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads so far."""
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS


def machine_cpu_seconds() -> float:
    """Time that all cores together were at work for anybody so far."""
    # user, nice, system, irq and softirq of proc_stat(5); not idle, iowait, nor what the host took away.
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / _TICKS


def age(pid: int) -> float:
    """Seconds since it was started."""
    return float(Path("/proc/uptime").read_text().split()[0]) - int(stat(pid)[19]) / _TICKS


def stat(pid: int) -> list[str]:
    """The fields of proc_pid_stat(5) from the third on: after the name, which may hold blanks and brackets."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def all_cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """The same for several, by name."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def used(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """CPU seconds between two moments, by name."""
    return {name: round(after[name] - before[name], 3) for name in after if name in before}


def rss_kib(pid: int) -> int:
    """Resident memory now."""
    return _status(pid, "VmRSS")


def peak_rss_kib(pid: int) -> int:
    """The most resident memory it ever had."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(f"no {name} of process {pid}")


async def idle(pids: Mapping[str, int], share: float, patience: float) -> None:
    """Return once these together have used less than `share` of a core for two looks in a row.

    Raises:
        TimeoutError: they did not come to rest within `patience` seconds.
    """
    deadline = monotonic() + patience
    quiet, at, before = 0, monotonic(), all_cpu_seconds(pids)
    while quiet < 2:
        await asyncio.sleep(_LOOK)
        now, after = monotonic(), all_cpu_seconds(pids)
        spent = sum(used(before, after).values())
        quiet = quiet + 1 if spent < share * (now - at) else 0
        at, before = now, after
        if now > deadline:
            raise TimeoutError(f"{', '.join(pids)} did not come to rest within {patience:g} s")
