"""The aggregated API: what is done with a value, asked for as a subresource of its object.

The order of the checks is fixed: who asks, whether there is such a path, whether they may, what they sent, and only
then whether there is such an object. So nobody learns of an object what RBAC does not let them do with it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from aiohttp import web

from slotwarden.gateway.aggregated import bodies, discovery, openapi, revealing
from slotwarden.gateway.aggregated.bodies import (
    Meta,
    Reveal,
    Rollback,
    Value,
    ValueVersion,
    ValueVersionList,
    VersionItem,
)
from slotwarden.gateway.aggregated.group import GROUP, REVEAL, ROLLBACK, ROOT, VALUE, VERSIONS
from slotwarden.gateway.aggregated.inputs import value_of
from slotwarden.gateway.answers import NEVER_KEPT, json_answer
from slotwarden.gateway.bodies import read
from slotwarden.gateway.content import content
from slotwarden.gateway.identity.caller import CALLER
from slotwarden.gateway.intent import intent
from slotwarden.gateway.journal import Asked, noted
from slotwarden.gateway.observing import ID
from slotwarden.gateway.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from slotwarden.cluster.objects import Objects
    from slotwarden.gateway.aggregated.bodies import State
    from slotwarden.gateway.aggregated.group import Resource, Subresource
    from slotwarden.gateway.identity.caller import Access
    from slotwarden.gateway.objects import Found, ObjectReader
    from slotwarden.telemetry.metrics import GatewayMetrics
    from slotwarden.values.doors import SetResult, ValueDoors
    from slotwarden.values.versions import VersionInfo

SECONDS: Final = 30.0
"""How long a request may take in all; kube-apiserver waits 60 s."""

_NAMESPACE: Final = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAME: Final = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
_PATH: Final = f"{ROOT}/namespaces/{{namespace:{_NAMESPACE}}}/{{resource:secretslots|envsecrets}}/{{name:{_NAME}}}/"


@dataclass(frozen=True, slots=True)
class Aggregated:
    """The handlers, over what they need.

    Args:
        access: what Kubernetes lets a caller do.
        reader: reads objects.
        objects: states intents.
        doors: sets and reads values.
        metrics: where requests are counted.
        now: the time, in UTC.
    """

    access: Access
    reader: ObjectReader
    objects: Objects
    doors: ValueDoors
    metrics: GatewayMetrics
    now: Callable[[], datetime]

    def routes(self) -> list[web.RouteDef]:
        """All paths. Requests have passed authentication when they come here."""
        handlers = {VALUE: self._set, REVEAL: self._reveal, VERSIONS: self._versions, ROLLBACK: self._rollback}
        documents = {**discovery.DOCUMENTS, **openapi.documents()}
        return [
            *(
                web.route(what.method, _PATH + what.name, self._handler(what, do), name=None)
                for what, do in handlers.items()
            ),
            *(web.get(path, _document(document)) for path, document in documents.items()),
        ]

    def _handler(
        self, what: Subresource, do: Callable[[web.Request, Asked], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            parts = request.match_info
            # The path lets no others through.
            resource = cast("Resource", parts["resource"])
            asked = Asked(request[CALLER], what.act, resource, parts["namespace"], parts["name"])
            asked.request_id = request[ID] if what.writes else ""
            with noted(asked, self.metrics):
                async with asyncio.timeout(SECONDS):
                    await self._admit(asked, what)
                    asked.dry_run = _dry_run(request) if what.writes else False
                    return await do(request, asked)

        return handle

    async def _admit(self, asked: Asked, what: Subresource) -> None:
        allowed = await self.access.may(
            asked.caller, what.act.permission, resource=asked.resource, namespace=asked.namespace, name=asked.name
        )
        if not allowed:
            raise Refusal(
                403,
                f'{asked.resource}.{GROUP} "{asked.name}" is forbidden: User "{asked.caller.username}" cannot '
                f'{what.verb} resource "{asked.resource}/{what.name}" in API group "{GROUP}" in the namespace '
                f'"{asked.namespace}"',
            )

    async def _set(self, request: web.Request, asked: Asked) -> web.Response:
        body = read(Value, await content(request))
        asked.request_id = body.request_id or asked.request_id
        found = await self._found(asked)
        result = await self.doors.set(
            found.declared.entry,
            found.owner,
            value_of(found.declared, body),
            self._intent(asked, found),
            adopt=found.declared.adopts_value,
            expected=body.expected_version,
            dry_run=asked.dry_run,
        )
        return _written(asked, found, result)

    async def _rollback(self, request: web.Request, asked: Asked) -> web.Response:
        body = read(Rollback, await content(request))
        asked.request_id = body.request_id or asked.request_id
        found = await self._found(asked)
        result = await self.doors.rollback(
            found.declared.entry,
            found.owner,
            body.version,
            self._intent(asked, found),
            fits=found.declared.mismatch,
            kept=found.declared.kept,
            dry_run=asked.dry_run,
        )
        return _written(asked, found, result)

    async def _reveal(self, request: web.Request, asked: Asked) -> web.Response:
        body = read(Reveal, await content(request))
        found = await self._found(asked)
        stored = await revealing.read(self.doors, found, body.version)
        asked.version = stored.version.number
        return json_answer(revealing.told(_metadata(asked), stored), code=201, headers=NEVER_KEPT)

    async def _versions(self, _request: web.Request, asked: Asked) -> web.Response:
        found = await self._found(asked)
        versions = await self.doors.versions(found.declared.entry, found.owner)
        items = tuple(map(_item, versions))
        listed = ValueVersionList(metadata=_metadata(asked), items=items)
        return json_answer(bodies.answer(listed), headers=NEVER_KEPT)

    async def _found(self, asked: Asked) -> Found:
        read = self.reader.read_to_set if asked.act.counts == "write" else self.reader.read
        found = await read(asked.resource, asked.namespace, asked.name)
        asked.uid = found.declared.metadata.uid
        return found

    def _intent(self, asked: Asked, found: Found) -> Callable[[int], Awaitable[None]]:
        return intent(self.objects, asked.resource, found.declared, asked.request_id, self.now())


def _written(asked: Asked, found: Found, result: SetResult) -> web.Response:
    asked.version = 0 if asked.dry_run else result.version.number
    written = ValueVersion(
        metadata=_metadata(asked),
        version=result.version.number,
        created_time=result.version.created_time or None,
        changed=result.changed,
        request_id=asked.request_id,
    )
    return json_answer(bodies.answer(written), code=201, headers=NEVER_KEPT)


def _metadata(asked: Asked) -> Meta:
    return Meta(namespace=asked.namespace, name=asked.name, uid=asked.uid)


def _dry_run(request: web.Request) -> bool:
    given = request.query.getall("dryRun", [])
    if any(value != "All" for value in given):
        raise Refusal(400, "dryRun has no other value than All")
    return bool(given)


def _item(known: VersionInfo) -> VersionItem:
    state: State = "Current" if known.current else "Superseded"
    if known.gone:
        state = "Deleted" if known.gone == "deleted" else "Destroyed"
    return VersionItem(version=known.version.number, created_time=known.version.created_time, state=state)


def _document(document: Mapping[str, object]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(_request: web.Request) -> web.Response:
        return json_answer(document)

    return handle
