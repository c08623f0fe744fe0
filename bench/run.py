"""One run: fresh servers, a warm-up of both sides, then the parts that are asked for, the two sides in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bench import slots
from bench.bare import Sample
from bench.phases import creating, entering, growing, refreshing, restarting, rotating
from bench.profile import Profiler
from bench.settings import NAMESPACES
from bench.stage import Stage, raised, started

if TYPE_CHECKING:
    from bench.settings import Settings
    from testbed.operator import Operator
    from testbed.progress import Reporter

Json = dict[str, Any]

PREFIX: Final = "slotwarden"
WARM: Final = "warm-up"
BARE: Final = "bare"


@dataclass(slots=True)
class Run:
    """One run of all that the settings ask for; `number` counts from 0."""

    settings: Settings
    reporter: Reporter
    number: int

    def _title(self, text: str) -> str:
        return f"run {self.number + 1} of {self.settings.runs}: {text}"

    async def __call__(self) -> Json:
        """The raw figures, by part."""
        settings = self.settings
        with raised(self.reporter, settings.patience) as stage:
            with self.reporter.step(self._title(f"warm-up, {settings.warm_up} slots by each side")):
                sample = await self._warm_up(stage)
            found: Json = {"versions": stage.versions()}
            sides = [self._operator, self._bare]
            # Whichever goes second has warmer servers with more in them.
            for side in sides if self.number % 2 == 0 else reversed(sides):
                found |= await side(stage, sample)
            return found

    async def _warm_up(self, stage: Stage) -> Sample:
        """Both sides once, small; the bare client's bodies are those that the operator sent."""
        count = self.settings.warm_up
        operator = stage.operator(WARM)
        try:
            await started(operator, stage)
            first = slots.batch(f"{WARM}-a", count, NAMESPACES)
            await creating.by_operator(stage, operator, WARM, first, self.settings.patience)
            await rotating.by_operator(stage, operator, WARM, first, 1, self.settings.patience)
        finally:
            operator.stop()
        await stage.clear(first.namespaces, WARM)
        sample = Sample.taken(stage.session, stage.user, first.slots[0])
        second = slots.batch(f"{WARM}-b", count, NAMESPACES)
        await creating.by_bare_client(stage, sample, WARM, second)
        await rotating.by_bare_client(stage, sample, WARM, second, 1, self.settings.patience)
        await stage.clear(second.namespaces, WARM)
        return sample

    async def _bare(self, stage: Stage, sample: Sample) -> Json:
        settings, wanted = self.settings, self.settings.phases
        if not {"bare", "rotate"} & set(wanted):
            return {}
        count = settings.slots if "bare" in wanted else min(settings.tries, settings.slots)
        batch = slots.batch("bare", count, NAMESPACES)
        found: Json = {}
        with self.reporter.step(self._title(f"{count} slots by the bare client")):
            created = await creating.by_bare_client(stage, sample, BARE, batch)
        if "bare" in wanted:
            found["bare"] = created
        if "rotate" in wanted:
            with self.reporter.step(self._title(f"{settings.tries} rotations by the bare client")):
                found["bare_rotate"] = await rotating.by_bare_client(
                    stage, sample, BARE, batch, settings.tries, settings.patience
                )
        await stage.clear(batch.namespaces, BARE)
        return found

    async def _operator(self, stage: Stage, _: Sample) -> Json:
        if not self.settings.needs_operator:
            return {}
        operator = stage.operator(PREFIX)
        batch = slots.batch("acme", self.settings.slots, NAMESPACES)
        try:
            found = await self._parts(stage, operator, batch)
        finally:
            operator.stop()
        await stage.clear(batch.namespaces, PREFIX)
        return found

    async def _parts(self, stage: Stage, operator: Operator, batch: slots.Batch) -> Json:
        """The parts in the order in which each finds what it needs."""
        settings, patience, wanted = self.settings, self.settings.patience, self.settings.phases
        profiler = Profiler(settings.profile)
        count = len(batch.slots)
        found: Json = {}
        await started(operator, stage)
        with self.reporter.step(self._title(f"{count} slots by the operator")):
            watching = profiler.watching(operator, "create")
            found["create"] = await creating.by_operator(stage, operator, PREFIX, batch, patience, watching)
        if "rotate" in wanted:
            with self.reporter.step(self._title(f"{settings.tries} rotations")):
                found["rotate"] = await rotating.by_operator(stage, operator, PREFIX, batch, settings.tries, patience)
        if "door" in wanted:
            with self.reporter.step(self._title(f"{settings.tries} values through the gateway")):
                found["door"] = await entering.by_gateway(stage, operator, PREFIX, settings.tries, patience)
        if "environment" in wanted:
            watching = profiler.watching(operator, "environment")
            with self.reporter.step(self._title(f"{settings.tries} rotations in an environment of {settings.keys}")):
                found["environment"] = await entering.by_vault(
                    stage, operator, PREFIX, settings.keys, settings.tries, patience, watching
                )
        if "memory" in wanted:
            more = slots.batch("more", settings.slots, NAMESPACES)
            with self.reporter.step(self._title(f"memory of {count} slots more")):
                found["memory"] = await growing.grow(stage, operator, PREFIX, more, patience)
        if "restart" in wanted:
            watching = profiler.watching(operator, "restart", anew=True)
            with self.reporter.step(self._title("a restart")):
                found["restart"] = await restarting.restart(stage, operator, PREFIX, count, patience, watching)
        if "refresh" in wanted:
            every, watching = settings.refresh_seconds, profiler.watching(operator, "refresh")
            with self.reporter.step(self._title("a refresh of all")):
                found["refresh"] = await refreshing.refresh(stage, operator, PREFIX, batch, every, patience, watching)
        return found
