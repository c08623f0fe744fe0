"""Secrets of core instances: an instance is an environment of one project, and its secrets are told newest first.

A secret is created with its value, by two writes to two servers. So an object that a crash left without its value is
completed when the creation is repeated; one that has a value is in the way, whatever it is, or a creation would tell
whether a guess is right.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from slotwarden.beside import both
from slotwarden.domain.envvalue import EnvValue
from slotwarden.domain.names import env_object_name
from slotwarden.gateway.declarations import Exists
from slotwarden.gateway.identity.permissions import DECLARE, DESCRIBE, LIST, REVEAL, SET
from slotwarden.gateway.intent import intent
from slotwarden.gateway.journal import Asked, noted
from slotwarden.gateway.objects import declared_of, made_to_set
from slotwarden.gateway.published import asking
from slotwarden.gateway.published.acts import DECLARED, READ_VALUE, SET_FIRST
from slotwarden.gateway.published.room import Place, Room
from slotwarden.gateway.refusals import Cause, conflict, invalid, race
from slotwarden.values.doors import AlreadySet
from slotwarden.values.entries import Stored
from slotwarden.values.sealing import NOT_CONFIGURED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from slotwarden.cluster.client import Json
    from slotwarden.domain.entries import EnvRef
    from slotwarden.gateway.aggregated.group import Resource
    from slotwarden.gateway.catalog.record import Record
    from slotwarden.gateway.identity.caller import Caller
    from slotwarden.gateway.objects import Found
    from slotwarden.gateway.published.parts import Parts
    from slotwarden.values.doors import Look

PROJECT: Final = "core-instances"
_READS: Final = 4
"""How many pages read values at once: how long those are is known when they are there."""
_AT_ONCE: Final = 16
_RESOURCE: Final[Resource] = "envsecrets"


@dataclass(frozen=True, slots=True)
class Item:
    """A secret, and its value where it has one that the caller may read."""

    record: Record
    value: EnvValue | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some secrets of an instance, the newest first.

    Attributes:
        end: the position of the last one; None where none is older.
        count: how many secrets the instance has.
    """

    items: Sequence[Item]
    end: tuple[datetime, str] | None
    count: int


