"""What slots refuse, over both forms: the field is named as that form spells it, and nothing of it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc
import pytest

from slotwarden.gateway.bodies import MAX_BODY
from slotwarden.gateway.published.slots_grpc import SERVICE
from tests.gateway.support import TIMEOUT
from tests.published.slots import PATH, Grpc, Rest, Slot, channel, git, registry
from tests.published.support import canary

if TYPE_CHECKING:
    from tests.published.support import Api, Json, User

CANARY: Final = canary()
SPELLED: Final = {"git_secret": "gitSecret", "registry_secret": "registrySecret", "server_address": "serverAddress"}
WIRES = pytest.mark.parametrize("form", [Rest, Grpc], ids=["rest", "grpc"])


def spelled(field: str, form: type) -> str:
    """A field of the proto, as a form names it."""
    return ".".join(SPELLED.get(part, part) if form is Rest else part for part in field.split("."))


@WIRES
@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("", git(CANARY), "name"),
        (f"{CANARY}.b", git(CANARY), "name"),
        ("x" * 65, git(CANARY), "name"),
        ("ä", git(CANARY), "name"),
        ("a/b", git(CANARY), "name"),
        ("s", {}, "value"),
        ("s", git(""), "value.git_secret.token"),
        ("s", git(f"{CANARY}\n"), "value.git_secret.token"),
        ("s", git(f"{CANARY}\0"), "value.git_secret.token"),
        ("s", git(CANARY, username=""), "value.git_secret.username"),
        ("s", git(CANARY, username=f"{CANARY}:x"), "value.git_secret.username"),
        ("s", git(CANARY, username="u" * 1025), "value.git_secret.username"),
        ("s", registry(""), "value.registry_secret.password"),
        ("s", registry(CANARY * 20_000), "value.registry_secret.password"),
        ("s", registry(CANARY, username=""), "value.registry_secret.username"),
        ("s", registry(CANARY, username="u" * 1025), "value.registry_secret.username"),
        ("s", registry(CANARY, server=f"ghcr.io/{CANARY}"), "value.registry_secret.server_address"),
    ],
    ids=range(17),
)
def test_fields_that_are_wrong(owner: User, form: type, name: str, value: Json, field: str) -> None:
    outcome = form(owner).call("CreateSecret", {"name": name, "value": value})
    assert outcome.code == "INVALID_ARGUMENT"
    assert f"{spelled(field, form)}: " in outcome.message
    assert CANARY not in str(outcome)


@WIRES
@pytest.mark.parametrize("method", ["GetSecret", "DeleteSecret"])
@pytest.mark.parametrize("name", ["a.b", "x" * 65, "a%20b"])
def test_names_that_are_none(owner: User, form: type, method: str, name: str) -> None:
    outcome = form(owner).call(method, {"name": name})
    assert outcome.said == (
        "INVALID_ARGUMENT",
        "the request is invalid: name: is not 1 to 64 letters, digits, '-' and '_'",
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "name: is required"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "not a JSON object"),
        ({"name": "s"}, "value: is required"),
        ({"name": "s", "value": {}}, "value: needs exactly one of gitSecret and registrySecret"),
        ({"name": "s", "value": {"gitSecret": None}}, "value: needs exactly one of"),
        ({"name": "s", "value": {**git(CANARY), **registry(CANARY)}}, "value: needs exactly one of"),
        ({"name": "s", "value": {**git(CANARY), "git_secret": {"token": CANARY}}}, "value has a member"),
        (b'{"name": "s", "value": {"gitSecret": {}, "gitSecret": {"username": "u", "token": "t"}}}', "a member twice"),
        ({"name": "s", "value": git(CANARY), CANARY: 1}, "a member that"),
        ({"name": "s", "value": {**git(CANARY), CANARY: 1}}, "value has a member"),
        ({"name": "s", "value": {"gitSecret": {"user": CANARY, "token": CANARY}}}, "value.gitSecret has a member"),
        ({"name": 5, "value": git(CANARY)}, "name: is not a string"),
        ({"name": "s", "value": CANARY}, "value: is not a JSON object"),
        ({"name": "s", "value": {"gitSecret": {"username": "u", "token": 5}}}, "value.gitSecret.token: "),
        ({"name": "s", "value": {"gitSecret": {"username": [CANARY], "token": "t"}}}, "value.gitSecret.username: "),
    ],
    ids=range(17),
)
def test_json_that_is_no_message(owner: User, body: Any, words: str) -> None:
    answer = owner.ask("POST", PATH, body)
    assert answer.code == 400
    assert answer.body["code"] == 3
    assert words in answer.body["message"]
    assert CANARY.encode() not in answer.raw


def test_members_as_the_proto_spells_them(api: Api, owner: User) -> None:
    slot, value = Slot.new(api), canary()
    login = {"username": "acme-bot", "password": value, "server_address": "ghcr.io"}
    answer = owner.ask("POST", PATH, {"name": slot.name, "value": {"registry_secret": login}})
    assert answer.code == 200, answer
    assert slot.get(Rest(owner)).ok()["value"] == registry(value)


def test_a_body_that_is_too_long(owner: User) -> None:
    answer = owner.ask("POST", PATH, {"name": "s", "value": git("x" * MAX_BODY)})
    assert (answer.code, answer.body["code"]) == (413, 8)
    outcome = Grpc(owner).call("CreateSecret", {"name": "s", "value": git("x" * MAX_BODY)})
    assert outcome.code == "RESOURCE_EXHAUSTED"


def test_a_body_of_another_type(owner: User) -> None:
    answer = owner.ask("POST", PATH, b"name=s", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.code, answer.body["code"]) == (415, 3)


def test_a_method_that_a_path_does_not_have(owner: User) -> None:
    answer = owner.ask("PUT", f"{PATH}/s", {})
    assert (answer.code, answer.body["code"]) == (405, 12)
    assert answer.body["message"] == "the server does not allow this method on the requested resource"


def test_a_path_that_is_none(owner: User) -> None:
    answer = owner.ask("GET", "/v1/ignite/other")
    assert (answer.code, set(answer.body), answer.body["code"]) == (404, {"code", "message", "details"}, 5)


def raw(user: User, method: str, message: bytes, **metadata: str) -> grpc.RpcError:
    """How a call with these bytes ends."""
    with channel(user.api) as made:
        call = made.unary_unary(f"/{SERVICE}/{method}")
        sent = [(name.replace("_", "-"), value) for name, value in metadata.items()]
        with pytest.raises(grpc.RpcError) as caught:
            call(message, metadata=sent, timeout=TIMEOUT)
        return caught.value


def test_bytes_that_are_no_message(owner: User) -> None:
    error: Any = raw(owner, "CreateSecret", b"\xff" + CANARY.encode(), authorization=f"Bearer {owner.token}")
    assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "the message cannot be read")


def test_a_call_that_is_none(owner: User) -> None:
    error: Any = raw(owner, "Reveal", b"", authorization=f"Bearer {owner.token}")
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("sent", [{}, {"authorization": f"Bearer {CANARY}"}, {"authorization": "Basic eDp5"}])
def test_nobody_is_let_in_without_a_token(owner: User, sent: dict[str, str]) -> None:
    error: Any = raw(owner, "ListSecrets", b"", **sent)
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAUTHENTICATED, "Unauthorized")
    answer = owner.ask("GET", PATH, headers={"Authorization": sent.get("authorization", "")})
    assert (answer.code, answer.body) == (401, {"code": 16, "message": "Unauthorized", "details": []})


@WIRES
def test_an_organization_that_is_no_name(owner: User, form: type) -> None:
    outcome = form(owner).call("ListSecrets", {}, x_slotwarden_organization="Not A Name")
    assert outcome.said == ("INVALID_ARGUMENT", "X-Slotwarden-Organization: is not the name of a namespace")
