"""What is no message, or no good metadata, over gRPC: an answer, never a failure, and nothing of it told or logged."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.gateway.bodies import MAX_BODY
from slotwarden.gateway.published.pb import secret_service_pb2 as pb
from slotwarden.gateway.published.slots_grpc import SERVICE
from tests.gateway.support import TIMEOUT
from tests.published.slots import channel
from tests.published.wire import Fuzz
from tests.support.mutants import mutated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from tests.published.support import User

EXAMPLES: Final = 100
BROKEN: Final = frozenset({"INTERNAL", "UNKNOWN", "UNAVAILABLE", "DEADLINE_EXCEEDED", "DATA_LOSS", "ABORTED"})


@pytest.fixture
def fuzz(owner: User) -> Fuzz:
    return Fuzz(owner)


@pytest.fixture
def connection(owner: User) -> Iterator[grpc.Channel]:
    with channel(owner.api) as made:
        yield made


def messages(method: str, mark: str) -> list[Message]:
    """Messages that are right or nearly so."""
    if method != "CreateSecret":
        made = getattr(pb, f"{method}Request")
        return [made()] if method == "ListSecrets" else [made(name="there"), made(name=mark), made(name="x" * 3000)]
    git = pb.GitSecret(username="bot", token=mark)
    login = pb.RegistrySecret(username="bot", password=mark, server_address="ghcr.io")
    return [
        pb.CreateSecretRequest(name="a", value=pb.SecretValue(git_secret=git)),
        pb.CreateSecretRequest(name="b", value=pb.SecretValue(registry_secret=login)),
        pb.CreateSecretRequest(name=mark, value=pb.SecretValue(git_secret=pb.GitSecret(username=mark))),
    ]


def called(fuzz: Fuzz, connection: grpc.Channel, method: str, raw: bytes, *more: tuple[str, Any]) -> str:
    """Send a message of any bytes; the code of the answer, which tells nothing of it."""
    metadata = (("authorization", f"Bearer {fuzz.user.token}"), *more)
    call: Any = connection.unary_unary(method)
    try:
        answer, done = call.with_call(raw, metadata=metadata, timeout=TIMEOUT)
    except grpc.RpcError as error:
        told: Any = error
        code, text = told.code().name, f"{told.details()}{told.initial_metadata()}{told.trailing_metadata()}"
    else:
        code, text = "OK", f"{answer!r}{done.initial_metadata()}{done.trailing_metadata()}"
    fuzz.told_nothing(text)
    assert code not in BROKEN, (code, text)
    return code


@pytest.mark.parametrize("method", ["CreateSecret", "GetSecret", "ListSecrets", "DeleteSecret"])
def test_a_message_that_is_none(fuzz: Fuzz, connection: grpc.Channel, method: str) -> None:
    right = [each.SerializeToString() for each in messages(method, fuzz.mark)]
    mark = fuzz.mark.encode()
    sent = st.one_of(
        st.sampled_from([*right, right[0] * 2, b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + mark, b"\x0b" * 5000]),
        st.sampled_from(right).flatmap(mutated),
        st.binary(max_size=64).map(mark.__add__),
    )

    @given(sent)
    def answers(raw: bytes) -> None:
        called(fuzz, connection, f"/{SERVICE}/{method}", raw)

    fuzz.run(answers, EXAMPLES)


def test_metadata_that_is_none(fuzz: Fuzz, connection: grpc.Channel) -> None:
    names = ["authorization", "x-slotwarden-organization", "x-request-id", "content-type", "grpc-timeout", "cookie"]
    plain = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
    texts = st.one_of(plain, plain.map(fuzz.mark.__add__), st.sampled_from([fuzz.mark, "", "x" * 3000, "acme", ".."]))

    @given(
        st.lists(
            st.tuples(st.sampled_from(names), texts)
            | st.tuples(st.just("x-request-id-bin"), st.binary(max_size=20).map(fuzz.mark.encode().__add__)),
            max_size=3,
        )
    )
    def answers(more: list[tuple[str, str | bytes]]) -> None:
        called(fuzz, connection, f"/{SERVICE}/ListSecrets", b"", *more)

    fuzz.run(answers, EXAMPLES)


@pytest.mark.parametrize(
    ("method", "right"),
    [
        ("grpc.health.v1.Health/Check", health_pb2.HealthCheckRequest(service=SERVICE)),
        (
            "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE),
        ),
    ],
    ids=["health", "reflection"],
)
def test_a_message_that_is_none_for_a_service_of_everybody(
    fuzz: Fuzz, connection: grpc.Channel, method: str, right: Message
) -> None:
    marked = right.SerializeToString().replace(SERVICE.encode(), (fuzz.mark * 10)[: len(SERVICE)].encode())

    @given(mutated(right.SerializeToString()) | mutated(marked) | st.just(marked))
    def answers(raw: bytes) -> None:
        call: Any = connection.stream_stream(f"/{method}")(iter([raw]), timeout=TIMEOUT)
        with contextlib.suppress(grpc.RpcError):
            list(call)
        assert call.code().name not in BROKEN, call

    fuzz.run(answers, EXAMPLES)


def test_a_message_that_is_too_long(fuzz: Fuzz, connection: grpc.Channel) -> None:
    raw = pb.CreateSecretRequest(name=fuzz.mark * (MAX_BODY // len(fuzz.mark) + 1)).SerializeToString()
    assert called(fuzz, connection, f"/{SERVICE}/CreateSecret", raw) == "RESOURCE_EXHAUSTED"


def test_a_call_that_there_is_not(fuzz: Fuzz, connection: grpc.Channel) -> None:
    for method in (f"/{SERVICE}/{fuzz.mark}", f"/{fuzz.mark}/GetSecret", f"/{SERVICE}/getsecret", "/"):
        assert called(fuzz, connection, method, fuzz.mark.encode()) == "UNIMPLEMENTED"
