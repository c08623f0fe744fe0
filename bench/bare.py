"""The bare client: the writes that a new slot or value needs, and nothing else. What no operator can beat.

It watches nothing, remembers nothing, checks nothing and decides nothing. Its bodies are those that the operator sent
for a slot of the warm-up, with other names and values, made before the clock starts; what only the servers know (uid,
resourceVersion) is cut from their answers and put in.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bench.settings import IN_FLIGHT
from bench.slots import SERVER, USERNAME, Slot, create, dumps
from bench.web import MERGE
from slotwarden.values import ownership
from testbed.clients.audit import resource_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.web import Api
    from testbed.session import Session

Json = dict[str, Any]

WRITES: Final = (("patch", "secretslots"), ("create", "secrets"), ("patch", "secretslots/status"))
CHANGE: Final = ("patch", "secrets")
_MANAGER: Final = "?fieldManager=slotwarden"
_UID: Final = b"11111111-2222-3333-4444-555555555555"
_VERSION: Final = b"9999999999"
_FIND_UID: Final = re.compile(rb'"uid":"([0-9a-f-]{36})"')
_FIND_VERSION: Final = re.compile(rb'"resourceVersion":"(\d+)"')


@dataclass(frozen=True, slots=True)
class Sample:
    """The writes to the API server that the operator made for one slot: three for its creation, then a rotation's.

    A rotation is scrubbed with the same body.
    """

    slot: Slot
    uid: str
    scrub: Json
    secret: Json
    status: Json
    changed: Json
    changed_status: Json

    @classmethod
    def taken(cls, session: Session, user: str, slot: Slot) -> Sample:
        """From the API server's audit log. Raises LookupError where they are not there."""
        found: dict[tuple[str, str], list[Json]] = {}
        for event in session.kube_audit.events(user=user, namespace=slot.namespace):
            name = event["objectRef"].get("name") or event["requestObject"]["metadata"]["name"]
            if name == slot.name and event["responseStatus"]["code"] < 300:
                found.setdefault((event["verb"], resource_of(event)), []).append(event["requestObject"])
        scrub, secret, status = (found[write][0] for write in WRITES)
        secret["metadata"].pop("creationTimestamp", None)
        uid = secret["metadata"]["ownerReferences"][0]["uid"]
        return cls(slot, uid, scrub, secret, status, found[CHANGE][-1], found[WRITES[-1]][-1])

    def made(self, body: Json, slot: Slot) -> bytes:
        """One of them with another slot's names, and marks where its uid and resourceVersion go."""
        if "resourceVersion" in body["metadata"]:
            body = {**body, "metadata": {**body["metadata"], "resourceVersion": _VERSION.decode()}}
        text = dumps(body).decode().replace(self.uid, _UID.decode())
        return text.replace(self.slot.namespace, slot.namespace).replace(self.slot.name, slot.name).encode()


@dataclass(frozen=True, slots=True)
class Prepared:
    """The bodies for one slot, and where they go."""

    slot: Slot
    scrub: bytes
    secret: bytes
    status: bytes
    metadata: bytes
    data: bytes

    @classmethod
    def of(cls, sample: Sample, slot: Slot, cluster: str) -> Prepared:
        """The sample's bodies with the slot's own names and value."""
        secret = {**sample.secret, "data": {".dockerconfigjson": slot.docker_config()}}
        owner = ownership.Owner(cluster, _UID.decode(), _UID.decode())
        return cls(
            slot,
            sample.made(sample.scrub, slot),
            sample.made(secret, slot),
            sample.made(sample.status, slot),
            dumps({"custom_metadata": ownership.write({}, owner)}),
            _data(slot, cas=0),
        )


@dataclass(frozen=True, slots=True)
class Rotation:
    """The bodies for a slot's new value, the user's edit among them."""

    slot: Slot
    edit: bytes
    scrub: bytes
    secret: bytes
    status: bytes
    data: bytes

    @classmethod
    def of(cls, sample: Sample, slot: Slot, before: int) -> Rotation:
        """The sample's bodies for the slot's `before + 1`st rotation; `slot` has the new value."""
        secret = {**sample.changed, "data": {".dockerconfigjson": slot.docker_config()}}
        # An edit and a scrub are a generation each; a status that says nothing new would not be stored.
        status = {**sample.changed_status["status"], "observedGeneration": 2 * before + 4}
        return cls(
            slot,
            slot.edit(),
            sample.made(sample.scrub, slot),
            sample.made(secret, slot),
            sample.made({**sample.changed_status, "status": status}, slot),
            _data(slot, cas=before + 1),
        )


