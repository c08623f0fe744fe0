"""Whatever is sent is read or refused: nothing else is raised, and nothing that was sent is told."""

from __future__ import annotations

import base64
import contextlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

import pytest
from aiohttp.test_utils import make_mocked_request
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotwarden.gateway.aggregated.api import _dry_run
from slotwarden.gateway.aggregated.bodies import Reveal, Rollback, Value
from slotwarden.gateway.aggregated.inputs import value_of
from slotwarden.gateway.aggregated.status import status
from slotwarden.gateway.bodies import Part, read
from slotwarden.gateway.identity import tokens
from slotwarden.gateway.identity.authentication import bearer
from slotwarden.gateway.identity.caller import CALLER, Caller
from slotwarden.gateway.identity.permissions import organization
from slotwarden.gateway.observing import is_request_id, request_id
from slotwarden.gateway.published import (
    coreinstances_rest,
    environments_rest,
    repositories_rest,
    slots_rest,
    slots_values,
)
from slotwarden.gateway.published.cursors import cursor, position
from slotwarden.gateway.published.pb import secret_service_pb2 as pb
from slotwarden.gateway.published.slots_grpc import SlotsGrpc
from slotwarden.gateway.refusals import Refusal
from slotwarden.gateway.rpc.guard import CALL, Call
from slotwarden.sensitive import Sensitive
from tests.support.mutants import bodies, mutated
from tests.unit.gateway.objects import GIT, REGISTRY, env, slot

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web
    from google.protobuf.message import Message

# No name can hold it.
MARK: Final = "c4nary$OfADecoder"
ENCODED: Final = base64.b64encode(MARK.encode()).decode()
BOT: Final = Caller("system:serviceaccount:acme:bot", "", (), {}, "token")
OBJECTS: Final = [slot(REGISTRY), slot(GIT), env()]
LOGIN: Final = {"username": "bot", "serverAddress": "ghcr.io"}
SENT: Final[dict[type[Part], list[dict[str, Any]]]] = {
    slots_rest.CreateSecretRequest: [
        {"name": "a", "value": {"gitSecret": {"username": "bot", "token": MARK}}},
        {"name": "a", "value": {"registrySecret": {**LOGIN, "password": MARK}}},
        {"name": MARK, "value": {"registry_secret": {"username": MARK, "password": MARK, "server_address": MARK}}},
    ],
    environments_rest.SecretCreate: [
        {"kind": "Secret", "name": "A", "description": MARK},
        {"kind": MARK, "name": MARK},
    ],
    environments_rest.SecretUpdate: [{"kind": "Secret", "name": "A", "description": MARK}],
    environments_rest.SecretValue: [{"value": MARK}],
    coreinstances_rest.CreateCoreInstanceSecret: [
        {"key": "A", "value": ENCODED, "encrypted": True},
        {"key": MARK, "value": MARK, "encrypted": MARK},
    ],
    repositories_rest.SecretPut: [{"value": ENCODED}, {"value": MARK}],
    Value: [
        {"apiVersion": "values.slotwarden.io/v1beta1", "kind": "Value", "value": MARK, "expectedVersion": 1},
        {**LOGIN, "password": MARK, "requestID": "r-1"},
        {"username": "bot", "token": MARK, "url": "https://github.com"},
        {"valueBase64": ENCODED, "requestID": MARK},
    ],
    Reveal: [{"kind": "Reveal", "version": 1}],
    Rollback: [{"kind": "Rollback", "version": 1, "requestID": MARK}],
}
FUZZED: Final = settings(deadline=None, suppress_health_check=list(HealthCheck))
TEXTS: Final = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["a", "A_b", "default", MARK, f"{MARK}\0", "x" * 300, "\ud800", "%00", "..", "\u0661", "a\n"]),
)


def refusal(do: Callable[[], object]) -> Refusal | None:
    """How something is refused; whatever else it raises is a failure."""
    try:
        do()
    except Refusal as caught:
        return caught
    return None


def fit(refused: Refusal | None, *codes: int) -> None:
    """Something was done, or refused with one of these, in words without the mark."""
    if refused is not None:
        assert refused.code in codes
        told = json.dumps(status(refused)) + str(refused)
        assert MARK not in told
        assert ENCODED not in told


def named(body: Part) -> object:
    """What a handler makes of a body."""
    match body:
        case slots_rest.CreateSecretRequest():
            return slots_values.slot("acme", body.name), slots_rest._login(body.value)
        case coreinstances_rest.CreateCoreInstanceSecret():
            return coreinstances_rest._value(body)
        case _:
            return body


@pytest.mark.parametrize("model", SENT, ids=lambda model: model.__name__)
@FUZZED
@given(data=st.data())
def test_a_body_is_read_or_refused(model: type[Part], data: st.DataObject) -> None:
    raw = data.draw(bodies(SENT[model], MARK))
    found: list[Part] = []
    refused = refusal(lambda: found.append(read(model, raw)))
    fit(refused, 400, 422)
    assert refused is None or (refused.__cause__, refused.__context__) == (None, None)
    for body in found:
        fit(refusal(lambda body=body: named(body)), 400, 422)
        if isinstance(body, Value):
            for declared in OBJECTS:
                fit(refusal(lambda body=body, declared=declared: value_of(declared, body)), 409, 422)


