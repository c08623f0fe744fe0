"""Secrets of repositories: set at once, projected soon, and an operation that tells how far it is.

A secret is an EnvSecret, made with its first value: a repository is a project, a group of its secrets an environment.
The operation is the request that stands in the object's status, which the operator answers there.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from slotwarden.beside import both
from slotwarden.cluster.errors import NotFound
from slotwarden.domain.names import env_object_name
from slotwarden.gateway.catalog.record import record_of
from slotwarden.gateway.declarations import Exists
from slotwarden.gateway.identity.permissions import DECLARE, READ, SET
from slotwarden.gateway.intent import intent
from slotwarden.gateway.journal import Act, Asked, noted
from slotwarden.gateway.objects import made_to_set
from slotwarden.gateway.published import asking
from slotwarden.gateway.published.operations import scheduled, standing
from slotwarden.gateway.refusals import Refusal, race
from slotwarden.resources.base import rfc3339

if TYPE_CHECKING:
    from slotwarden.domain.entries import EnvRef
    from slotwarden.domain.envvalue import EnvValue
    from slotwarden.gateway.aggregated.group import Resource
    from slotwarden.gateway.catalog.record import Record
    from slotwarden.gateway.identity.caller import Caller
    from slotwarden.gateway.objects import Found
    from slotwarden.gateway.published.operations import Standing
    from slotwarden.gateway.published.parts import Parts

_RESOURCE: Final[Resource] = "envsecrets"
_PUT: Final = Act("set a value", SET, "write", code=202)
_POLL: Final = Act("read an operation", READ)


class Repositories:
    """What can be done with the secrets of a repository. Methods raise `Refusal`s, and what says who is away."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def put(self, caller: Caller, ref: EnvRef, value: EnvValue, request_id: str) -> Standing:
        """Set the value of a secret, which is made where there is none; how the operation stands then."""
        parts = self._parts
        asked = self._asked(caller, _PUT, ref, request_id)
        with noted(asked, parts.metrics):
            await self._admit_to_set(asked)
            found = await self._found(asked, ref)
            metadata = found.declared.metadata
            await asking.go_on_with(asked, metadata.name, metadata.uid, self._admit_to_set)
            # A client may name its requests as it likes; an operation is told from all others.
            operation, now = str(uuid.uuid4()), parts.now()
            state = intent(parts.objects, _RESOURCE, found.declared, operation, now, parts.catalog.took)
            made = found.declared.value(value.value)
            adopt = found.declared.adopts_value
            result = await parts.doors.set(ref, found.owner, made, state, adopt=adopt, begun=found.look)
            asked.version = result.version.number
            parts.catalog.stored(_RESOURCE, ref.organization, metadata.name, metadata.uid, result.version)
        known = parts.catalog.env(ref)
        told = _standing(known, operation) if known is not None and known.uid == metadata.uid else None
        return told or scheduled(operation, rfc3339(now))

    async def operation(self, caller: Caller, ref: EnvRef, operation: str) -> Standing:
        """How an operation stands, for those who may read what is known of the secret or set it."""
        asked = self._asked(caller, _POLL, ref)
        await self._admit_to_poll(asked)
        known = self._parts.catalog.env(ref)
        told = _standing(known, operation) if known is not None else None
        if told is not None:
            return told
        # Another replica may have been asked for it a moment ago.
        raw = await self._parts.declarations.holder(ref)
        if raw is None:
            raise none()
        held = record_of(raw)
        await asking.go_on_with(asked, held.name, held.uid, self._admit_to_poll)
        told = _standing(held, operation)
        if told is None:
            raise none()
        return told

    async def _found(self, asked: Asked, ref: EnvRef) -> Found:
        """The object of a secret, made where there is none."""
        parts, name = self._parts, env_object_name(ref)
        declares = (asked.caller, DECLARE, _RESOURCE, ref.organization, name)
        if parts.catalog.env(ref) is None and await parts.permissions.may(*declares):
            # Most likely it is new: to make it tells as surely as a look whether it is.
            with suppress(Exists):
                return await self._made(ref)
        found = await parts.reader.key_to_set(ref)
        if found is not None:
            return found
        # One of another name was known, and has just gone.
        await asking.go_on_with(asked, name, "", self._admit_to_set)
        await parts.permissions.admit(*declares)
        try:
            return await self._made(ref)
        except Exists:
            raise race("others make this secret at the same moment") from None

    async def _made(self, ref: EnvRef) -> Found:
        parts, look = self._parts, self._parts.doors.begin(ref)
        try:
            raw, place = await both(parts.declarations.make_env(ref, {}), parts.reader.place(ref.organization))
        except NotFound:
            raise Refusal(HTTPStatus.NOT_FOUND, "there is no such organization") from None
        return made_to_set(raw, place, look)

    def _asked(self, caller: Caller, act: Act, ref: EnvRef, request_id: str = "") -> Asked:
        name = asking.likely_name(self._parts.catalog, ref)
        return Asked(caller, act, _RESOURCE, ref.organization, name, request_id=request_id)

    async def _admit_to_set(self, asked: Asked) -> None:
        await self._parts.permissions.admit(asked.caller, SET, _RESOURCE, asked.namespace, asked.name)

    async def _admit_to_poll(self, asked: Asked) -> None:
        for permission in (READ, SET):
            if await self._parts.permissions.may(asked.caller, permission, _RESOURCE, asked.namespace, asked.name):
                return
        raise none()


def _standing(record: Record, operation: str) -> Standing | None:
    return None if record.deleting else standing(record.pending, record.operations, operation)


def none() -> Refusal:
    """There is no such operation; said too of one that the caller may not know of."""
    return Refusal(
        HTTPStatus.NOT_FOUND,
        "there is no such operation: its secret was deleted, or has had too many since for this one to be remembered",
    )
