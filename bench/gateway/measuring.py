"""One part under load and one request at a time: rates, times, what it cost whom, what was asked of the servers."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from bench.counting import Mark, Requests
from bench.gateway.jobs import Job
from bench.gateway.loading import last_core, load, others
from bench.gateway.scene import PREFIX
from testbed import procfs

if TYPE_CHECKING:
    from bench.gateway.jobs import Done
    from bench.gateway.parts import Works
    from bench.gateway.scene import Scene
    from bench.gateway.settings import Settings

Json = dict[str, Any]

_WARM_UP_SHARE: Final = 5
PAUSE: Final = 0.1
"""Seconds after a write in which the operator and the watches do their part, so that the next finds them at rest."""
_LONGEST: Final = 20.0
"""Seconds of requests one by one, where the bare client's are slow."""
_APART: Final = ("watch ", "create tokenreviews", "create subjectaccessreviews", "list secrets", "get -")
"""Who may ask is asked for once in a while, and so is the certificate, and how the servers are: none of it belongs to
a request."""


async def under_load(
    scene: Scene, works: Works, settings: Settings, watching: AbstractContextManager[None] | None = None
) -> Json:
    """So many requests at once for so many seconds, as fast as they are answered."""
    job = Job(scene.servers(), works, settings.in_flight, settings.seconds, cores=others(last_core()))
    return await _measured(scene, job, watching)


async def one_by_one(scene: Scene, works: Works, settings: Settings, *, pause: float) -> Json:
    """One request after the other."""
    job = Job(scene.servers(), works, 1, _LONGEST, settings.tries, pause, cores=others(last_core()))
    return await _measured(scene, job)


async def warm_up(scene: Scene, works: Works, settings: Settings) -> None:
    """The same for a while that does not count."""
    seconds = settings.seconds / _WARM_UP_SHARE
    await load(Job(scene.servers(), works, settings.in_flight, seconds, cores=others(last_core())))


async def _measured(scene: Scene, job: Job, watching: AbstractContextManager[None] | None = None) -> Json:
    await scene.rest()
    pids, session = scene.pids(), scene.stage.session
    mark, before, machine = Mark.now(session), procfs.all_cpu_seconds(pids), procfs.machine_cpu_seconds()
    with watching or nullcontext():
        done = await load(job)
    machine = procfs.machine_cpu_seconds() - machine
    used = procfs.used(before, procfs.all_cpu_seconds(pids))
    # What a write causes goes on for a moment; it is part of what it costs.
    await scene.rest()
    cpu = procfs.used(before, procfs.all_cpu_seconds(pids))
    asked = Requests.since(session, mark, scene.gateway.user, PREFIX, scene.gateway.vault_user)
    return {
        "count": done.count,
        "seconds": round(done.seconds, 4),
        "latencies": [round(each, 6) for each in done.latencies],
        "cpu_seconds": {**cpu, "client": round(done.cpu_seconds, 3)},
        "others_cores": round(_others(machine, used, done), 3),
        "requests": counted(asked),
    }


def counted(asked: Requests) -> dict[str, int]:
    """What was asked of both servers, by what it was, but for what belongs to no request."""
    kubernetes = {name: count for name, count in asked.kubernetes.items() if not name.startswith(_APART)}
    return {**kubernetes, **{f"vault {name}": count for name, count in asked.vault.items()}}


def _others(machine: float, used: dict[str, float], done: Done) -> float:
    """How many cores were at work for nobody who is named here."""
    return max(0.0, machine - sum(used.values()) - done.cpu_seconds) / done.seconds
