"""How long it takes from a new value in an object to the Secret that holds it, on a system that does nothing else."""

from __future__ import annotations

import asyncio
import base64
import secrets
from time import perf_counter
from typing import TYPE_CHECKING, Any

from bench.bare import BareClient, Rotation
from bench.counting import Mark, Requests
from bench.slots import COLLECTION, Slot
from bench.stage import SECRETS
from bench.watch import AllReady, Watch
from bench.web import MERGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.bare import Sample
    from bench.slots import Batch
    from bench.stage import Stage
    from bench.web import Api
    from testbed.operator import Operator

Json = dict[str, Any]


async def by_operator(stage: Stage, operator: Operator, prefix: str, batch: Batch, tries: int, patience: float) -> Json:
    """Edit one slot after the other, each once the one before has said that it is ready."""
    await stage.rest(operator)
    mark, seconds = Mark.now(stage.session), []
    async with stage.admin() as api, Watch(api, COLLECTION) as watch, _projected(api) as projected:
        for slot, before in _edits(batch, tries):
            changed, ready = projected.expect(_Holds(slot)), watch.expect(_Rotated(slot, before))
            body = slot.edit()
            began = perf_counter()
            await api.send("PATCH", slot.path, body, MERGE)
            seconds.append(round(await asyncio.wait_for(changed, patience) - began, 5))
            await asyncio.wait_for(ready, patience)
    await stage.rest(operator)
    return _figures(stage, mark, prefix, seconds)


async def by_bare_client(stage: Stage, sample: Sample, prefix: str, batch: Batch, tries: int, patience: float) -> Json:
    """The same of slots that the bare client made, each once its status was answered."""
    rotations = [Rotation.of(sample, slot, before) for slot, before in _edits(batch, tries)]
    kube, vault = stage.client(prefix)
    async with stage.admin() as admin, kube, vault, _projected(admin) as projected:
        client = BareClient(admin, kube, vault, f"{stage.session.vault.mount}/{prefix}")
        await client.meet()
        await stage.rest()
        mark, seconds = Mark.now(stage.session), []
        for each in rotations:
            changed, version = projected.expect(_Holds(each.slot)), await client.version(each.slot)
            began = perf_counter()
            await client.rotate(each, version)
            seconds.append(round(await asyncio.wait_for(changed, patience) - began, 5))
    await stage.rest()
    return _figures(stage, mark, prefix, seconds)


def _edits(batch: Batch, tries: int) -> Iterator[tuple[Slot, int]]:
    """One slot after the other with a new value, and how often it was rotated before."""
    for number in range(tries):
        before, index = divmod(number, len(batch.slots))
        old = batch.slots[index]
        yield Slot(old.namespace, old.name, secrets.token_urlsafe(30)), before


def _projected(api: Api) -> Watch:
    collection, _, selector = SECRETS.partition("?labelSelector=")
    return Watch(api, collection, selector)


def _figures(stage: Stage, mark: Mark, prefix: str, seconds: list[float]) -> Json:
    requests = Requests.since(stage.session, mark, stage.user, prefix)
    return {
        "tries": len(seconds),
        "seconds": seconds,
        "requests_per_rotation": requests.per(len(seconds)),
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
