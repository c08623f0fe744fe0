"""The three permissions of the environments' contract told apart, and what those are told who lack one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.published.environments import ABSENT, Shop
from tests.published.support import OBJECTS, VALUES, canary, rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.published.support import Answer, Api, Rule, User

READ: Final = rule(OBJECTS, "get list", "envsecrets")
WRITE: Final = rule(OBJECTS, "create update delete", "envsecrets")
SET: Final = rule(VALUES, "create", "envsecrets/value")
CALLS: Final[dict[str, Callable[[Shop, User, str], Answer]]] = {
    "list": lambda shop, user, _: shop.ask(user, "GET"),
    "get": lambda shop, user, name: shop.get(user, name),
    "create": lambda shop, user, name: shop.create(user, f"{name}_2"),
    "describe": lambda shop, user, name: shop.describe(user, name, description="new"),
    "set-value": lambda shop, user, name: shop.give(user, name, canary()),
    "delete": lambda shop, user, name: shop.delete(user, name),
}
NAMED: Final = ["get", "describe", "set-value", "delete"]


@pytest.fixture
def shop(api: Api) -> Shop:
    return Shop.new(api)


@pytest.mark.parametrize(
    ("rules", "codes"),
    [
        ([READ], {"list": 200, "get": 200, "create": 403, "describe": 403, "set-value": 403, "delete": 403}),
        ([WRITE], {"list": 403, "get": 404, "create": 201, "describe": 200, "set-value": 404, "delete": 200}),
        ([SET], {"list": 403, "get": 404, "create": 403, "describe": 404, "set-value": 200, "delete": 404}),
        ([], {"list": 403, "get": 404, "create": 403, "describe": 404, "set-value": 404, "delete": 404}),
        ([READ, SET], {"list": 200, "get": 200, "create": 403, "describe": 403, "set-value": 200, "delete": 403}),
        ([READ, WRITE], {"list": 200, "get": 200, "create": 201, "describe": 200, "set-value": 403, "delete": 200}),
    ],
    ids=["read", "write", "set-value", "none", "read and set-value", "read and write"],
)
def test_each_permission_alone(
    shop: Shop, owner: User, users: Callable[..., User], rules: list[Rule], codes: dict[str, int]
) -> None:
    shop.declared(owner, "TOKEN")
    user = users(*rules)
    answers = {call: ask(shop, user, "TOKEN") for call, ask in CALLS.items()}
    assert {call: answer.code for call, answer in answers.items()} == codes
    for call, answer in answers.items():
        if answer.code == 404:
            assert answer.body == ABSENT, call
        elif answer.code == 403:
            assert answer.body["code"] == "Forbidden", call
            assert user.username in answer.body["error"], call
            assert shop.environment not in answer.body["error"], call


@pytest.mark.parametrize("verb", ["create", "update", "delete"])
def test_each_verb_of_writing_alone(shop: Shop, owner: User, users: Callable[..., User], verb: str) -> None:
    shop.declared(owner, "TOKEN")
    user = users(rule(OBJECTS, verb, "envsecrets"))
    allowed = {"create": "create", "update": "describe", "delete": "delete"}[verb]
    codes = {call: ask(shop, user, "TOKEN").code for call, ask in CALLS.items()}
    assert {call for call, code in codes.items() if code < 300} == {allowed}


def test_a_permission_for_slots_is_none_for_environments(shop: Shop, owner: User, users: Callable[..., User]) -> None:
    shop.declared(owner, "TOKEN")
    slots = [rule(OBJECTS, "*", "secretslots"), rule(VALUES, "create", "secretslots/value secretslots/reveal")]
    user = users(*slots)
    assert {ask(shop, user, "TOKEN").code for ask in CALLS.values()} == {403, 404}


def test_to_list_is_not_to_get(shop: Shop, owner: User, users: Callable[..., User]) -> None:
    shop.declared(owner, "TOKEN")
    lister, getter = users(rule(OBJECTS, "list", "envsecrets")), users(rule(OBJECTS, "get", "envsecrets"))
    assert (CALLS["list"](shop, lister, "").code, shop.get(lister, "TOKEN").code) == (200, 404)
    assert (CALLS["list"](shop, getter, "").code, shop.get(getter, "TOKEN").code) == (403, 200)


def test_a_permission_for_one_object_is_for_its_secret_alone(
    shop: Shop, owner: User, users: Callable[..., User]
) -> None:
    for name in ("MINE", "THEIRS"):
        shop.declared(owner, name)
    mine = shop.object_name("MINE")
    setter = users(rule(VALUES, "create", "envsecrets/value", mine))
    writer = users(rule(OBJECTS, "update delete", "envsecrets", mine))
    assert (shop.give(setter, "MINE", canary()).code, shop.give(setter, "THEIRS", canary()).code) == (200, 404)
    assert (shop.describe(writer, "MINE").code, shop.describe(writer, "THEIRS").code) == (200, 404)
    assert (shop.delete(writer, "MINE").code, shop.delete(writer, "THEIRS").code) == (200, 404)


def test_a_permission_for_the_name_that_the_api_would_give_is_none_for_another_object(
    shop: Shop, owner: User, users: Callable[..., User]
) -> None:
    names = rule(VALUES, "create", "envsecrets/value", shop.object_name("TOKEN"))
    other = rule(VALUES, "create", "envsecrets/value", f"hand-{shop.environment}")
    for_the_name, for_the_object = users(names), users(other)
    shop.by_hand(f"hand-{shop.environment}", "TOKEN")
    # It holds whether the catalog has seen the object or not.
    assert shop.give(for_the_name, "TOKEN", canary()).code == 404
    shop.seen(owner, "TOKEN")
    assert shop.give(for_the_name, "TOKEN", canary()).code == 404
    assert shop.give(for_the_object, "TOKEN", canary()).code == 200


def test_without_a_token_401(shop: Shop, owner: User) -> None:
    for method, name, tail in [("GET", "", ""), ("POST", "", ""), ("GET", "TOKEN", ""), ("PUT", "TOKEN", "value")]:
        answer = owner.ask(method, shop.path(name, tail), headers={"Authorization": "Bearer nobody"})
        assert (answer.code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.body == {"error": "Unauthorized", "code": "Unauthorized"}


@pytest.mark.parametrize("call", NAMED)
@pytest.mark.parametrize("where", ["in another namespace", "in its own"])
def test_what_one_may_not_know_of_is_as_if_it_were_not_there(
    shop: Shop,
    owner: User,
    users: Callable[..., User],
    make_namespace: Callable[[], str],
    call: str,
    where: str,
) -> None:
    """By the answer, and by what the gateway asked of Kubernetes and of Vault to give it."""
    shop.declared(owner, "THERE")
    kube, vault = shop.api.session.kube_audit.mark(), shop.api.session.vault_audit.mark()
    shop.give(owner, "THERE", canary())
    assert all(shop.api.asked(kube, vault))
    user = users(namespace=make_namespace() if where == "in another namespace" else "")
    found: dict[str, Any] = {}
    for name in ("THERE", "NOT_THERE"):
        kube, vault = shop.api.session.kube_audit.mark(), shop.api.session.vault_audit.mark()
        answer = CALLS[call](shop, user, name)
        found[name] = (answer.compared, *shop.api.asked(kube, vault))
    assert found["THERE"] == found["NOT_THERE"]
    assert found["THERE"][0][0] == 404
    assert set(found["THERE"][1]) == {"create subjectaccessreviews"}
    assert found["THERE"][2] == []


@pytest.mark.parametrize("call", CALLS)
def test_a_namespace_that_is_not_served_or_not_there_is_nobodys(
    api: Api, owner: User, make_namespace: Callable[[], str], call: str
) -> None:
    for namespace in (make_namespace(), "not-there", "No_Name"):
        path = f"/{namespace}/shop/envs/production/secrets"
        body: Any = {"kind": "Secret", "name": "TOKEN"}
        match call:
            case "list":
                answer = owner.ask("GET", path)
            case "create":
                answer = owner.ask("POST", path, body)
            case "get":
                answer = owner.ask("GET", f"{path}/TOKEN")
            case "describe":
                answer = owner.ask("PUT", f"{path}/TOKEN", body)
            case "set-value":
                answer = owner.ask("PUT", f"{path}/TOKEN/value", {"value": canary()})
            case _:
                answer = owner.ask("DELETE", f"{path}/TOKEN")
        assert answer.code == (403 if call in ("list", "create") else 404)
        if answer.code == 404:
            assert answer.body == ABSENT
        assert "No_Name" not in answer.raw.decode()
    assert "No_Name" not in api.gateway.log_text()
