"""A stranger, what they ask of each published API, and the one secret that is there for each question."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import grpc

from bench.gateway.loading import LoadFailed
from bench.gateway.scene import NAMESPACE, secrets_path
from slotwarden.gateway.published.pb import secret_service_pb2, secret_service_pb2_grpc
from testbed.clients.kube import core
from testbed.gateway import user_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.gateway.scene import Scene

Answer = tuple[int | str, object]

THERE: Final = "000000"
"""What names end with that are there; `scene` gives those of the environment that is listed and of slots."""
_ELSEWHERE: Final = "elsewhere"
_STRANGER: Final = "stranger"
_INSTANCE: Final = "/v1/core_instances/0a1b2c3d-4e5f-4a6b-8c7d-0a1b2c3d4e5f/secrets"
_VALUE: Final = base64.b64encode(b"clock").decode()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a secret; `{}` stands for the end of its name.

    Attributes:
        code: of the answer; over gRPC its name.
        method: empty for gRPC, where `path` is the slot's name.
    """

    name: str
    code: int | str
    method: str
    path: str
    body: Mapping[str, Any] | None = None


_BY_API: Final = secrets_path("clock", "KEY_{}")
_BY_HAND: Final = secrets_path(name="KEY_{}")
_SLOT: Final = "/v1/ignite/secrets/slot-{}"
_REPO: Final = "/repos/id:clock/secrets/KEY_{}"
ASKED: Final = (
    Question("environments: read", 404, "GET", _BY_API),
    Question("environments: read, made by hand", 404, "GET", _BY_HAND),
    Question("environments: set", 404, "PUT", f"{_BY_API}/value", {"value": "clock"}),
    Question("environments: delete", 404, "DELETE", _BY_API),
    Question("core instances: create", 403, "POST", _INSTANCE, {"key": "KEY_{}", "value": _VALUE}),
    Question("repositories: set", 403, "PUT", _REPO, {"value": _VALUE}),
    Question("repositories: poll", 404, "GET", f"{_REPO}/operations/00000000-0000-4000-8000-000000000000"),
    Question("slots: read", 404, "GET", _SLOT),
    Question("slots: delete", 200, "DELETE", _SLOT),
    Question("slots over gRPC: read", "NOT_FOUND", "", "slot-{}"),
)


def made(scene: Scene) -> None:
    """Have the secrets that are there, beside those that `scene` has made. Raises LoadFailed."""
    with _https(scene, scene.token) as ask:
        steps: tuple[tuple[str, str, Mapping[str, str] | None], ...] = (
            ("POST", secrets_path("clock"), {"kind": "Secret", "name": f"KEY_{THERE}"}),
            ("PUT", f"{_BY_API.format(THERE)}/value", {"value": "clock"}),
            ("POST", _INSTANCE, {"key": f"KEY_{THERE}", "value": _VALUE}),
            ("PUT", _REPO.format(THERE), {"value": _VALUE}),
            ("GET", _BY_HAND.format(THERE), None),
            ("GET", _SLOT.format(THERE), None),
        )
        for method, path, body in steps:
            code, told = ask(method, path, body)
            if code not in (200, 201, 202):
                raise LoadFailed(f"{method} {path}: {code} {told!r}")


@contextlib.contextmanager
def asker(scene: Scene) -> Iterator[Callable[[Question, str], Answer]]:
    """Asks, as the stranger, on one connection for each protocol. Raises LoadFailed for another code."""
    kube = scene.stage.session.kube
    scene.stage.make_namespaces([_ELSEWHERE])
    kube.create(core(_ELSEWHERE, "serviceaccounts"), {"metadata": {"name": _STRANGER}})
    token = user_token(kube, _ELSEWHERE, _STRANGER, seconds=3600)
    with _https(scene, token) as rest, _grpc(scene, token) as call:

        def ask(question: Question, end: str) -> Answer:
            path = question.path.format(end)
            if question.method:
                body = question.body and {key: text.format(end) for key, text in question.body.items()}
                found = rest(question.method, path, body)
            else:
                found = call(path)
            if found[0] != question.code:
                raise LoadFailed(f"{question.name}: {found[0]}, not {question.code}")
            return found

        yield ask


@contextlib.contextmanager
def _https(scene: Scene, token: str) -> Iterator[Callable[[str, str, Mapping[str, Any] | None], Answer]]:
    server = scene.server(scene.gateway)
    context = ssl.create_default_context(cafile=str(scene.ca))
    connection = http.client.HTTPSConnection(urlsplit(server.url).netloc, context=context, timeout=30)
    head = {"Authorization": f"Bearer {token}", "X-Slotwarden-Organization": NAMESPACE, "X-Request-Id": "clock"}

    def ask(method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        more = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), head | more)
        answer = connection.getresponse()
        return answer.status, answer.read()

    with contextlib.closing(connection):
        yield ask


@contextlib.contextmanager
def _grpc(scene: Scene, token: str) -> Iterator[Callable[[str], Answer]]:
    server = scene.channel(scene.gateway)
    metadata = (
        ("authorization", f"Bearer {token}"),
        ("x-slotwarden-organization", NAMESPACE),
        ("x-request-id", "clock"),
    )
    with grpc.secure_channel(server.url, grpc.ssl_channel_credentials(scene.ca.read_bytes())) as channel:
        stub = secret_service_pb2_grpc.SecretServiceStub(channel)

        def ask(name: str) -> Answer:
            try:
                stub.GetSecret(secret_service_pb2.GetSecretRequest(name=name), metadata=metadata, timeout=30)
            except grpc.RpcError as error:
                return error.code().name, error.details()
            return "OK", None

        yield ask
