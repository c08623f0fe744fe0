"""Every row of the environments' contract, asked by plain HTTP: what it does and what it answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.published.environments import ABSENT, Shop
from tests.published.support import canary

if TYPE_CHECKING:
    from tests.published.support import Api, Json, User

MEMBERS = ["name", "description", "hasValue", "createdAt", "updatedAt"]


@pytest.fixture
def shop(api: Api) -> Shop:
    return Shop.new(api)


def times(secret: Json) -> tuple[datetime, datetime]:
    """When it was made and changed; RFC 3339 to the millisecond, in UTC."""
    for text in (secret["createdAt"], secret["updatedAt"]):
        assert len(text) == len("2026-01-01T00:00:00.000Z")
        assert text.endswith("Z")
    return datetime.fromisoformat(secret["createdAt"]), datetime.fromisoformat(secret["updatedAt"])


def test_post_declares_a_secret_201(shop: Shop, owner: User) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    answer = shop.create(owner, "DATABASE_URL", description="where the orders are")
    assert answer.code == 201
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert list(answer.body) == MEMBERS
    assert answer.body["name"] == "DATABASE_URL"
    assert answer.body["description"] == "where the orders are"
    assert answer.body["hasValue"] is False
    created, updated = times(answer.body)
    assert before <= created <= updated <= datetime.now(UTC)
    shop.told(shop.object_name("DATABASE_URL"), "AwaitingValue")


@pytest.mark.parametrize("more", [{}, {"description": None}, {"description": ""}])
def test_post_without_a_description(shop: Shop, owner: User, more: Json) -> None:
    assert shop.declared(owner, "TOKEN", **more)["description"] is None
    assert "description" not in shop.object(shop.object_name("TOKEN"))["spec"]


def test_post_of_what_exists_409(shop: Shop, owner: User) -> None:
    first = shop.declared(owner, "TOKEN", description="first")
    answer = shop.create(owner, "TOKEN", description="second")
    assert answer.code == 409
    assert answer.body == {"error": "there is a secret of this name", "code": "Conflict"}
    assert shop.get(owner, "TOKEN").body == first


def test_get_a_secret_200(shop: Shop, owner: User) -> None:
    made = shop.declared(owner, "TOKEN", description="for the API")
    answer = shop.get(owner, "TOKEN")
    assert (answer.code, answer.body) == (200, made)


def test_get_what_is_not_there_404(shop: Shop, owner: User) -> None:
    answer = shop.get(owner, "TOKEN")
    assert (answer.code, answer.body) == (404, ABSENT)


def test_get_the_list_200(shop: Shop, owner: User) -> None:
    assert (shop.ask(owner, "GET").code, shop.ask(owner, "GET").body) == (200, [])
    made = {name: shop.declared(owner, name) for name in ("ZULU", "alpha", "Mike", "_hidden", "with.dots-and_more")}
    listed = shop.ask(owner, "GET").body
    assert [each["name"] for each in listed] == sorted(made)
    assert {each["name"]: each for each in listed} == made
    assert Shop.new(shop.api).names(owner) == []


def test_put_changes_the_description_200(shop: Shop, owner: User) -> None:
    made = shop.declared(owner, "TOKEN", description="old")
    answer = shop.describe(owner, "TOKEN", description="new")
    assert answer.code == 200
    assert list(answer.body) == MEMBERS
    assert answer.body["description"] == "new"
    assert answer.body["createdAt"] == made["createdAt"]
    assert times(answer.body)[0] <= times(answer.body)[1]
    assert shop.get(owner, "TOKEN").body == answer.body
    assert shop.object(shop.object_name("TOKEN"))["spec"]["description"] == "new"


@pytest.mark.parametrize(
    ("more", "left"),
    [({}, "old"), ({"description": None}, None), ({"description": ""}, None), ({"description": "old"}, "old")],
    ids=["absent", "null", "empty", "the same"],
)
def test_put_leaves_or_removes_the_description(shop: Shop, owner: User, more: Json, left: str | None) -> None:
    shop.declared(owner, "TOKEN", description="old")
    answer = shop.describe(owner, "TOKEN", **more)
    assert (answer.code, answer.body["description"]) == (200, left)
    assert shop.object(shop.object_name("TOKEN"))["spec"].get("description") == left


def test_put_what_is_not_there_404(shop: Shop, owner: User) -> None:
    answer = shop.describe(owner, "TOKEN", description="new")
    assert (answer.code, answer.body) == (404, ABSENT)
    assert shop.objects() == []


def test_put_the_value_200(shop: Shop, owner: User) -> None:
    made, value = shop.declared(owner, "TOKEN"), canary()
    answer = shop.give(owner, "TOKEN", value)
    assert answer.code == 200
    assert answer.body == {**made, "hasValue": True, "updatedAt": answer.body["updatedAt"]}
    assert times(answer.body)[0] <= times(answer.body)[1]
    assert shop.get(owner, "TOKEN").body == answer.body
    assert shop.api.vault.read(shop.entry("TOKEN")) == {"value": value}
    shop.holds({"TOKEN": value})
    shop.told(shop.object_name("TOKEN"), "Ready")
    # What the status tells when the operator is done is nothing else than what was told at once.
    assert shop.get(owner, "TOKEN").body == answer.body


def test_put_another_value_rotates(shop: Shop, owner: User) -> None:
    shop.declared(owner, "TOKEN")
    values = [canary(), canary()]
    answers = [shop.give(owner, "TOKEN", value) for value in values]
    assert [answer.code for answer in answers] == [200, 200]
    assert answers[0].body["updatedAt"] < answers[1].body["updatedAt"]
    shop.holds({"TOKEN": values[1]})
    # The same once more makes no version, and is no change.
    assert shop.give(owner, "TOKEN", values[1]).body == answers[1].body
    assert shop.api.vault.version(shop.entry("TOKEN")) == 2


@pytest.mark.parametrize("value", ["", "\n", "ü€𝄞 \"'\\", "x" * 500_000])
def test_put_any_text_as_a_value(shop: Shop, owner: User, value: str) -> None:
    shop.declared(owner, "TOKEN")
    answer = shop.give(owner, "TOKEN", value)
    assert (answer.code, answer.body["hasValue"]) == (200, True)
    shop.holds({"TOKEN": value})


def test_put_a_value_of_what_is_not_there_404(shop: Shop, owner: User) -> None:
    answer = shop.give(owner, "TOKEN", canary())
    assert (answer.code, answer.body) == (404, ABSENT)
    assert shop.api.vault.metadata(shop.entry("TOKEN")) is None


def test_delete_200_and_404_after_that(shop: Shop, owner: User) -> None:
    shop.declared(owner, "TOKEN")
    shop.declared(owner, "OTHER")
    value = canary()
    for name in ("TOKEN", "OTHER"):
        assert shop.give(owner, name, value).code == 200
    shop.holds({"TOKEN": value, "OTHER": value})
    answer = shop.delete(owner, "TOKEN")
    assert (answer.code, answer.body) == (200, {"deleted": True, "name": "TOKEN"})
    assert (shop.get(owner, "TOKEN").code, shop.names(owner)) == (404, ["OTHER"])
    again = shop.delete(owner, "TOKEN")
    assert (again.code, again.body) == (404, ABSENT)
    shop.holds({"OTHER": value})


def test_a_secret_that_is_made_again_begins_anew(shop: Shop, owner: User) -> None:
    first, value = shop.declared(owner, "TOKEN", description="first"), canary()
    shop.give(owner, "TOKEN", value)
    shop.holds({"TOKEN": value})
    shop.delete(owner, "TOKEN")
    second = shop.declared(owner, "TOKEN")
    assert (second["description"], second["hasValue"]) == (None, False)
    assert second["createdAt"] > first["createdAt"]
    assert shop.get(owner, "TOKEN").body == second
    assert shop.give(owner, "TOKEN", value).code == 200
    shop.holds({"TOKEN": value})
