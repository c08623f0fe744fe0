"""New values for objects that are ready, one after the other, until their Secrets hold them.

They come in through the API server's aggregation layer, or for one key of many by a version in Vault.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from bench.counting import Mark, Requests
from bench.slots import COLLECTION, USERNAME, Slot, dumps, in_flight
from bench.stage import ENV_SECRETS, SECRETS, within
from bench.watch import AllReady, Watch
from bench.web import MERGE
from testbed import procfs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bench.stage import Stage
    from testbed.gateway import Gateway
    from testbed.operator import Operator

Json = dict[str, Any]
_VALUES: Final = "/apis/values.slotwarden.io/v1beta1"
_PROJECT: Final = "bench"
_ENVIRONMENT: Final = "many"
_DOOR_KEYS: Final = 20

Sending = tuple[str, str, bytes, str]
"""A request: method, path, body, the body's type."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the values go: an environment in a namespace of its own, and a slot beside it where one is wanted."""

    namespace: str
    keys: int
    with_slot: bool

    @property
    def slot(self) -> Slot:
        """The slot, with a value to begin with."""
        return Slot(self.namespace, "registry", secrets.token_urlsafe(30))

    def declared(self) -> list[bytes]:
        """The environment's objects as a user creates them, with values to begin with."""
        return [
            dumps(
                {
                    "apiVersion": "slotwarden.io/v1beta1",
                    "kind": "EnvSecret",
                    "metadata": {"name": _name(number), "namespace": self.namespace},
                    "spec": {
                        "project": _PROJECT,
                        "environment": _ENVIRONMENT,
                        "key": _key(number),
                        "value": secrets.token_urlsafe(30),
                    },
                }
            )
            for number in range(self.keys)
        ]

    def entered(self, tries: int) -> list[Entered]:
        """What is set, one after the other: each key in turn, and the slot every other time."""
        found = []
        for number in range(tries):
            value = secrets.token_urlsafe(30)
            if self.with_slot and number % 2:
                body = {"username": USERNAME, "password": value}
                found.append(Entered("secretslots", self.namespace, self.slot.name, "", value, body))
            else:
                at = (number // (2 if self.with_slot else 1)) % self.keys
                found.append(Entered("envsecrets", self.namespace, _name(at), _key(at), value, {"value": value}))
        return found


@dataclass(frozen=True, slots=True)
class Entered:
    """One value for one object; `key` is empty for a slot."""

    resource: str
    namespace: str
    name: str
    key: str
    value: str
    body: Json

    @property
    def path(self) -> str:
        """The path of the object."""
        return f"/apis/slotwarden.io/v1beta1/namespaces/{self.namespace}/{self.resource}/{self.name}"

    @property
    def value_path(self) -> str:
        """Where a value for it is sent."""
        return f"{_VALUES}/namespaces/{self.namespace}/{self.resource}/{self.name}/value"

    def held(self, secret: Json) -> bool:
        """Whether it is a Secret that holds the value."""
        if secret["metadata"]["namespace"] != self.namespace:
            return False
        data = secret["data"].get(self.key or ".dockerconfigjson", "")
        return self.value.encode() in base64.b64decode(data)

    def ready(self, version: int) -> AllReady:
        """Whether the object is ready with this version or a later one, and owes no answer."""
        return AllReady({(self.namespace, self.name)}, lambda seen: _answered(seen["status"], version))


async def by_gateway(stage: Stage, operator: Operator, prefix: str, tries: int, patience: float) -> Json:
    """Values sent to the API server, which forwards them to a gateway; half of them for keys, half for a slot."""
    place = Place("door", _DOOR_KEYS, with_slot=True)

    async def prepare(each: Entered, _: int) -> Sending:
        return "POST", each.value_path, dumps(each.body), "application/json"

    with stage.gateway(prefix) as gateway:
        return await _Measurement(stage, operator, gateway, prefix, place, patience, prepare)(tries)


async def by_vault(
    stage: Stage,
    operator: Operator,
    prefix: str,
    keys: int,
    tries: int,
    patience: float,
    watching: AbstractContextManager[None],
) -> Json:
    """Keys of a large environment rotated in Vault by others, one at a time; begins with asking for a refresh."""
    place = Place("environment", keys, with_slot=False)

    async def prepare(each: Entered, version: int) -> Sending:
        entry = f"{prefix}/{each.namespace}/env/{_PROJECT}/{_ENVIRONMENT}/{each.key}"
        await asyncio.to_thread(stage.session.vault.write, entry, each.body, version)
        annotations = {"slotwarden.io/refresh": secrets.token_hex(8)}
        return "PATCH", each.path, dumps({"metadata": {"annotations": annotations}}), MERGE

    return await _Measurement(stage, operator, None, prefix, place, patience, prepare, watching)(tries)


@dataclass(frozen=True, slots=True)
class _Measurement:
    """The objects are made, values are set one after the other, the objects are removed.

    Attributes:
        prepare: makes the request that the clock begins with, for what is set and the version before it.
        watching: entered while values are set.
    """

    stage: Stage
    operator: Operator
    gateway: Gateway | None
    prefix: str
    place: Place
    patience: float
    prepare: Callable[[Entered, int], Awaitable[Sending]]
    watching: AbstractContextManager[None] = field(default_factory=nullcontext)

    async def __call__(self, tries: int) -> Json:
        """Times, requests by who made them, CPU and memory."""
        stage, place, gateway = self.stage, self.place, self.gateway
        stage.make_namespaces([place.namespace])
        created = await self._create()
        await stage.rest(self.operator)
        pids = {**stage.pids(self.operator), **({"gateway": gateway.pid} if gateway else {})}
        mark, before = Mark.now(stage.session), procfs.all_cpu_seconds(pids)
        with self.watching:
            seconds, answers = await self._set(place.entered(tries))
        await stage.rest(self.operator)
        found: Json = {
            "tries": tries,
            "keys": place.keys,
            "create_seconds": round(created, 3),
            "seconds": seconds,
            "answer_seconds": answers,
            "cpu_seconds": procfs.used(before, procfs.all_cpu_seconds(pids)),
            "operator": self._requests(mark, self.operator),
        }
        if gateway is not None:
            found["gateway"] = self._requests(mark, gateway)
            found["gateway_peak_rss_kib"] = procfs.peak_rss_kib(gateway.pid)
        await stage.clear([place.namespace], self.prefix)
        return found

    async def _create(self) -> float:
        """Seconds until all objects are ready."""
        place = self.place
        keys = {(place.namespace, _name(number)) for number in range(place.keys)}
        async with self.stage.admin() as api, Watch(api, ENV_SECRETS) as watch, Watch(api, COLLECTION) as slots:
            awaited = [watch.expect(AllReady(keys))]
            began = perf_counter()
            if place.with_slot:
                awaited.append(slots.expect(AllReady({place.slot.key})))
                await api.send("POST", place.slot.collection, place.slot.manifest())
            collection = within(ENV_SECRETS, place.namespace)

            async def create(body: bytes) -> None:
                await api.send("POST", collection, body)

            await in_flight(place.declared(), create)
            last = max(await asyncio.wait_for(asyncio.gather(*awaited), self.patience + place.keys))
        return last - began

    async def _set(self, entered: Sequence[Entered]) -> tuple[list[float], list[float]]:
        """Seconds from sending each request until the Secret changed, and until the answer came."""
        seconds, answers = [], []
        collection, _, selector = SECRETS.partition("?labelSelector=")
        async with (
            self.stage.admin() as api,
            Watch(api, collection, selector) as projected,
            Watch(api, COLLECTION) as slots,
            Watch(api, ENV_SECRETS) as declared,
        ):
            watches = {"secretslots": slots, "envsecrets": declared}
            for each in entered:
                # Nothing of it is on the way: it was ready.
                version = int((await api.get(each.path))["status"]["vault"]["version"])
                method, path, body, content = await self.prepare(each, version)
                changed = projected.expect(each.held)
                ready = watches[each.resource].expect(each.ready(version + 1))
                began = perf_counter()
                await api.send(method, path, body, content)
                answers.append(round(perf_counter() - began, 5))
                seconds.append(round(await asyncio.wait_for(changed, self.patience) - began, 5))
                await asyncio.wait_for(ready, self.patience)
        return seconds, answers

    def _requests(self, mark: Mark, program: Gateway | Operator) -> Json:
        asked = Requests.since(self.stage.session, mark, program.user, self.prefix, program.vault_user)
        return {
            "requests": {"kubernetes": asked.kubernetes, "vault": asked.vault},
            "kubernetes_writes": asked.kubernetes_writes,
            "vault_reads": asked.vault_reads,
            "vault_writes": asked.vault_writes,
        }


def _answered(status: Json, version: int) -> bool:
    return bool(status["vault"]["version"] >= version and not status.get("pending"))


def _name(number: int) -> str:
    return f"value-{number:05}"


def _key(number: int) -> str:
    return f"VALUE_{number:05}"
