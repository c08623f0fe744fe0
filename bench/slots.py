"""The slots that are created: a registry credential each, with the value in the object, in several namespaces."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bench.settings import IN_FLIGHT
from bench.web import MERGE
from testbed.clients import kube

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bench.web import Api

SERVER: Final = "ghcr.io"
USERNAME: Final = "robot"
COLLECTION: Final = "/apis/slotwarden.io/v1beta1/secretslots"


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot and the value that it is created with."""

    namespace: str
    name: str
    password: str = field(repr=False)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return (self.namespace, self.name)

    @property
    def collection(self) -> str:
        """The path to create it at."""
        return kube.slots(self.namespace)

    @property
    def path(self) -> str:
        """The path of the object."""
        return kube.slots(self.namespace, self.name)

    def manifest(self) -> bytes:
        """The object as a user creates it."""
        spec = {"registry": {"serverAddress": SERVER, "username": USERNAME, "password": self.password}}
        metadata = {"name": self.name, "namespace": self.namespace}
        return dumps({"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot", "metadata": metadata, "spec": spec})

    def edit(self) -> bytes:
        """The merge patch with which a user sets the value."""
        return dumps({"spec": {"registry": {"password": self.password}}})

    def docker_config(self) -> str:
        """What its Secret holds, as it stands there."""
        auth = base64.b64encode(f"{USERNAME}:{self.password}".encode()).decode()
        entry = {"username": USERNAME, "password": self.password, "auth": auth}
        return base64.b64encode(dumps({"auths": {SERVER: entry}})).decode()


@dataclass(frozen=True, slots=True)
class Batch:
    """Slots that are created together."""

    namespaces: tuple[str, ...]
    slots: tuple[Slot, ...]

    @property
    def keys(self) -> set[tuple[str, str]]:
        """What tells the slots apart."""
        return {slot.key for slot in self.slots}


def batch(name: str, count: int, namespaces: int) -> Batch:
    """`count` slots spread over so many namespaces (at most one for each slot)."""
    names = tuple(f"{name}-{number}" for number in range(min(count, namespaces)))
    slots = (Slot(names[n % len(names)], f"registry-{n:05}", secrets.token_urlsafe(30)) for n in range(count))
    return Batch(names, tuple(slots))


def dumps(value: Any) -> bytes:
    """JSON, compact."""
    return json.dumps(value, separators=(",", ":")).encode()


async def create(api: Api, slots: Sequence[Slot], made: Callable[[Slot, bytes], None] | None = None) -> None:
    """Create them all, `IN_FLIGHT` at once; `made` gets each answer."""
    bodies = [(slot, slot.manifest()) for slot in slots]

    async def one(item: tuple[Slot, bytes]) -> None:
        slot, body = item
        answer = await api.send("POST", slot.collection, body)
        if made:
            made(slot, answer)

    await in_flight(bodies, one)


async def patch(api: Api, slots: Sequence[Slot], body: bytes) -> None:
    """Merge the same into all."""

    async def one(slot: Slot) -> None:
        await api.send("PATCH", slot.path, body, MERGE)

    await in_flight(slots, one)


async def in_flight(items: Sequence[Any], work: Callable[[Any], Awaitable[None]]) -> None:
    """Do `work` with each item in order, `IN_FLIGHT` at once; the first failure ends it."""
    rest = iter(items)

    async def worker() -> None:
        for item in rest:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(IN_FLIGHT, len(items))):
            group.create_task(worker())
