"""Has the load client do a job in a process of its own, and the gateway do its part on a core of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.gateway.jobs import Done
from testbed.install import ROOT

if TYPE_CHECKING:
    from bench.gateway.jobs import Job

_GRACE = 60.0


class LoadFailed(Exception):
    """The load client ended with an error, whose last line this is."""


async def load(job: Job) -> Done:
    """What came of a job. Raises LoadFailed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.gateway.load"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(job.seconds + _GRACE):
            told, complaint = await process.communicate(job.dumps().encode())
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise LoadFailed(f"some requests were not answered within {_GRACE:g} s") from None
        raise
    if process.returncode:
        lines = [
            line for line in complaint.decode(errors="replace").splitlines() if "Error:" in line or "Answer:" in line
        ]
        raise LoadFailed(lines[-1] if lines else f"exit code {process.returncode}")
    return Done(**json.loads(told))


def others(core: int) -> tuple[int, ...]:
    """The cores that are left to the load client; any of them where there is but one."""
    return tuple(sorted(os.sched_getaffinity(0) - {core}))


def pin(pid: int, core: int) -> None:
    """Have all threads of a process, and those that they start, run on one core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def last_core() -> int:
    """The core that the gateway gets."""
    return max(os.sched_getaffinity(0))
