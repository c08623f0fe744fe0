"""What the environments' API does not take: each code in its own form, the field named, and nothing told again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.published.environments import Shop
from tests.published.support import canary

if TYPE_CHECKING:
    from tests.published.support import Answer, Api, Json, User

MIB = 1024 * 1024
NEEDLE = "c4naryInABody"
KEY = "is not 1 to 253 letters, digits, '_', '-' and '.' that begin with a letter or '_'"
SEGMENT = "is not 1 to 64 letters, digits, '-' and '_' that begin and end with a letter or digit"


@pytest.fixture
def shop(api: Api) -> Shop:
    return Shop.new(api)


def refused(answer: Answer, code: int, word: str) -> str:
    """What is said; nothing of what was sent."""
    assert answer.code == code, answer
    assert set(answer.body) == {"error", "code"}
    assert answer.body["code"] == word
    assert NEEDLE not in answer.raw.decode()
    said: str = answer.body["error"]
    return said


@pytest.mark.parametrize("name", ["1ST", "a=b", "a b", "a/b", "-a", "", "ü", f"{NEEDLE}\n", "A" * 254])
def test_post_a_name_that_is_no_key_422(shop: Shop, owner: User, name: str) -> None:
    said = refused(shop.create(owner, name), 422, "Invalid")
    assert said == f"the request is invalid: name: {KEY}"
    assert shop.objects() == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "TOKEN"}, "kind: is required"),
        ({"kind": "Secret"}, "name: is required"),
        ({"kind": NEEDLE, "name": "TOKEN"}, "kind: is not Secret"),
        ({"kind": "Secret", "name": 1}, "name: is not a string"),
        ({"kind": "Secret", "name": None}, "name: is not a string"),
        ({"kind": "Secret", "name": "TOKEN", "description": 1}, "description: is not a string"),
        ({"kind": "Secret", "name": "TOKEN", "description": NEEDLE * 100}, "description: is too long"),
    ],
)
def test_post_wrong_fields_422(shop: Shop, owner: User, body: Json, said: str) -> None:
    answer = shop.ask(owner, "POST", body=body)
    assert refused(answer, 422, "Invalid") == f"the request is invalid: {said}"
    assert shop.objects() == []


def test_put_another_name_than_the_paths_422(shop: Shop, owner: User) -> None:
    made = shop.declared(owner, "TOKEN")
    answer = shop.ask(owner, "PUT", "TOKEN", body={"kind": "Secret", "name": "OTHER", "description": NEEDLE})
    assert refused(answer, 422, "Invalid").startswith("the request is invalid: name: is not the name in the path")
    assert shop.get(owner, "TOKEN").body == made


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "value: is required"),
        ({"value": None}, "value: "),
        ({"value": 1}, "value: "),
        ({"value": [NEEDLE]}, "value"),
    ],
)
def test_put_what_is_no_value_422(shop: Shop, owner: User, body: Json, said: str) -> None:
    shop.declared(owner, "TOKEN")
    answer = shop.ask(owner, "PUT", "TOKEN", "value", body)
    assert refused(answer, 422, "Invalid").startswith(f"the request is invalid: {said}")


def test_put_a_value_that_is_too_long_422(shop: Shop, owner: User) -> None:
    shop.declared(owner, "TOKEN")
    answer = shop.give(owner, "TOKEN", NEEDLE * (600 * 1024 // len(NEEDLE)))
    assert refused(answer, 422, "Invalid") == "the request is invalid: value: is longer than 512 KiB"
    assert shop.api.vault.metadata(shop.entry("TOKEN")) is None


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", ""),
        (b"{", "the body is not JSON"),
        (f'{{"value": "{NEEDLE}'.encode(), "the body is not JSON"),
        (b'{"value": "\\ud800"}', "the body is not JSON"),
        (b'{"value": "\xff"}', "the body is not JSON"),
        (f'["{NEEDLE}"]'.encode(), "the body is not a JSON object"),
        (f'"{NEEDLE}"'.encode(), "the body is not a JSON object"),
        (f'{{"value": "", "{NEEDLE}": 1}}'.encode(), "the body has a member that"),
        (f'{{"value": "", "Value": "{NEEDLE}"}}'.encode(), "the body has a member that"),
    ],
)
def test_put_what_is_no_json_or_has_unknown_members_400(shop: Shop, owner: User, raw: bytes, said: str) -> None:
    shop.declared(owner, "TOKEN")
    answer = shop.ask(owner, "PUT", "TOKEN", "value", raw)
    if raw:
        assert refused(answer, 400, "BadRequest").startswith(said)
    else:
        assert refused(answer, 422, "Invalid") == "the request is invalid: value: is required"
    assert shop.api.vault.metadata(shop.entry("TOKEN")) is None


def test_post_unknown_members_400(shop: Shop, owner: User) -> None:
    answer = shop.create(owner, "TOKEN", value=NEEDLE)
    assert "it knows kind, name, description" in refused(answer, 400, "BadRequest")
    assert shop.objects() == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/-shop/envs/e/secrets", f"p: {SEGMENT}"),
        ("/sh%20op/envs/e/secrets", f"p: {SEGMENT}"),
        ("/shop/envs/e_/secrets", f"envName: {SEGMENT}"),
        ("/sh.op/envs/e_/secrets/TOKEN", f"p: {SEGMENT}, envName: {SEGMENT}"),
        ("/shop/envs/%2e%2e/secrets", f"envName: {SEGMENT}"),
        ("/shop/envs/e/secrets/1ST", f"name: {KEY}"),
        ("/shop/envs/e/secrets/a%2Fb", f"name: {KEY}"),
        (f"/shop/envs/e/secrets/{NEEDLE}%00", f"name: {KEY}"),
    ],
)
def test_get_a_path_of_no_names_422(api: Api, owner: User, path: str, said: str) -> None:
    answer = owner.ask("GET", f"/{api.namespace}{path}")
    assert refused(answer, 422, "Invalid") == f"the request is invalid: {said}"


@pytest.mark.parametrize(
    ("method", "name", "tail", "allowed"),
    [
        ("PUT", "", "", {"GET", "HEAD", "POST"}),
        ("POST", "TOKEN", "", {"DELETE", "GET", "HEAD", "PUT"}),
        ("GET", "TOKEN", "value", {"PUT"}),
        ("DELETE", "TOKEN", "value", {"PUT"}),
    ],
)
def test_other_methods_405(shop: Shop, owner: User, method: str, name: str, tail: str, allowed: set[str]) -> None:
    answer = shop.ask(owner, method, name, tail)
    refused(answer, 405, "MethodNotAllowed")
    assert set(answer.headers["allow"].split(",")) == allowed


def test_a_path_of_nothing_404(shop: Shop, owner: User) -> None:
    refused(shop.ask(owner, "GET", "TOKEN", "versions"), 404, "NotFound")


def test_a_body_over_the_limit_413(shop: Shop, owner: User) -> None:
    shop.declared(owner, "TOKEN")
    answer = shop.give(owner, "TOKEN", "x" * (2 * MIB))
    assert refused(answer, 413, "RequestEntityTooLarge") == "the body is longer than 1536 KiB"


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}, {"Content-Type": f"{NEEDLE}/json"}]
)
def test_a_body_of_another_type_415(shop: Shop, owner: User, headers: dict[str, str]) -> None:
    raw = json.dumps({"kind": "Secret", "name": "TOKEN"}).encode()
    refused(owner.ask("POST", shop.path(), raw, headers=headers), 415, "UnsupportedMediaType")
    assert shop.objects() == []


def test_no_value_is_left_in_answers_or_logs(shop: Shop, owner: User) -> None:
    """Neither of one that was set nor of one that was not."""
    shop.declared(owner, "TOKEN")
    values = [canary() for _ in range(4)]
    bodies: list[Any] = [
        {"value": values[0]},
        {"value": values[1], "more": values[1]},
        {"value": [values[2]]},
        f'{{"value": "{values[3]}'.encode(),
    ]
    answers = [shop.ask(owner, "PUT", "TOKEN", "value", body) for body in bodies]
    assert [answer.code for answer in answers] == [200, 400, 422, 400]
    shop.holds({"TOKEN": values[0]})
    told = "".join(answer.raw.decode() for answer in answers) + shop.api.gateway.log_text() + json.dumps(shop.objects())
    assert [value for value in values if value in told] == []


def test_every_write_leaves_a_line_in_the_log(shop: Shop, owner: User) -> None:
    shop.declared(owner, "TOKEN")
    for answer in (shop.describe(owner, "TOKEN"), shop.give(owner, "TOKEN", canary()), shop.delete(owner, "TOKEN")):
        assert answer.code == 200
    shop.get(owner, "TOKEN")
    lines = [json.loads(line) for line in shop.api.gateway.log_text().splitlines() if line.startswith("{")]
    name = shop.object_name("TOKEN")
    audited = [line for line in lines if line.get("logger") == "slotwarden.audit" and line.get("name") == name]
    assert [(line["verb"], line["resource"], line["outcome"], line["code"]) for line in audited] == [
        ("create", "envsecrets", "succeeded", 201),
        ("update", "envsecrets", "succeeded", 200),
        ("create", "envsecrets/value", "succeeded", 200),
        ("delete", "envsecrets", "succeeded", 200),
    ]
    assert {line["user"] for line in audited} == {owner.username}
    assert len({line["uid"] for line in audited}) == 1
    assert len({line["requestID"] for line in audited}) == 4
