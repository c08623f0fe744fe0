"""Every row of the core instances' contract, asked by plain HTTP: what it does and what it answers."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.published.coreinstances import Instance, encoded
from tests.published.support import OBJECTS, READ, REVEAL, SET, VALUES, WRITE, canary, rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.gateway import Gateway
    from tests.published.support import Api, Json, User

EMPTY = {"items": [], "endCursor": None, "count": 0}
MEMBERS = ["id", "coreInstanceID", "key", "value", "createdAt", "updatedAt"]


@pytest.fixture
def instance(api: Api) -> Instance:
    return Instance.new(api)


def refused(answer: Any, code: int, *words: str) -> None:
    """The answer is an error of this API's form, which holds these words."""
    assert answer.code == code, answer
    assert list(answer.body) == ["error", "code"]
    for word in words:
        assert word in answer.body["error"], answer.body
    assert "c4nary" not in answer.raw.decode()


def test_post_creates_a_secret_201(instance: Instance, owner: User) -> None:
    before, value = datetime.now(UTC) - timedelta(milliseconds=1), canary()
    answer = instance.post(owner, "mysecret", value)
    assert answer.code == 201
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert list(answer.body) == ["id", "createdAt"]
    assert str(uuid.UUID(answer.body["id"])) == answer.body["id"]
    assert before <= datetime.fromisoformat(answer.body["createdAt"]) <= datetime.now(UTC)
    assert len(answer.body["createdAt"]) == len("2024-11-21T09:37:17.182Z")
    made = instance.object("mysecret")
    assert made["metadata"]["uid"] == answer.body["id"]
    assert "encrypted" not in made["spec"]
    assert instance.raw("mysecret") == {"value": value}
    instance.told("mysecret", "Ready")
    instance.holds({"mysecret": value.encode()})


def test_get_the_list_200(instance: Instance, owner: User) -> None:
    assert (instance.list(owner).code, instance.list(owner).body) == (200, EMPTY)
    values = {key: canary() for key in ("one", "two", "three")}
    made = {key: instance.created(owner, key, value) for key, value in values.items()}
    answer = instance.list(owner)
    assert answer.code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert list(answer.body) == ["items", "endCursor", "count"]
    assert (answer.body["endCursor"], answer.body["count"]) == (None, 3)
    # The newest first, also of those that were made in one second.
    assert [item["key"] for item in answer.body["items"]] == ["three", "two", "one"]
    for item in answer.body["items"]:
        assert list(item) == MEMBERS
        assert item["coreInstanceID"] == instance.id
        assert item["value"] == encoded(values[item["key"]])
        assert {"id": item["id"], "createdAt": item["createdAt"]} == made[item["key"]]
        assert item["updatedAt"] >= item["createdAt"]
    assert Instance.new(instance.api).list(owner).body == EMPTY


@pytest.mark.parametrize("value", [b"", b"\n", b"\xff\x00\xfe", "ü€𝄞 \"'\\".encode(), b"x" * 524_288])
def test_any_bytes_are_a_value(instance: Instance, owner: User, value: bytes) -> None:
    instance.created(owner, "mysecret", value)
    assert instance.known(owner, "mysecret")["value"] == encoded(value)


def test_post_of_a_key_that_has_a_value_409(instance: Instance, owner: User) -> None:
    value = canary()
    instance.created(owner, "mysecret", value)
    # Equal content too: the answers tell nothing of what is there.
    answers = [instance.post(owner, "mysecret", each, **more) for each in (value, canary()) for more in ({}, SEALED)]
    for answer in answers:
        refused(answer, 409, "there is a secret of this key")
        assert answer.body == answers[0].body
    assert instance.api.vault.version(instance.entry("mysecret")) == 1
    assert "encrypted" not in instance.object("mysecret")["spec"]
    assert Instance.new(instance.api).post(owner, "mysecret", value).code == 201


SEALED: Json = {"encrypted": True}


@pytest.mark.parametrize("more", [{}, SEALED])
def test_post_completes_an_object_without_a_value_201(instance: Instance, owner: User, more: Json) -> None:
    made, value = instance.by_hand("mysecret", name=f"by-hand-{instance.id}", description="kept"), canary()
    answer = instance.post(owner, "mysecret", value, **more)
    assert (answer.code, answer.body["id"]) == (201, made["metadata"]["uid"])
    assert instance.find("mysecret") is None
    assert instance.known(owner, "mysecret")["value"] == encoded(value)
    raw = instance.raw("mysecret")
    assert raw is not None
    assert raw.keys() == ({"ciphertext"} if more else {"value"})
    instance.holds({"mysecret": value.encode()})