class CoreInstances:
    """What can be done with the secrets of an instance. Methods raise `Refusal`s, and what says who is away."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._room = Room()
        self._reads = asyncio.Semaphore(_READS)

    @asynccontextmanager
    async def page(
        self,
        caller: Caller,
        organization: str,
        instance: str,
        last: int,
        before: tuple[datetime, str] | None,
        request_id: str,
    ) -> AsyncIterator[Page]:
        """The `last` secrets that were made before a position; those made last of all without one.

        To be held until the answer is sent: its values take room that others wait for.
        """
        await self._parts.permissions.admit(caller, LIST, _RESOURCE, organization)
        found = self._parts.catalog.page(organization, PROJECT, instance, last, before)
        with self._room.of(caller.username) as room:
            items = await self._items(caller, organization, found.items, request_id, room)
            more = found.more or len(items) < len(found.items)
            yield Page(items, items[-1].record.position if items and more else None, found.total)

    async def create(self, caller: Caller, ref: EnvRef, value: EnvValue, request_id: str) -> Record:
        """Make a secret with its value; 409 where it has one already.

        Args:
            value: where it is `sealed`, Vault is to hold it encrypted.
        """
        name = asking.likely_name(self._parts.catalog, ref)
        asked = Asked(caller, SET_FIRST, _RESOURCE, ref.organization, name, request_id=request_id)
        with noted(asked, self._parts.metrics):
            await self._admit(asked)
            if value.sealed and not self._parts.doors.seals:
                raise invalid(Cause("encrypted", f"cannot be done: {NOT_CONFIGURED}"))
            known = self._parts.catalog.env(ref)
            found = await self._parts.reader.key_to_set(ref) if known is not None else None
            found = found or await self._made(asked, ref, value)
            metadata = found.declared.metadata
            await asking.go_on_with(asked, metadata.name, metadata.uid, self._admit)
            try:
                return await self._set(asked, found, value)
            except AlreadySet:
                raise conflict("there is a secret of this key") from None

    async def _admit(self, asked: Asked) -> None:
        await self._parts.permissions.admit(asked.caller, SET, _RESOURCE, asked.namespace, asked.name)

    async def _made(self, asked: Asked, ref: EnvRef, value: EnvValue) -> Found:
        """The object, newly made; or the one that turns out to be there."""
        reader, name = self._parts.reader, env_object_name(ref)
        # One of another name was known, and has just gone.
        await asking.go_on_with(asked, name, "", self._admit)
        declares = Asked(asked.caller, DECLARED, _RESOURCE, asked.namespace, name, request_id=asked.request_id)
        with suppress(Exists), noted(declares, self._parts.metrics):
            # First: for one who may make nothing, nothing is looked at.
            await self._parts.permissions.admit(asked.caller, DECLARE, _RESOURCE, asked.namespace, name)
            (raw, look), place = await both(self._declared(declares, ref, value), reader.place(ref.organization))
            return made_to_set(raw, place, look)
        found = await reader.key_to_set(ref)
        if found is None:
            raise race("the secret was deleted at the same moment")
        return found

    async def _declared(self, asked: Asked, ref: EnvRef, value: EnvValue) -> tuple[Json, Look]:
        """A new object and a look at its entry. Raises Exists where there turns out to be one."""
        look = self._parts.doors.begin(ref)
        raw = await self._parts.declarations.make_env(ref, {"encrypted": True} if value.sealed else {})
        asked.uid = raw["metadata"]["uid"]
        return raw, look

    async def _set(self, asked: Asked, found: Found, value: EnvValue) -> Record:
        """Set the value of an object that has none."""
        parts = self._parts
        if found.declared.value(value.value) != value and value.sealed:
            found = await self._sealed(asked, found, value)
        declared = found.declared
        state = intent(parts.objects, _RESOURCE, declared, asked.request_id, parts.now(), parts.catalog.took)
        wanted, adopt = declared.value(value.value), declared.adopts_value
        result = await parts.doors.set(
            declared.entry, found.owner, wanted, state, adopt=adopt, first=True, begun=found.look
        )
        asked.version = result.version.number
        parts.catalog.stored(_RESOURCE, asked.namespace, asked.name, asked.uid, result.version)
        record = parts.catalog.get(_RESOURCE, asked.namespace, asked.name)
        if record is None or record.uid != asked.uid:
            raise race("the secret was deleted at the same moment")
        return record

    async def _sealed(self, asked: Asked, found: Found, value: EnvValue) -> Found:
        """Have an object say that its value is to be encrypted."""
        parts, declared = self._parts, found.declared
        await parts.permissions.admit(asked.caller, DESCRIBE, _RESOURCE, asked.namespace, asked.name)
        # Nothing is changed for a creation that is refused in the end.
        state = intent(parts.objects, _RESOURCE, declared, asked.request_id, parts.now())
        await parts.doors.set(declared.entry, found.owner, value, state, first=True, dry_run=True)
        raw = await parts.declarations.change(
            _RESOURCE, asked.namespace, asked.name, asked.uid, lambda _: {"encrypted": True}
        )
        return replace(found, declared=declared_of(_RESOURCE, raw))

    async def _items(
        self, caller: Caller, organization: str, records: Sequence[Record], request_id: str, room: Place
    ) -> Sequence[Item]:
        """The records with their values, as far as the caller may read them and there is room for them."""
        # One that was set on another replica is stated before the status tells of it.
        names = [record.name for record in records if record.has_value or record.pending]
        readable = await self._parts.permissions.among(caller, REVEAL, _RESOURCE, organization, names)
        items: list[Item] = []
        for at in range(0, len(records), _AT_ONCE):
            some = records[at : at + _AT_ONCE]
            async with self._reads:
                values = await self._values([each for each in some if each.name in readable])
            for record in some:
                found = values.get(record.uid)
                value = found.value if found is not None and isinstance(found.value, EnvValue) else None
                if not room.takes(len(value.value) if value is not None else 0) and items:
                    return items
                if found is not None:
                    read = Asked(caller, READ_VALUE, _RESOURCE, organization, record.name, record.uid, request_id)
                    read.version = found.version.number
                    with noted(read, self._parts.metrics):
                        pass
                items.append(Item(record, value))
        return items

    async def _values(self, records: Sequence[Record]) -> dict[str, Stored]:
        """The values of secrets by the uid of their object; one that has none that could be told is not among them."""
        asked = [(record.entry, await self._parts.reader.known(record)) for record in records]
        found = zip(records, await self._parts.doors.reveal_all(asked), strict=True)
        return {record.uid: one for record, one in found if isinstance(one, Stored)}
