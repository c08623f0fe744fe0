"""Slots as clients of both forms of their API see them, and as their objects are.

Both clients give and take the JSON of the messages, so that one test tries both.
"""

from __future__ import annotations

import http
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict

from slotwarden.domain.names import object_name
from slotwarden.gateway.published.pb import secret_service_pb2 as pb
from slotwarden.gateway.published.pb.secret_service_pb2_grpc import SecretServiceStub
from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import condition
from tests.gateway.support import TIMEOUT, authority
from tests.published.support import alike

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from testbed.gateway import Gateway
    from tests.published.support import Api, Json, User

RESOURCE: Final = "secretslots"
PATH: Final = "/v1/ignite/secrets"
ABSENT: Final = ("NOT_FOUND", "there is no such slot")
NUMBERS: Final = {code.value[0]: code.name for code in grpc.StatusCode}
HTTP: Final = {
    "OK": 200,
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "FAILED_PRECONDITION": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 413,
    "UNAVAILABLE": 503,
}


@dataclass(frozen=True)
class Outcome:
    """What came of a call: its code as gRPC names it, and the answer or what is said of the error.

    Attributes:
        raw: the bytes of an answer over REST.
    """

    code: str
    body: Json = field(default_factory=dict)
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""

    @property
    def compared(self) -> tuple[object, ...]:
        """All of it that two equal calls are answered alike."""
        return self.code, self.body, self.message, alike(self.headers), self.raw

    @property
    def said(self) -> tuple[str, str]:
        return self.code, self.message

    def ok(self) -> Json:
        """The answer of a call that was done."""
        assert self.code == "OK", self
        return self.body


class Wire(Protocol):
    """One form of the API, for one user."""

    def call(self, method: str, body: Json, **metadata: str) -> Outcome: ...


@dataclass(frozen=True)
class Rest:
    """The REST form."""

    user: User
    gateway: Gateway | None = None

    def call(self, method: str, body: Json, **metadata: str) -> Outcome:
        verb, tail, sent = {
            "CreateSecret": ("POST", "", body),
            "GetSecret": ("GET", f"/{body.get('name')}", None),
            "ListSecrets": ("GET", "", None),
            "DeleteSecret": ("DELETE", f"/{body.get('name')}", None),
        }[method]
        headers = {name.replace("_", "-"): value for name, value in metadata.items()}
        answer = self.user.ask(verb, PATH + tail, sent, gateway=self.gateway, headers=headers)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        if answer.code == http.HTTPStatus.OK:
            return Outcome("OK", answer.body, headers=answer.headers, raw=answer.raw)
        assert set(answer.body) == {"code", "message", "details"}
        code = NUMBERS[answer.body["code"]]
        assert HTTP.get(code) == answer.code, answer
        return Outcome(code, message=answer.body["message"], headers=answer.headers, raw=answer.raw)


@contextmanager
def channel(api: Api, gateway: Gateway | None = None) -> Iterator[grpc.Channel]:
    """A connection of its own."""
    ca = authority(api.kube, api.namespace).encode()
    target = f"localhost:{(gateway or api.gateway).grpc_port}"
    with grpc.secure_channel(target, grpc.ssl_channel_credentials(ca)) as made:
        yield made


@dataclass(frozen=True)
class Grpc:
    """The gRPC form."""

    user: User
    gateway: Gateway | None = None

    def call(self, method: str, body: Json, **metadata: str) -> Outcome:
        with channel(self.user.api, self.gateway) as made:
            return self.on(made, method, body, **metadata)

    def on(self, made: grpc.Channel, method: str, body: Json, **metadata: str) -> Outcome:
        """A call on a connection that is there."""
        request = ParseDict(body, getattr(pb, f"{method}Request")())
        sent = {"authorization": f"Bearer {self.user.token}", **metadata}
        headers = [(name.replace("_", "-"), value) for name, value in sent.items()]
        try:
            answer, done = getattr(SecretServiceStub(made), method).with_call(
                request, metadata=headers, timeout=TIMEOUT
            )
        except grpc.RpcError as error:
            told: Any = error
            back = {name: str(value) for name, value in (*told.initial_metadata(), *told.trailing_metadata())}
            return Outcome(told.code().name, message=told.details(), headers=back)
        back = {name: str(value) for name, value in done.initial_metadata()}
        return Outcome("OK", MessageToDict(answer, always_print_fields_with_no_presence=True), headers=back)


def git(token: str, username: str = "acme-bot") -> Json:
    """A value for git."""
    return {"gitSecret": {"username": username, "token": token}}


def registry(password: str, username: str = "acme-bot", server: str = "ghcr.io") -> Json:
    """A value for a registry."""
    return {"registrySecret": {"username": username, "password": password, "serverAddress": server}}


@dataclass(frozen=True)
class Slot:
    """A slot of a test's own, by its name in the API."""

    api: Api
    name: str

    @classmethod
    def new(cls, api: Api, form: str = "s{}") -> Slot:
        return cls(api, form.format(secrets.token_hex(4)))

    def create(self, wire: Wire, value: Json, **metadata: str) -> Outcome:
        return wire.call("CreateSecret", {"name": self.name, "value": value}, **metadata)

    def get(self, wire: Wire, **metadata: str) -> Outcome:
        return wire.call("GetSecret", {"name": self.name}, **metadata)

    def delete(self, wire: Wire, **metadata: str) -> Outcome:
        return wire.call("DeleteSecret", {"name": self.name}, **metadata)

    def listed(self, wire: Wire, **metadata: str) -> list[Json]:
        """How a list tells of the slot: once, or not at all."""
        found = wire.call("ListSecrets", {}, **metadata).ok()["secrets"]
        return [each for each in found if each["name"] == self.name]

    @property
    def object_name(self) -> str:
        return object_name(self.name)

    @property
    def entry(self) -> str:
        """Where the value is in Vault."""
        return f"{self.api.prefix}/{self.api.namespace}/slots/{self.name}"

    def manifest(self, spec: Json, **metadata: Any) -> Json:
        """A SecretSlot as a user writes it."""
        named = {} if self.object_name == self.name else {"slotName": self.name}
        head = {"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot"}
        return {**head, "metadata": {"name": self.object_name, **metadata}, "spec": {**named, **spec}}

    def by_hand(self, spec: Json, **metadata: Any) -> Json:
        """An object that somebody made without the API, once the gateway may know of it."""
        return self.api.kube.create(self.api.objects(RESOURCE), self.manifest(spec, **metadata))

    def object(self) -> Json:
        return self.api.kube.get(self.api.objects(RESOURCE, self.object_name))

    def told(self, reason: str) -> Json:
        """The object, once its Ready condition has that reason."""

        def check() -> Json:
            found = self.object()
            assert condition(found)["reason"] == reason, found.get("status")
            return found

        return eventually(check, message=f"{self.name} is {reason}")

    def secret(self) -> Json:
        """The Secret that is made of it."""
        return self.api.kube.get(core(self.api.namespace, "secrets", self.object_name))
