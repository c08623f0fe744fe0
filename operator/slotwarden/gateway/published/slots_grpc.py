"""The gRPC form of slots: `dodil.ignite.v1.SecretService`, over the same service as their REST form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from slotwarden.gateway.published import slots_values
from slotwarden.gateway.published.pb import secret_service_pb2 as pb
from slotwarden.gateway.published.pb.secret_service_pb2_grpc import (
    SecretServiceServicer,
    add_SecretServiceServicer_to_server,
)
from slotwarden.gateway.rpc.guard import CALL
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    import grpc

    from slotwarden.domain.credentials import Credential
    from slotwarden.domain.entries import SlotRef
    from slotwarden.gateway.catalog.record import Record
    from slotwarden.gateway.published.slots import Slots

SERVICE: Final = pb.DESCRIPTOR.services_by_name["SecretService"].full_name
ROUTES: Final = {
    f"/{SERVICE}/CreateSecret": "slots.create",
    f"/{SERVICE}/GetSecret": "slots.get",
    f"/{SERVICE}/ListSecrets": "slots.list",
    f"/{SERVICE}/DeleteSecret": "slots.delete",
}
"""The calls, by the names that metrics have for them and for their REST form."""


class SlotsGrpc(SecretServiceServicer):
    """The calls. They have passed the guard when they come here."""

    def __init__(self, service: Slots) -> None:
        self._service = service

    def add(self, server: grpc.aio.Server) -> None:
        """Have a server serve this."""
        add_SecretServiceServicer_to_server(self, server)

    async def CreateSecret(self, request: pb.CreateSecretRequest, _context: object) -> pb.CreateSecretResponse:  # noqa: N802
        """See the proto; so for all calls."""
        call = CALL.get()
        ref = slots_values.slot(call.organization, request.name)
        made = await self._service.create(call.caller, ref, _login(request.value), call.request_id)
        return pb.CreateSecretResponse(metadata=_metadata(made))

    async def GetSecret(self, request: pb.GetSecretRequest, _context: object) -> pb.GetSecretResponse:  # noqa: N802
        """See the proto."""
        call = CALL.get()
        ref = slots_values.slot(call.organization, request.name)
        record, credential = await self._service.get(call.caller, ref, call.request_id)
        return pb.GetSecretResponse(name=ref.slot, value=_value(credential), metadata=_metadata(record))

    async def ListSecrets(self, _request: pb.ListSecretsRequest, _context: object) -> pb.ListSecretsResponse:  # noqa: N802
        """See the proto."""
        call = CALL.get()
        found = await self._service.slots(call.caller, call.organization)
        return pb.ListSecretsResponse(secrets=map(_metadata, found))

    async def DeleteSecret(self, request: pb.DeleteSecretRequest, _context: object) -> pb.DeleteSecretResponse:  # noqa: N802
        """See the proto."""
        call = CALL.get()
        ref = slots_values.slot(call.organization, request.name)
        return pb.DeleteSecretResponse(deleted=await self._service.delete(call.caller, ref, call.request_id))


def _login(value: pb.SecretValue) -> Credential:
    match value.WhichOneof("value"):
        case "git_secret":
            git = value.git_secret
            return slots_values.git(git.username, Sensitive.of_text(git.token), str)
        case "registry_secret":
            registry = value.registry_secret
            password = Sensitive.of_text(registry.password)
            return slots_values.registry(registry.username, password, registry.server_address, str)
        case None:
            raise slots_values.wrong("value", "needs exactly one of git_secret and registry_secret")


def _value(credential: Credential) -> pb.SecretValue:
    member, fields = slots_values.told(credential)
    if member == slots_values.GIT:
        return pb.SecretValue(git_secret=pb.GitSecret(**fields))
    return pb.SecretValue(registry_secret=pb.RegistrySecret(**fields))


def _metadata(record: Record) -> pb.SecretMetadata:
    return pb.SecretMetadata(
        name=cast("SlotRef", record.entry).slot,
        type=slots_values.TYPES[record.type or ""],
        created_at_ms=slots_values.milliseconds(record.created),
        updated_at_ms=slots_values.milliseconds(record.updated),
    )
