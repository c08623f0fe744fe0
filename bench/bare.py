"""The bare client: the writes that a new slot needs, and nothing else. What no operator can beat.

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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.web import Api
    from testbed.session import Session

Json = dict[str, Any]

WRITES: Final = (("patch", "secretslots"), ("create", "secrets"), ("patch", "secretslots/status"))
_MANAGER: Final = "?fieldManager=slotwarden"
_UID: Final = b"11111111-2222-3333-4444-555555555555"
_VERSION: Final = b"9999999999"
_FIND_UID: Final = re.compile(rb'"uid":"([0-9a-f-]{36})"')
_FIND_VERSION: Final = re.compile(rb'"resourceVersion":"(\d+)"')


@dataclass(frozen=True, slots=True)
class Sample:
    """The three writes to the API server that the operator made for one slot."""

    slot: Slot
    uid: str
    scrub: Json
    secret: Json
    status: Json

    @classmethod
    def taken(cls, session: Session, user: str, slot: Slot) -> Sample:
        """From the API server's audit log. Raises LookupError where they are not there."""
        found: dict[tuple[str, str], Json] = {}
        for event in session.kube_audit.events(user=user, namespace=slot.namespace):
            reference = event["objectRef"]
            resource = "/".join(filter(None, (reference["resource"], reference.get("subresource"))))
            name = reference.get("name") or event["requestObject"]["metadata"]["name"]
            if name == slot.name and event["responseStatus"]["code"] < 300:
                found.setdefault((event["verb"], resource), event["requestObject"])
        scrub, secret, status = (found[write] for write in WRITES)
        secret["metadata"].pop("creationTimestamp", None)
        return cls(slot, secret["metadata"]["ownerReferences"][0]["uid"], scrub, secret, status)


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

        def made(body: Json) -> bytes:
            if "resourceVersion" in body["metadata"]:
                body = {**body, "metadata": {**body["metadata"], "resourceVersion": _VERSION.decode()}}
            text = dumps(body).decode().replace(sample.uid, _UID.decode())
            return text.replace(sample.slot.namespace, slot.namespace).replace(sample.slot.name, slot.name).encode()

        secret = {**sample.secret, "data": {".dockerconfigjson": slot.docker_config()}}
        owner = ownership.Owner(cluster, _UID.decode(), _UID.decode())
        value = {"username": USERNAME, "password": slot.password, "server_address": SERVER}
        return cls(
            slot,
            made(sample.scrub),
            made(secret),
            made(sample.status),
            dumps({"custom_metadata": ownership.write({}, owner)}),
            dumps({"options": {"cas": 0}, "data": value}),
        )


class BareClient:
    """Creates slots and does for each what the operator would."""

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
        entry = f"{self._prefix}/{slot.namespace}/slots/{slot.name}"
        await self._vault.send("POST", f"/v1/{self._mount}/metadata/{entry}", each.metadata.replace(_UID, uid))
        await self._vault.send("POST", f"/v1/{self._mount}/data/{entry}", each.data)
        scrub = each.scrub.replace(_VERSION, _cut(_FIND_VERSION, created))
        scrubbed = await self._kube.send("PATCH", f"{slot.path}{_MANAGER}", scrub, MERGE)
        secrets = f"/api/v1/namespaces/{slot.namespace}/secrets{_MANAGER}"
        await self._kube.send("POST", secrets, each.secret.replace(_UID, uid))
        status = each.status.replace(_VERSION, _cut(_FIND_VERSION, scrubbed))
        await self._kube.send("PATCH", f"{slot.path}/status{_MANAGER}", status, MERGE)


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


def _cut(pattern: re.Pattern[bytes], answer: bytes) -> bytes:
    match = pattern.search(answer)
    if match is None:
        raise LookupError(f"no {pattern.pattern!r} in an answer")
    return match.group(1)