def asked(query: str, **parts: str) -> web.Request:
    request = make_mocked_request("GET", f"/?{query}", match_info=cast("Any", parts))
    request[CALLER] = BOT
    return request


@FUZZED
@given(
    parts=st.fixed_dictionaries(
        dict.fromkeys(("o", "p", "envName", "name", "coreInstanceID", "repo_id", "key"), TEXTS)
    ),
    query=st.lists(
        st.tuples(
            st.sampled_from(["last", "before", "secret_group", "dryRun"]),
            st.one_of(
                TEXTS.map(lambda text: quote(text, errors="replace")), st.sampled_from(["%", "%ff", "%u", "1", ""])
            ),
        ),
        max_size=3,
    ),
    given=st.none() | TEXTS,
)
def test_what_a_request_names_is_read_or_refused(
    parts: dict[str, str], query: list[tuple[str, str]], given: str | None
) -> None:
    fit(refusal(lambda: organization(BOT, given)), 400)
    request = asked("&".join(f"{name}={text}" for name, text in query), **parts)
    reads: list[Callable[[web.Request], object]] = [
        slots_rest._ref,
        environments_rest._ref,
        coreinstances_rest._instance,
        coreinstances_rest._last,
        coreinstances_rest._before,
        repositories_rest._ref,
        _dry_run,
    ]
    for each in reads:
        fit(refusal(lambda each=each: each(request)), 400, 422)


@FUZZED
@given(TEXTS)
def test_a_request_goes_by_a_name_that_can_be_one(text: str) -> None:
    assert is_request_id(request_id(text))


@FUZZED
@given(
    st.one_of(st.binary(max_size=200), mutated(b"eyJhbGciOiJub25lIn0.eyJleHAiOjF9.c2ln"), bodies([{"exp": 1}], MARK))
)
def test_the_end_that_a_token_claims_is_read_or_passed_over(raw: bytes) -> None:
    claims = base64.urlsafe_b64encode(raw).rstrip(b"=")
    for token in (raw, b".".join((b"e30", claims, b"c2ln"))):
        assert isinstance(tokens._end(Sensitive(token)), float | None)


@FUZZED
@given(st.lists(TEXTS.map("Bearer {}".format) | TEXTS, max_size=2))
def test_an_authorization_holds_a_token_or_none(given: list[str]) -> None:
    assert isinstance(bearer(given), Sensitive | None)


@FUZZED
@given(mutated(cursor((datetime(2026, 1, 1, tzinfo=UTC), "0f8fad5b-d9cb-469f-a165-70867728950e")).encode()))
def test_a_cursor_that_was_changed_is_a_position_or_none(raw: bytes) -> None:
    with contextlib.suppress(ValueError):
        moment, uid = position(raw.decode(errors="replace"))
        assert cursor((moment, uid))


class Reached(Exception):
    """The message could be read."""


class Nobody:
    """The service, which is only to be reached."""

    async def create(self, *_asked: object) -> object:
        raise Reached

    get = delete = slots = create


def reached(running: Any) -> None:
    with contextlib.suppress(Reached):
        running.send(None)


GIT_SECRET: Final = pb.GitSecret(username="bot", token=MARK)
LOGIN_SECRET: Final = pb.RegistrySecret(username="bot", password=MARK, server_address="ghcr.io")
MESSAGES: Final[dict[str, list[Message]]] = {
    "CreateSecret": [
        pb.CreateSecretRequest(name="a", value=pb.SecretValue(git_secret=GIT_SECRET)),
        pb.CreateSecretRequest(name="a", value=pb.SecretValue(registry_secret=LOGIN_SECRET)),
        pb.CreateSecretRequest(name=MARK),
    ],
    "GetSecret": [pb.GetSecretRequest(name="a"), pb.GetSecretRequest(name=MARK)],
    "ListSecrets": [pb.ListSecretsRequest()],
    "DeleteSecret": [pb.DeleteSecretRequest(name="a"), pb.DeleteSecretRequest(name=MARK)],
}


@pytest.mark.parametrize("method", MESSAGES)
@FUZZED
@given(data=st.data())
def test_a_message_is_read_or_refused(method: str, data: st.DataObject) -> None:
    right = data.draw(st.sampled_from(MESSAGES[method])).SerializeToString()
    raw = data.draw(st.one_of(st.just(right), mutated(right), st.binary(max_size=64)))
    message: list[Any] = []
    with contextlib.suppress(DecodeError):
        message.append(getattr(pb, f"{method}Request").FromString(raw))
    CALL.set(Call(BOT, "acme", "r-1"))
    for each in message:
        running = getattr(SlotsGrpc(cast("Any", Nobody())), method)(each, None)
        fit(refusal(lambda running=running: reached(running)), 400)
