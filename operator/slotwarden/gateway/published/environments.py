"""Secrets of a project's environments: declared by one permission, given their value by another, never read here.

A secret is an EnvSecret, known by its key whatever its name is. What is read comes from the catalog; what is to be
written is looked for live, because another replica may have made or removed it a moment ago.
"""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from slotwarden.domain.credentials import InvalidValue
from slotwarden.domain.names import env_object_name
from slotwarden.gateway.catalog.record import record_of
from slotwarden.gateway.declarations import Exists
from slotwarden.gateway.identity.permissions import DECLARE, LIST, READ, Unseen
from slotwarden.gateway.intent import intent
from slotwarden.gateway.journal import Asked, noted
from slotwarden.gateway.published import asking
from slotwarden.gateway.published.acts import DECLARED, DESCRIBED, REMOVED, SET_VALUE
from slotwarden.gateway.refusals import Cause, Refusal, conflict, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from slotwarden.cluster.client import Json
    from slotwarden.domain.entries import EnvRef
    from slotwarden.gateway.aggregated.group import Resource
    from slotwarden.gateway.catalog.record import Record
    from slotwarden.gateway.identity.caller import Caller
    from slotwarden.gateway.journal import Act
    from slotwarden.gateway.published.parts import Parts
    from slotwarden.sensitive import Sensitive

_RESOURCE: Final[Resource] = "envsecrets"


class Environments:
    """What can be done with the secrets of an environment. Methods raise `Refusal`s, and what says who is away."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def secrets(self, caller: Caller, organization: str, project: str, environment: str) -> Sequence[Record]:
        """All secrets of an environment, by name."""
        await self._parts.permissions.admit(caller, LIST, _RESOURCE, organization)
        found = self._parts.catalog.environment(organization, project, environment)
        return [record for record in found if not record.deleting]

    async def get(self, caller: Caller, ref: EnvRef) -> Record:
        """A secret."""
        try:
            await self._parts.permissions.admit_to(caller, READ, _RESOURCE, ref.organization, self._name(ref))
        except Unseen:
            raise none() from None
        return self._known(ref)

    async def create(self, caller: Caller, ref: EnvRef, description: str, request_id: str) -> Record:
        """Declare a secret; 409 where it is declared already."""
        name = env_object_name(ref)
        asked = Asked(caller, DECLARED, _RESOURCE, ref.organization, name, request_id=request_id)
        with noted(asked, self._parts.metrics):
            await self._parts.permissions.admit(caller, DECLARE, _RESOURCE, ref.organization, name)
            try:
                raw = await self._make(ref, {"description": description} if description else {})
            except Exists as error:
                going = error.raw["metadata"].get("deletionTimestamp")
                raise conflict("the secret is being deleted" if going else "there is a secret of this name") from None
            asked.uid = raw["metadata"]["uid"]
            return record_of(raw)

    async def describe(self, caller: Caller, ref: EnvRef, description: str | None, request_id: str) -> Record:
        """Change what a secret is said to be for; an empty text removes that, None leaves it as it is."""

        def decide(raw: Json) -> Mapping[str, object] | None:
            if description is None or description == (raw["spec"].get("description") or ""):
                return None
            return {"description": description or None}

        with self._noted(caller, DESCRIBED, ref, request_id) as asked:
            await self._held(asked, ref)
            await self._parts.declarations.change(_RESOURCE, ref.organization, asked.name, asked.uid, decide)
            return self._known(ref)

    async def delete(self, caller: Caller, ref: EnvRef, request_id: str) -> None:
        """Remove a secret, and its value with it."""
        with self._noted(caller, REMOVED, ref, request_id) as asked:
            await self._held(asked, ref)
            await self._parts.declarations.remove(_RESOURCE, ref.organization, asked.name, asked.uid)

    async def set_value(self, caller: Caller, ref: EnvRef, value: Sensitive, request_id: str) -> Record:
        """Set the value of a secret."""
        with self._noted(caller, SET_VALUE, ref, request_id) as asked:
            await self._admit(asked)
            found = await self._parts.reader.key_to_set(ref)
            if found is None:
                raise none()
            metadata = found.declared.metadata
            await asking.go_on_with(asked, metadata.name, metadata.uid, self._admit)
            try:
                made = found.declared.value(value)
            except InvalidValue as error:
                raise invalid(Cause(error.field, error.why)) from None
            state = intent(
                self._parts.objects, _RESOURCE, found.declared, request_id, self._parts.now(), self._parts.catalog.took
            )
            result = await self._parts.doors.set(ref, found.owner, made, state, adopt=found.declared.adopts_value)
            asked.version = result.version.number
            self._parts.catalog.stored(_RESOURCE, ref.organization, asked.name, asked.uid, result.version)
            return self._known(ref)

    async def _make(self, ref: EnvRef, spec: Mapping[str, str]) -> Json:
        known = self._parts.catalog.env(ref)
        if known is not None and known.name != env_object_name(ref):
            # There is one of another name, so ours need not be made first to find that out.
            held = await self._parts.declarations.holder(ref)
            if held is not None:
                raise Exists(held)
        return await self._parts.declarations.make_env(ref, spec)

    @contextmanager
    def _noted(self, caller: Caller, act: Act, ref: EnvRef, request_id: str) -> Iterator[Asked]:
        """Note what is asked for, and tell of an object that the caller may not know of, or that went, as of none."""
        asked = Asked(caller, act, _RESOURCE, ref.organization, self._name(ref), request_id=request_id)
        try:
            with noted(asked, self._parts.metrics):
                yield asked
        except Unseen:
            raise none() from None
        except Refusal as refused:
            raise (none() if refused.code == HTTPStatus.NOT_FOUND else refused) from None

    async def _held(self, asked: Asked, ref: EnvRef) -> None:
        """Find the object of a secret as it is now, for one who may do what they ask for to it."""
        await self._admit(asked)
        held = await self._parts.declarations.holder(ref)
        if held is None:
            raise none()
        await asking.go_on_with(asked, held["metadata"]["name"], held["metadata"]["uid"], self._admit)

    async def _admit(self, asked: Asked) -> None:
        permission = asked.act.permission
        await self._parts.permissions.admit_to(asked.caller, permission, _RESOURCE, asked.namespace, asked.name)
        # What could not be told of afterwards is not begun.
        self._parts.catalog.check(asked.namespace)

    def _name(self, ref: EnvRef) -> str:
        return asking.likely_name(self._parts.catalog, ref)

    def _known(self, ref: EnvRef) -> Record:
        known = self._parts.catalog.env(ref)
        if known is None or known.deleting:
            raise none()
        return known


def none() -> Refusal:
    """There is no such secret; said too of one that the caller may not know of."""
    return Refusal(HTTPStatus.NOT_FOUND, "there is no such secret")
