"""One run: fresh servers, then the parts that are asked for, the gateway and the bare client in turn."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bench.gateway import parts
from bench.gateway.lag import lags
from bench.gateway.measuring import PAUSE, one_by_one, under_load, warm_up
from bench.gateway.scene import played
from bench.profile import Profiler
from bench.stage import raised

if TYPE_CHECKING:
    from bench.gateway.scene import Scene
    from bench.gateway.settings import Settings
    from testbed.progress import Reporter

Json = dict[str, Any]

_OF_SLOTS: Final = frozenset({"read", "read_grpc"})


@dataclass(slots=True)
class Run:
    """One run of all that the settings ask for; `number` counts from 0."""

    settings: Settings
    reporter: Reporter
    number: int

    async def __call__(self) -> Json:
        """The raw figures, by part."""
        settings = self.settings
        slots = parts.SLOTS if _OF_SLOTS & set(settings.parts) else 0
        with raised(self.reporter, settings.patience) as stage:
            self.reporter.say(self._title(f"the programs, and {settings.secrets} secrets"))
            async with played(stage, secrets=settings.secrets, slots=slots) as scene:
                libraries = {name: importlib.metadata.version(name) for name in ("grpcio", "uvloop")}
                found: Json = {"versions": {**libraries, **stage.versions()}}
                for part in settings.parts:
                    with self.reporter.step(self._title(part)):
                        found[part] = await self._part(scene, part)
        return found

    def _title(self, text: str) -> str:
        return f"run {self.number + 1} of {self.settings.runs}: {text}"

    async def _part(self, scene: Scene, part: str) -> Json:
        if part == "lag":
            return {"seconds": await lags(scene, self.settings.tries)}
        sides = [self._by_gateway, self._by_bare_client]
        found: Json = {}
        # Whichever goes second has warmer servers with more in them.
        for side in sides if self.number % 2 == 0 else reversed(sides):
            found |= await side(scene, part)
        return found

    async def _by_gateway(self, scene: Scene, part: str) -> Json:
        settings = self.settings
        watching = Profiler(settings.profile).watching(scene.gateway, f"gateway-{part}")
        await warm_up(scene, parts.asked(part, "warm"), settings)
        return {
            "load": await under_load(scene, parts.asked(part, "load"), settings, watching),
            "alone": await one_by_one(scene, parts.asked(part, "alone"), settings, pause=_pause(part)),
        }

    async def _by_bare_client(self, scene: Scene, part: str) -> Json:
        settings = self.settings
        await warm_up(scene, await parts.bare(scene, part, "warm"), settings)
        return {
            "bare_load": await under_load(scene, await parts.bare(scene, part, "load"), settings),
            "bare_alone": await one_by_one(scene, await parts.bare(scene, part, "alone"), settings, pause=_pause(part)),
        }


def _pause(part: str) -> float:
    return PAUSE if part.startswith("create") else 0.0
