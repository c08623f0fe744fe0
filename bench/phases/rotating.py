"""How long it takes from a new value in an object to the Secret that holds it, on a system that does nothing else."""

from __future__ import annotations

import asyncio
import base64
import secrets
from time import perf_counter
from typing import TYPE_CHECKING, Any

from bench.counting import Mark, Requests
from bench.slots import COLLECTION, Slot, dumps
from bench.stage import SECRETS
from bench.watch import AllReady, Watch
from bench.web import MERGE

if TYPE_CHECKING:
    from bench.slots import Batch
    from bench.stage import Stage
    from testbed.operator import Operator

Json = dict[str, Any]


async def rotate(stage: Stage, operator: Operator, prefix: str, batch: Batch, tries: int, patience: float) -> Json:
    """Edit one slot after the other, each once the one before has said that it is ready."""
    await stage.rest(operator)
    mark, seconds = Mark.now(stage.session), []
    collection, _, selector = SECRETS.partition("?labelSelector=")
    async with (
        stage.admin() as api,
        Watch(api, COLLECTION) as watch,
        Watch(api, collection, selector) as projected,
    ):
        for number in range(tries):
            old = batch.slots[number % len(batch.slots)]
            slot = Slot(old.namespace, old.name, secrets.token_urlsafe(30))
            changed, ready = projected.expect(_Holds(slot)), watch.expect(_Rotated(slot, number // len(batch.slots)))
            body = dumps({"spec": {"registry": {"password": slot.password}}})
            began = perf_counter()
            await api.send("PATCH", slot.path, body, MERGE)
            seconds.append(round(await asyncio.wait_for(changed, patience) - began, 5))
            await asyncio.wait_for(ready, patience)
    await stage.rest(operator)
    requests = Requests.since(stage.session, mark, stage.user, prefix)
    return {
        "tries": tries,
        "seconds": seconds,
        "requests_per_rotation": requests.per(tries),
        "kubernetes_writes": requests.kubernetes_writes,
        "vault_writes": requests.vault_writes,
    }


class _Holds:
    """Whether it is the slot's Secret with the slot's value."""

    def __init__(self, slot: Slot) -> None:
        self._key = slot.key
        self._password = slot.password.encode()

    def __call__(self, secret: Json) -> bool:
        metadata = secret["metadata"]
        if (metadata["namespace"], metadata["name"]) != self._key:
            return False
        return self._password in base64.b64decode(secret["data"][".dockerconfigjson"])


class _Rotated(AllReady):
    """Whether the slot is ready after its `before + 1`st rotation."""

    def __init__(self, slot: Slot, before: int) -> None:
        super().__init__({slot.key}, lambda seen: bool(seen["status"]["vault"]["version"] >= before + 2))