class BareClient:
    """Creates and edits slots, and does for each what the operator would."""

    def __init__(self, admin: Api, kube: Api, vault: Api, entries: str) -> None:
        self._admin = admin
        self._kube = kube
        self._vault = vault
        # The mount and the prefix: <mount>/<prefix>.
        self._mount, _, self._prefix = entries.partition("/")

    async def run(self, prepared: Sequence[Prepared]) -> None:
        """Create all the slots as they are created for the operator, and do the writes, `IN_FLIGHT` slots at once."""
        bodies = {each.slot.key: each for each in prepared}
        created: asyncio.Queue[tuple[Prepared, bytes] | None] = asyncio.Queue()

        async def worker() -> None:
            while (item := await created.get()) is not None:
                await self._serve(*item)

        async def creating() -> None:
            slots = [each.slot for each in prepared]
            await create(self._admin, slots, lambda slot, answer: created.put_nowait((bodies[slot.key], answer)))
            for _ in range(IN_FLIGHT):
                created.put_nowait(None)

        async with asyncio.TaskGroup() as group:
            group.create_task(creating())
            for _ in range(IN_FLIGHT):
                group.create_task(worker())

    async def _serve(self, each: Prepared, created: bytes) -> None:
        slot, uid = each.slot, _cut(_FIND_UID, created)
        await self._vault.send("POST", self._entry("metadata", slot), each.metadata.replace(_UID, uid))
        scrubbed = await self._store(each, created)
        secrets = f"/api/v1/namespaces/{slot.namespace}/secrets{_MANAGER}"
        await self._kube.send("POST", secrets, each.secret.replace(_UID, uid))
        await self._tell(each, scrubbed)

    async def meet(self) -> None:
        """Connect to Vault, as an operator that has run for a while is."""
        await self._vault.send("GET", "/v1/sys/health")

    async def version(self, slot: Slot) -> bytes:
        """Its Secret's resourceVersion, which the operator knows from its watch."""
        return _cut(_FIND_VERSION, await self._kube.send("GET", _secret(slot)))

    async def rotate(self, each: Rotation, version: bytes) -> None:
        """Edit a slot, and do the writes in the operator's order; `version` is its Secret's resourceVersion."""
        edited = await self._admin.send("PATCH", each.slot.path, each.edit, MERGE)
        scrubbed = await self._store(each, edited)
        secret = each.secret.replace(_UID, _cut(_FIND_UID, edited)).replace(_VERSION, version)
        await self._kube.send("PATCH", f"{_secret(each.slot)}{_MANAGER}", secret, MERGE)
        await self._tell(each, scrubbed)

    async def _store(self, each: Prepared | Rotation, seen: bytes) -> bytes:
        """The value into Vault, and out of the object as it was seen; the object after that."""
        await self._vault.send("POST", self._entry("data", each.slot), each.data)
        scrub = each.scrub.replace(_VERSION, _cut(_FIND_VERSION, seen))
        return await self._kube.send("PATCH", f"{each.slot.path}{_MANAGER}", scrub, MERGE)

    async def _tell(self, each: Prepared | Rotation, scrubbed: bytes) -> None:
        status = each.status.replace(_VERSION, _cut(_FIND_VERSION, scrubbed))
        await self._kube.send("PATCH", f"{each.slot.path}/status{_MANAGER}", status, MERGE)

    def _entry(self, part: str, slot: Slot) -> str:
        return f"/v1/{self._mount}/{part}/{self._prefix}/{slot.namespace}/slots/{slot.name}"


async def list_all(api: Api, collections: Sequence[str], page: int) -> int:
    """List collections page by page, one after the other; how many objects there were."""
    count = 0
    for collection in collections:
        joined = "&" if "?" in collection else "?"
        path = first = f"{collection}{joined}limit={page}"
        while path:
            found = json.loads(await api.send("GET", path))
            count += len(found["items"])
            rest = found["metadata"].get("continue")
            path = f"{first}&continue={rest}" if rest else ""
    return count


def _data(slot: Slot, cas: int) -> bytes:
    value = {"username": USERNAME, "password": slot.password, "server_address": SERVER}
    return dumps({"options": {"cas": cas}, "data": value})


def _secret(slot: Slot) -> str:
    return f"/api/v1/namespaces/{slot.namespace}/secrets/{slot.name}"


def _cut(pattern: re.Pattern[bytes], answer: bytes) -> bytes:
    match = pattern.search(answer)
    if match is None:
        raise LookupError(f"no {pattern.pattern!r} in an answer")
    return match.group(1)