def test_what_gitops_manages_takes_a_value_but_not_encryption_409(instance: Instance, owner: User) -> None:
    made = instance.by_hand("mysecret")
    path = instance.api.objects("envsecrets", made["metadata"]["name"])
    instance.api.kube.patch(path, {"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}})
    instance.known(owner, "mysecret")
    refused(instance.post(owner, "mysecret", canary(), encrypted=True), 409, "managed by Flux, Kustomization apps")
    assert "encrypted" not in instance.object("mysecret")["spec"]
    assert instance.raw("mysecret") is None
    assert instance.post(owner, "mysecret", canary()).code == 201


def test_what_takes_its_value_from_elsewhere_409(instance: Instance, owner: User) -> None:
    instance.by_hand("mysecret", valueFrom={"secretKeyRef": {"name": "nothing", "key": "a"}})
    refused(instance.post(owner, "mysecret", canary()), 409, "spec.valueFrom", "key a of Secret nothing")


def test_an_object_made_with_kubectl_is_listed(instance: Instance, owner: User) -> None:
    made, value = instance.by_hand("mysecret", name=f"by-hand-{instance.id}", value=canary()), canary()
    item = instance.known(owner, "mysecret")
    assert (item["id"], item["coreInstanceID"]) == (made["metadata"]["uid"], instance.id)
    instance.api.kube.delete(instance.api.objects("envsecrets", f"by-hand-{instance.id}"))
    instance.created(owner, "another", value)
    assert [each["value"] for each in instance.items(owner) if each["key"] == "another"] == [encoded(value)]


def test_a_secret_without_a_value_has_none(instance: Instance, owner: User) -> None:
    instance.by_hand("mysecret")
    assert "value" not in instance.known(owner, "mysecret")


def test_a_uuid_is_the_same_in_capitals(instance: Instance, owner: User) -> None:
    instance.created(owner, "mysecret", canary())
    capitals = Instance(instance.api, instance.id.upper())
    assert capitals.items(owner) == instance.items(owner)
    refused(capitals.post(owner, "mysecret", canary()), 409)


@pytest.mark.parametrize("wrong", ["1", "x" * 36, "..", "0f8fad5b-d9cb-469f-a165-7086772895", "a%2Fb"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_no_uuid_422(owner: User, method: str, wrong: str) -> None:
    body = {"key": "a", "value": encoded(canary())} if method == "POST" else None
    answer = owner.ask(method, f"/v1/core_instances/{wrong}/secrets", body)
    refused(answer, 422, "coreInstanceID: is not a uuid")


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"", 422, ("key", "value")),
        (b"c4nary", 400, ("not JSON",)),
        (b'["c4nary"]', 400, ("not a JSON object",)),
        ({"key": "a"}, 422, ("value: is required",)),
        ({"value": "YQ=="}, 422, ("key: is required",)),
        ({"key": "c4nary=", "value": "YQ=="}, 422, ("key: is not 1 to 253",)),
        ({"key": "", "value": "YQ=="}, 422, ("key: is not 1 to 253",)),
        ({"key": "../c4nary", "value": "YQ=="}, 422, ("key",)),
        ({"key": "a", "value": "c4nary!"}, 422, ("value: is not base64",)),
        ({"key": "a", "value": 5}, 422, ("value: is not a string",)),
        ({"key": "a", "value": None}, 422, ("value",)),
        ({"key": "a", "value": encoded(b"x" * 524_289)}, 422, ("value: is longer than 512 KiB",)),
        ({"key": "a", "value": "YQ==", "encrypted": "c4nary"}, 422, ("encrypted: is not true or false",)),
        ({"key": "a", "value": "YQ==", "c4nary": 1}, 400, ("a member that kind CreateCoreInstanceSecret",)),
        ({"key": "a", "value": "YQ" * 1_000_000}, 413, ("longer than",)),
    ],
)
def test_bad_bodies(instance: Instance, owner: User, body: Any, code: int, words: tuple[str, ...]) -> None:
    refused(owner.ask("POST", instance.path(), body), code, *words)
    assert instance.list(owner).body == EMPTY


@pytest.mark.parametrize("last", ["0", "1001", "-1", "1.5", "c4nary", "", "٣", "99999999999999999999"])
def test_a_wrong_page_size_422(instance: Instance, owner: User, last: str) -> None:
    refused(instance.list(owner, last=last), 422, "last: is not a number from 1 to 1000")


@pytest.mark.parametrize("before", ["", "c4nary", "AAAA", "MQ", "OTk5OTk5OTk5OTk5OTk5OTkuYQ", "x" * 500, "é"])
def test_a_wrong_cursor_422(instance: Instance, owner: User, before: str) -> None:
    refused(instance.list(owner, before=before), 422, "before: is not a cursor that a list gave")


@pytest.mark.parametrize("parameter", ["last", "before"])
def test_a_parameter_that_stands_twice_422(instance: Instance, owner: User, parameter: str) -> None:
    answer = owner.ask("GET", f"{instance.path()}?{parameter}=1&{parameter}=1")
    refused(answer, 422, f"{parameter}: stands there more than once")


def test_without_a_token_401(instance: Instance, owner: User) -> None:
    for method in ("GET", "POST"):
        answer = owner.ask(method, instance.path(), headers={"Authorization": "Bearer c4nary"})
        refused(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


def test_lists_are_for_those_who_may_list_403(instance: Instance, users: Callable[..., User]) -> None:
    for denied in (users(), users(rule(OBJECTS, "get", "envsecrets")), users(WRITE, SET, REVEAL)):
        refused(instance.list(denied), 403, "cannot list")
    assert instance.list(users(rule(OBJECTS, "list", "envsecrets"))).code == 200


def test_who_may_create_403(instance: Instance, owner: User, users: Callable[..., User]) -> None:
    declares, sets = users(READ, WRITE), users(SET)
    refused(instance.post(declares, "mysecret", canary()), 403, "envsecrets/value")
    # To make the object takes a permission of its own; to complete one that is there does not.
    refused(instance.post(sets, "mysecret", canary()), 403, "cannot create", '"envsecrets"')
    assert instance.find("mysecret") is None
    instance.by_hand("mysecret")
    instance.known(owner, "mysecret")
    refused(instance.post(sets, "mysecret", canary(), encrypted=True), 403, "cannot update")
    assert "encrypted" not in instance.object("mysecret")["spec"]
    assert instance.post(sets, "mysecret", canary()).code == 201


def test_nothing_is_looked_at_for_one_who_may_not_declare(instance: Instance, users: Callable[..., User]) -> None:
    sets, session = users(SET), instance.api.session
    kube, vault = session.kube_audit.mark(), session.vault_audit.mark()
    refused(instance.post(sets, "mysecret", canary()), 403, "cannot create", '"envsecrets"')
    calls, stored = instance.api.asked(kube, vault)
    assert set(calls) == {"create subjectaccessreviews"}
    assert stored == []


def test_who_may_create_by_name(instance: Instance, users: Callable[..., User]) -> None:
    name = instance.object_name("mine")
    mine = users(rule(VALUES, "create", "envsecrets/value", name), rule(OBJECTS, "create", "envsecrets"))
    assert instance.post(mine, "mine", canary()).code == 201
    refused(instance.post(mine, "other", canary()), 403)


def test_values_are_for_those_who_may_read_them(instance: Instance, owner: User, users: Callable[..., User]) -> None:
    values = {key: canary() for key in ("one", "two", "three")}
    for key, value in values.items():
        instance.created(owner, key, value, encrypted=key == "two")

    def told(user: User) -> dict[str, str | None]:
        return {item["key"]: item.get("value") for item in instance.items(user)}

    all_of_them = {key: encoded(value) for key, value in values.items()}
    assert told(owner) == told(users(READ, REVEAL)) == all_of_them
    assert told(users(READ, WRITE, SET)) == dict.fromkeys(values)
    for item in instance.items(users(READ)):
        assert list(item) == [name for name in MEMBERS if name != "value"]
    named = rule(VALUES, "create", "envsecrets/reveal", instance.object_name("two"), instance.object_name("three"))
    assert told(users(READ, named)) == {**all_of_them, "one": None}


def test_each_value_that_is_told_is_noted(instance: Instance, owner: User, users: Callable[..., User]) -> None:
    made = [instance.created(owner, key, canary()) for key in ("one", "two")]
    log = instance.api.gateway.log
    before = log.stat().st_size
    instance.items(users(READ))
    instance.items(owner)
    added = log.read_bytes()[before:].decode()
    noted = [line for line in added.splitlines() if '"read a value"' in line]
    assert len(noted) == 2
    for each in made:
        assert sum(each["id"] in line for line in noted) == 1


def test_another_organization(instance: Instance, owner: User, users: Callable[..., User]) -> None:
    instance.created(owner, "mysecret", canary())
    path = instance.path()
    refused(owner.ask("GET", path, headers={"X-Slotwarden-Organization": "default"}), 403)
    refused(owner.ask("GET", path, headers={"X-Slotwarden-Organization": "c4nary/"}), 400, "X-Slotwarden-Organization")
    stranger = users(READ, namespace="default")
    refused(stranger.ask("GET", path), 403)
    told = stranger.ask("GET", path, headers={"X-Slotwarden-Organization": instance.api.namespace})
    assert (told.code, told.body["count"]) == (200, 1)


def test_other_methods_405(instance: Instance, owner: User) -> None:
    refused(owner.ask("DELETE", instance.path()), 405)
    refused(owner.ask("GET", f"{instance.path()}/x"), 404)


def test_a_replica_lists_what_another_made(instance: Instance, owner: User, second: Gateway) -> None:
    value = canary()
    made = instance.created(owner, "mysecret", value, gateway=second)
    item = instance.known(owner, "mysecret")
    assert (item["id"], item["value"]) == (made["id"], encoded(value))
