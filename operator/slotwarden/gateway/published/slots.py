"""Slots by their names: one service behind both of their forms, REST and gRPC.

To create a slot and to overwrite it is one call, so what it needs to be allowed depends on what it finds: always to set
the value; to declare the object where there is none; to change what it declares where the credential is for elsewhere.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast

from slotwarden.beside import both
from slotwarden.cluster.errors import NotFound
from slotwarden.domain.names import object_name
from slotwarden.gateway.declarations import Exists, free
from slotwarden.gateway.identity.permissions import DECLARE, DESCRIBE, LIST, Unseen
from slotwarden.gateway.intent import intent
from slotwarden.gateway.journal import Asked, noted
from slotwarden.gateway.objects import declared_of, hindrance
from slotwarden.gateway.published import revealing, slots_specs
from slotwarden.gateway.published.acts import READ_VALUE, REMOVED, SET_VALUE
from slotwarden.gateway.refusals import Refusal
from slotwarden.values.ownership import Owner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from slotwarden.cluster.client import Json
    from slotwarden.domain.credentials import Credential
    from slotwarden.domain.declared_slot import DeclaredSlot
    from slotwarden.domain.entries import SlotRef
    from slotwarden.gateway.aggregated.group import Resource
    from slotwarden.gateway.catalog.record import Record
    from slotwarden.gateway.identity.caller import Caller
    from slotwarden.gateway.journal import Act
    from slotwarden.gateway.published.parts import Parts
    from slotwarden.values.doors import Look

_RESOURCE: Final[Resource] = "secretslots"


class Slots:
    """What can be done with slots. Methods raise `Refusal`s, and what says who is away."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def slots(self, caller: Caller, organization: str) -> Sequence[Record]:
        """All slots of an organization, by name."""
        await self._parts.permissions.admit(caller, LIST, _RESOURCE, organization)
        return [record for record in self._parts.catalog.slots(organization) if not record.deleting]

    async def create(self, caller: Caller, ref: SlotRef, login: Credential, request_id: str) -> Record:
        """Have a slot hold a credential, whether there is one of that name or not."""
        with self._noted(caller, SET_VALUE, ref, request_id) as asked:
            await self._parts.permissions.admit(caller, SET_VALUE.permission, _RESOURCE, asked.namespace, asked.name)
            (raw, look), (cluster, namespace_uid) = await self._object(asked, ref, login)
            declared = cast("DeclaredSlot", declared_of(_RESOURCE, raw))
            asked.uid = declared.metadata.uid
            hindrance(declared)
            if slots_specs.change(declared.manifest.spec, raw["spec"], login) is not None:
                await self._parts.permissions.admit(caller, DESCRIBE, _RESOURCE, asked.namespace, asked.name)
                free(raw)
            result = await self._parts.doors.set(
                ref,
                Owner(cluster, namespace_uid, asked.uid, declared.deletion_policy),
                slots_specs.for_url(declared.manifest.spec, login),
                self._intent(asked, declared, login),
                adopt=declared.adopts_value,
                begun=look,
            )
            asked.version = result.version.number
            self._parts.catalog.stored(_RESOURCE, asked.namespace, asked.name, asked.uid, result.version)
            return self._known(ref)

    async def get(self, caller: Caller, ref: SlotRef, request_id: str) -> tuple[Record, Credential]:
        """A slot with its credential."""
        with self._noted(caller, READ_VALUE, ref, request_id) as asked:
            await self._admit_to(asked)
            record = self._known(ref)
            asked.uid = record.uid
            stored = await revealing.newest(self._parts, record)
            asked.version = stored.version.number
            login = cast("Credential", stored.value)
            # As the Secrets that are made of it have it: a user name that was declared since goes before.
            return record, replace(login, username=record.username or login.username)

    async def delete(self, caller: Caller, ref: SlotRef, request_id: str) -> bool:
        """Remove a slot, and its value with it; False where there is none."""
        try:
            with self._noted(caller, REMOVED, ref, request_id) as asked:
                await self._admit_to(asked)
                # Live: another replica may have made it a moment ago.
                asked.uid = await self._parts.declarations.remove(_RESOURCE, asked.namespace, asked.name)
        except Refusal as refused:
            if refused.code == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    async def _object(
        self, asked: Asked, ref: SlotRef, login: Credential
    ) -> tuple[tuple[Json, Look | None], tuple[str, str]]:
        """The object, and what else tells whose the value is, which is looked at beside it."""
        declare = (asked.caller, DECLARE, _RESOURCE, asked.namespace, asked.name)
        # Who may not make one may overwrite one that another replica made a moment ago.
        known = self._parts.catalog.slot(ref) is not None or not await self._parts.permissions.may(*declare)
        try:
            # What is said of the object goes before: that it may not be made, say.
            return await both(self._found(asked, ref, login, known), self._parts.reader.place(asked.namespace))
        except NotFound:
            raise Refusal(HTTPStatus.NOT_FOUND, "there is no such organization") from None

    async def _found(self, asked: Asked, ref: SlotRef, login: Credential, known: bool) -> tuple[Json, Look | None]:
        """The object as it is, or a new one and a look at its entry.

        Args:
            known: whether it is most likely there, or has to be.
        """
        if known:
            # It may have gone a moment ago.
            with suppress(NotFound):
                return await self._parts.objects.get(_RESOURCE, asked.namespace, asked.name), None
        await self._parts.permissions.admit(asked.caller, DECLARE, _RESOURCE, asked.namespace, asked.name)
        spec, look = slots_specs.new(ref.slot, login), self._parts.doors.begin(ref)
        try:
            return await self._parts.declarations.make(_RESOURCE, asked.namespace, asked.name, spec), look
        except Exists as error:
            return error.raw, None

    def _intent(self, asked: Asked, seen: DeclaredSlot, login: Credential) -> Callable[[int], Awaitable[None]]:
        """State that a value is coming, and only then change for what it is: else the operator would tell of that."""
        parts = self._parts
        state = intent(parts.objects, _RESOURCE, seen, asked.request_id, parts.now(), parts.catalog.took)

        def decide(raw: Json) -> Mapping[str, object] | None:
            declared = cast("DeclaredSlot", declared_of(_RESOURCE, raw))
            hindrance(declared)
            return slots_specs.change(declared.manifest.spec, raw["spec"], login)

        async def prepare(version: int) -> None:
            await state(version)
            if slots_specs.change(seen.manifest.spec, {}, login) is not None:
                await parts.declarations.change(_RESOURCE, asked.namespace, asked.name, asked.uid, decide)

        return prepare

    @contextmanager
    def _noted(self, caller: Caller, act: Act, ref: SlotRef, request_id: str) -> Iterator[Asked]:
        """Note what is asked for, and tell of an object that the caller may not know of, or that went, as of none."""
        name = object_name(ref.slot)
        asked = Asked(caller, act, _RESOURCE, ref.organization, name, request_id=request_id)
        try:
            with noted(asked, self._parts.metrics):
                yield asked
        except Unseen:
            raise none() from None

    async def _admit_to(self, asked: Asked) -> None:
        permission = asked.act.permission
        await self._parts.permissions.admit_to(asked.caller, permission, _RESOURCE, asked.namespace, asked.name)

    def _known(self, ref: SlotRef) -> Record:
        known = self._parts.catalog.slot(ref)
        if known is None or known.deleting:
            raise none()
        return known


def none() -> Refusal:
    """There is no such slot; said too of one that the caller may not know of."""
    return Refusal(HTTPStatus.NOT_FOUND, "there is no such slot")
