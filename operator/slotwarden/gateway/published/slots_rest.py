"""The REST form of slots: the JSON that proto3 has for the messages of the service, read strictly.

Members are in camelCase, or as the proto spells them; numbers of 64 bits are strings. Errors are google.rpc.Status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from aiohttp import web
from pydantic import AliasChoices, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from slotwarden.domain.address import SERVER
from slotwarden.domain.credentials import MAX_BYTES
from slotwarden.domain.names import SLOT_NAME
from slotwarden.gateway.answers import NEVER_KEPT, json_answer, text_answer, texts
from slotwarden.gateway.bodies import Part, read
from slotwarden.gateway.content import content
from slotwarden.gateway.identity.caller import CALLER
from slotwarden.gateway.observing import ID
from slotwarden.gateway.published import slots_values
from slotwarden.gateway.published.codes import number
from slotwarden.gateway.published.naming import organization_of
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from slotwarden.domain.credentials import Credential
    from slotwarden.domain.entries import SlotRef
    from slotwarden.gateway.catalog.record import Record
    from slotwarden.gateway.published.slots import Slots
    from slotwarden.gateway.refusals import Refusal

_SLOTS: Final = "/v1/ignite/secrets"
_SLOT: Final = f"{_SLOTS}/{{name}}"
_NOTHING: Final = Sensitive(b"")


def _either(name: str) -> AliasChoices:
    return AliasChoices(to_camel(name), name)


def _shown(**schema: object) -> WithJsonSchema:
    """How the document tells of a text: null is read as none at all, as proto3 JSON has it, and is nothing to send."""
    return WithJsonSchema({"type": "string", **schema})


_USER_NAME: Final = _shown(minLength=1, maxLength=slots_values.USER_NAME, pattern=r"^[^:\x00-\x1f\x7f]*$")
_TOKEN: Final = _shown(minLength=1, maxLength=MAX_BYTES, pattern=r"^[^\x00]*[^\x00\n]$")
# It may end with a newline, where it is a key file.
_PASSWORD: Final = _shown(minLength=1, maxLength=MAX_BYTES, pattern=r"^[^\x00]*$")


class GitSecret(Part):
    """A token for a git host."""

    model_config = ConfigDict(json_schema_extra={"required": ["username", "token"]})

    username: Annotated[str | None, _USER_NAME, Field(description="The user name at the git host.")] = None
    token: Annotated[
        Sensitive | None, _TOKEN, Field(description="A personal access token, or an application's password.")
    ] = None


class RegistrySecret(Part):
    """A login for a container registry."""

    model_config = ConfigDict(json_schema_extra={"required": ["username", "password"]})

    username: Annotated[str | None, _USER_NAME, Field(description="The login.")] = None
    password: Annotated[Sensitive | None, _PASSWORD, Field(description="A password or a token.")] = None
    server_address: Annotated[
        str | None,
        _shown(pattern=f"^((https?://)?{SERVER}(/(v[12]/?)?)?)?$"),
        Field(
            validation_alias=_either("server_address"),
            description="The registry's host in lower case; empty or absent: Docker Hub.",
        ),
    ] = None


def _not_null(schema: dict[str, Any]) -> None:
    schema |= schema.pop("anyOf")[0]


class SecretValue(Part):
    """Exactly one credential."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["gitSecret"]}, {"required": ["registrySecret"]}]}
    )

    git_secret: Annotated[
        GitSecret | None, Field(validation_alias=_either("git_secret"), json_schema_extra=_not_null)
    ] = None
    registry_secret: Annotated[
        RegistrySecret | None, Field(validation_alias=_either("registry_secret"), json_schema_extra=_not_null)
    ] = None


class CreateSecretRequest(Part):
    """Creates a slot, or overwrites the one of that name."""

    name: Annotated[str, Field(description="The slot's name.", json_schema_extra={"pattern": f"^{SLOT_NAME}$"})]
    value: SecretValue


class SlotsRest:
    """The handlers."""

    def __init__(self, service: Slots) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """All paths. Requests have passed authentication when they come here."""
        return [
            web.post(_SLOTS, self._create, name="slots.create"),
            web.get(_SLOTS, self._list, name="slots.list"),
            web.get(_SLOT, self._get, name="slots.get"),
            web.delete(_SLOT, self._delete, name="slots.delete"),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        named = organization_of(request)
        body = read(CreateSecretRequest, await content(request), code=400)
        ref = slots_values.slot(named, body.name)
        made = await self._service.create(request[CALLER], ref, _login(body.value), request[ID])
        return json_answer({"metadata": _metadata(made)}, headers=NEVER_KEPT)

    async def _list(self, request: web.Request) -> web.Response:
        found = await self._service.slots(request[CALLER], organization_of(request))
        return text_answer(f'{{"secrets": [{", ".join(map(_text, found))}]}}', headers=NEVER_KEPT)

    async def _get(self, request: web.Request) -> web.Response:
        ref = _ref(request)
        record, credential = await self._service.get(request[CALLER], ref, request[ID])
        member, fields = slots_values.told(credential)
        value = {to_camel(member): {to_camel(name): text for name, text in fields.items()}}
        return json_answer({"name": ref.slot, "value": value, "metadata": _metadata(record)}, headers=NEVER_KEPT)

    async def _delete(self, request: web.Request) -> web.Response:
        deleted = await self._service.delete(request[CALLER], _ref(request), request[ID])
        return json_answer({"deleted": deleted}, headers=NEVER_KEPT)


def error(_request: web.Request, refused: Refusal) -> dict[str, Any]:
    """The form of an error."""
    return {"code": number(refused), "message": refused.message, "details": []}


def _ref(request: web.Request) -> SlotRef:
    return slots_values.slot(organization_of(request), request.match_info["name"])


def _login(value: SecretValue) -> Credential:
    git, registry = value.git_secret, value.registry_secret
    if (git is None) == (registry is None):
        raise slots_values.wrong("value", "needs exactly one of gitSecret and registrySecret")
    if git is not None:
        return slots_values.git(git.username or "", git.token or _NOTHING, to_camel)
    part = cast("RegistrySecret", registry)
    return slots_values.registry(part.username or "", part.password or _NOTHING, part.server_address or "", to_camel)


def _metadata(record: Record) -> dict[str, str]:
    return {
        "name": cast("SlotRef", record.entry).slot,
        "type": slots_values.TYPES[record.type or ""],
        "createdAtMs": str(slots_values.milliseconds(record.created)),
        "updatedAtMs": str(slots_values.milliseconds(record.updated)),
    }


_text = texts(_metadata)
