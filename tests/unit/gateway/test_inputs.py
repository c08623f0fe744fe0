"""A body and an object make a value, or it is said which field is wrong; never what stands in it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.domain.credentials import MAX_BYTES, GitCredential, RegistryCredential
from slotwarden.domain.envvalue import EnvValue
from slotwarden.gateway.aggregated.bodies import Value
from slotwarden.gateway.aggregated.inputs import value_of
from slotwarden.gateway.aggregated.status import status as told
from slotwarden.gateway.bodies import MAX_BODY, read
from slotwarden.gateway.refusals import Refusal
from slotwarden.sensitive import Sensitive
from tests.unit.gateway.objects import GIT, REGISTRY, env, slot

if TYPE_CHECKING:
    from slotwarden.domain.declared_env import DeclaredEnv
    from slotwarden.domain.declared_slot import DeclaredSlot

CANARY = "c4naryInAField"
SECRET = Sensitive.of_text(CANARY)


def body(**members: Any) -> Value:
    return read(Value, json.dumps(members).encode())


def test_a_value_of_each_kind() -> None:
    registry = RegistryCredential("bot", SECRET, "ghcr.io")
    assert value_of(slot(REGISTRY), body(username="bot", password=CANARY)) == registry
    assert value_of(slot(REGISTRY), body(username="bot", password=CANARY, serverAddress="ghcr.io")) == registry
    assert value_of(slot(GIT), body(token=CANARY)) == GitCredential("bot", SECRET, "https://github.com")
    assert value_of(slot(GIT), body(token=CANARY, username="bot", url="https://github.com/")) == GitCredential(
        "bot", SECRET, "https://github.com"
    )
    assert value_of(env(), body(value=CANARY)) == EnvValue(SECRET)
    assert value_of(env(), body(value="")) == EnvValue(Sensitive(b""))
    encoded = base64.b64encode(b"\xff\0").decode()
    assert value_of(env(), body(valueBase64=encoded)) == EnvValue(Sensitive(b"\xff\0"))


def test_docker_hub_has_many_names() -> None:
    hub = slot({"registry": {"username": "bot"}})
    for name in ("", "docker.io", "https://index.docker.io/v1/"):
        assert isinstance(value_of(hub, body(password=CANARY, serverAddress=name)), RegistryCredential)


@pytest.mark.parametrize(
    ("declared", "members", "field", "words"),
    [
        (slot(REGISTRY), {"username": "bot"}, "password", "is required"),
        (slot(REGISTRY), {"password": CANARY}, "username", "is empty"),
        (slot(REGISTRY), {"username": f"{CANARY}:", "password": "p"}, "username", "holds a colon"),
        (slot(REGISTRY), {"username": "bot", "password": f"{CANARY}\n"}, "password", "ends with a newline"),
        (slot(REGISTRY), {"username": "bot", "password": ""}, "password", "is empty"),
        (slot(REGISTRY), {"username": "bot", "token": CANARY}, "token", "has no place"),
        (slot(REGISTRY), {"username": "bot", "value": CANARY}, "value", "has no place"),
        (slot(REGISTRY), {"username": "b", "password": "p", "serverAddress": CANARY}, "serverAddress", "is not the"),
        (slot(REGISTRY), {"username": "b", "password": "p", "serverAddress": f"{CANARY}//"}, "serverAddress", "is not"),
        (slot(GIT), {"token": CANARY, "username": CANARY}, "username", "is not the one that the object declares"),
        (slot(GIT), {"token": "t", "url": f"https://{CANARY}.example"}, "url", "is not the one that the object"),
        (slot(GIT), {"token": "t", "url": CANARY}, "url", "is not the one that the object"),
        (slot(GIT), {"token": CANARY, "password": CANARY}, "password", "has no place"),
        (env(), {}, "value", "is required, or valueBase64"),
        (env(), {"value": CANARY, "valueBase64": ""}, "valueBase64", "is there beside value"),
        (env(), {"valueBase64": f"{CANARY}*"}, "valueBase64", "is not base64"),
        (env(), {"username": CANARY, "value": "v"}, "username", "has no place"),
    ],
)
def test_a_wrong_field_is_named_and_not_told(
    declared: DeclaredSlot | DeclaredEnv, members: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(Refusal) as caught:
        value_of(declared, body(**members))
    (cause,) = caught.value.causes
    assert (caught.value.code, cause.field) == (422, field)
    assert cause.message.startswith(words)
    assert CANARY not in json.dumps(told(caught.value))


@pytest.mark.parametrize(
    ("declared", "members"),
    [
        (slot(GIT), {"token": "x" * (MAX_BYTES + 1)}),
        (env(), {"value": "x" * (MAX_BYTES + 1)}),
        (env(), {"valueBase64": base64.b64encode(b"x" * (MAX_BYTES + 1)).decode()}),
    ],
)
def test_a_long_value_is_refused_by_its_field(declared: DeclaredSlot | DeclaredEnv, members: dict[str, str]) -> None:
    with pytest.raises(Refusal) as caught:
        value_of(declared, body(**members))
    assert caught.value.causes[0].message == "is longer than 512 KiB"
    # What a body may hold is more than what a value may, in base64 too.
    assert len(json.dumps(members)) < MAX_BODY
