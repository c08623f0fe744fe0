"""How long after a write is acknowledged by one gateway another one tells of it."""

from __future__ import annotations

import json
import secrets
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from bench.gateway.jobs import Step
from bench.gateway.scene import declaring, giving, secrets_path
from bench.web import AnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.gateway.scene import Scene
    from bench.web import Api

Json = dict[str, Any]
_ENVIRONMENT: Final = "lag"
_PATIENCE: Final = 30.0
_NONE: Final = 404
SEEN: Final[dict[str, Callable[[Json | None], bool]]] = {
    "declared": lambda told: told is not None,
    "value": lambda told: told is not None and bool(told["hasValue"]),
    "deleted": lambda told: told is None,
}
"""What is written, and how a reader knows."""


async def lags(scene: Scene, tries: int) -> dict[str, list[float]]:
    """Seconds from the answer to a write until another gateway's answer shows it, by what was written.

    The other one is asked without a pause, so the time of the asking is in it.
    """
    found: dict[str, list[float]] = {what: [] for what in SEEN}
    async with scene.api(scene.gateway) as one, scene.api(scene.replica) as other:
        # Both know the client before the clock starts.
        for api in (one, other):
            await api.send("GET", secrets_path(_ENVIRONMENT))
        for number in range(tries):
            name = f"LAG_{number:06}"
            for what, step in _writes(name).items():
                await one.send(step.method, step.path, step.body.encode() if step.body else None)
                found[what].append(round(await _until(other, secrets_path(_ENVIRONMENT, name), SEEN[what]), 6))
    return found


def _writes(name: str) -> dict[str, Step]:
    return {
        "declared": declaring(_ENVIRONMENT, name),
        "value": giving(_ENVIRONMENT, name, secrets.token_hex(16)),
        "deleted": Step("gateway", "DELETE", secrets_path(_ENVIRONMENT, name)),
    }


async def _until(api: Api, path: str, seen: Callable[[Json | None], bool]) -> float:
    """Seconds until an answer shows it. Raises TimeoutError."""
    began = perf_counter()
    while not seen(await _asked(api, path)):
        if perf_counter() - began > _PATIENCE:
            raise TimeoutError(f"another gateway did not tell of it within {_PATIENCE:g} s: {path}")
    return perf_counter() - began


async def _asked(api: Api, path: str) -> Json | None:
    """The secret; None where there is none."""
    try:
        found: Json = json.loads(await api.send("GET", path))
    except AnswerError as error:
        if error.status == _NONE:
            return None
        raise
    return found
