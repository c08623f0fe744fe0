"""A body is read or refused, and what was in it is told to nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slotwarden.gateway.aggregated import bodies
from slotwarden.gateway.aggregated.bodies import BODIES, Reveal, Rollback, Value
from slotwarden.gateway.aggregated.status import status as told
from slotwarden.gateway.bodies import read
from slotwarden.gateway.refusals import Refusal
from slotwarden.sensitive import Sensitive

CANARY = "c4naryValueOfABody"
FIELDS = [field.alias or "" for field in Value.model_fields.values()]


def refused(raw: bytes, model: Any = Value) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(model, raw)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert CANARY not in json.dumps(told(caught.value))
    return caught.value


def test_a_value_is_kept_out_of_sight() -> None:
    body = read(Value, json.dumps({"kind": "Value", "username": "bot", "password": CANARY}).encode())
    assert (body.username, body.password) == ("bot", Sensitive.of_text(CANARY))
    assert CANARY not in repr(body)
    with pytest.raises(Exception, match="not to be serialised") as caught:
        body.model_dump_json()
    assert CANARY not in str(caught.value)


def test_nothing_at_all_asks_for_the_newest() -> None:
    assert read(Reveal, b"").version is None
    assert read(Reveal, b"{}").version is None
    assert read(Reveal, b'{"version": 3}').version == 3


@pytest.mark.parametrize("name", ["value_base64", "server_address", "request_id"])
def test_the_names_within_the_program_are_none_of_the_apis(name: str) -> None:
    assert refused(json.dumps({name: CANARY}).encode()).code == 400


@pytest.mark.parametrize(
    "body",
    [
        b'{"value": "c4naryValueOfABody", "value": "other"}',
        b'{"value": {"value": "c4naryValueOfABody"}, "value": "other"}',
        b'{"value": "other", "\\u0076alue": "other"}',
    ],
)
def test_a_member_that_stands_twice_is_refused(body: bytes) -> None:
    refusal = refused(body)
    assert (refusal.code, refusal.message) == (400, "the body has a member twice")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("wrong", [[CANARY], {"is": CANARY}, 1.5, True, {CANARY: 1}])
def test_a_field_of_another_type_is_named_and_not_told(field: str, wrong: object) -> None:
    refusal = refused(json.dumps({field: wrong}).encode())
    assert (refusal.code, refusal.reason) == (422, "Invalid")
    assert [cause.field for cause in refusal.causes] == [field]


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"kind": CANARY}, "kind", "is not Value"),
        ({"apiVersion": CANARY}, "apiVersion", "is not values.slotwarden.io/v1beta1"),
        ({"requestID": f"{CANARY} "}, "requestID", "is not 1 to 128 letters"),
        ({"requestID": ""}, "requestID", "is not 1 to 128 letters"),
        ({"requestID": "a" * 129}, "requestID", "is not 1 to 128 letters"),
        ({"requestID": "a\n"}, "requestID", "is not 1 to 128 letters"),
        ({"expectedVersion": -1}, "expectedVersion", "is too small"),
        ({"expectedVersion": "1"}, "expectedVersion", "is not a whole number"),
        ({"expectedVersion": 10**30}, "expectedVersion", "is too large"),
        ({"password": 7}, "password", "is not a string"),
    ],
)
def test_what_is_wrong_with_a_field_is_said(body: dict[str, object], field: str, words: str) -> None:
    (cause,) = refused(json.dumps(body).encode()).causes
    assert cause.field == field
    assert cause.message.startswith(words)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (CANARY.encode(), "the body is not JSON"),
        (f'{{"password": "{CANARY}'.encode(), "the body is not JSON"),
        (f"password: {CANARY}\n".encode(), "the body is not JSON"),
        (b'{"password": "\xff%s"}' % CANARY.encode(), "the body is not JSON"),
        (f'{{"password": "{CANARY}\\ud800"}}'.encode(), "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (json.dumps(CANARY).encode(), "the body is not a JSON object of kind Value"),
        (json.dumps([CANARY]).encode(), "the body is not a JSON object of kind Value"),
        (b"null", "the body is not a JSON object of kind Value"),
        (json.dumps({CANARY: 1}).encode(), "the body has a member that kind Value does not know; it knows apiVersion"),
        (json.dumps({"password": [CANARY], CANARY: 1}).encode(), "the body has a member"),
        (json.dumps({"metadata": {"name": CANARY}}).encode(), "the body has a member"),
    ],
)
def test_what_is_no_body_is_a_bad_request(raw: bytes, words: str) -> None:
    refusal = refused(raw)
    assert (refusal.code, refusal.reason) == (400, "BadRequest")
    assert refusal.message.startswith(words)


def test_a_rollback_says_to_which_version() -> None:
    (cause,) = refused(b"{}", Rollback).causes
    assert (cause.field, cause.message) == ("version", "is required")
    assert read(Rollback, b'{"version": 2, "requestID": "r-1"}').request_id == "r-1"


def test_only_one_kind_holds_a_value() -> None:
    assert set(bodies.FIELDS.values()) <= set(FIELDS)
    secret = {name for name, model in BODIES.items() for field in model.model_fields.values() if _holds(field)}
    assert secret == {"Value"}


def _holds(field: Any) -> bool:
    return "Sensitive" in str(field.annotation)
