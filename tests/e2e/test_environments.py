"""An environment's keys: declared first, set later by any door, all in one Secret, each its own way in and out."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.environments import DECLARED, SECRET, into, sourced
from tests.e2e.support import MANAGED_BY, OWNER, WATCH, condition, has_condition, is_deleted, released
from tests.e2e.world import LAST_APPLIED, WRITES

if TYPE_CHECKING:
    from tests.e2e.environments import Environment

ONE_AND_TWO = {"ONE": "first value", "TWO": "second value"}


def one_and_two(shop: Environment) -> None:
    """Keys ONE and TWO in the environment's Secret."""
    for key, value in ONE_AND_TWO.items():
        shop.create(key.lower(), {"value": value})
    for key in ONE_AND_TWO:
        shop.ready(key.lower())
    shop.holds(ONE_AND_TWO)


def test_declared_without_a_value_it_waits_quietly(shop: Environment) -> None:
    mark = shop.mark()
    shop.create("url", {"description": "where the orders are"})
    waiting = shop.told("url", "AwaitingValue")
    ready = condition(waiting)
    assert ready["status"] == "False"
    assert ready["message"]
    assert not has_condition(waiting, "Stalled")
    assert not has_condition(waiting, "Reconciling")
    assert waiting["status"]["hasValue"] is False
    assert "vault" not in waiting["status"]
    (projection,) = waiting["status"]["projections"]
    assert (projection["secretName"], projection["reason"]) == (SECRET, "AwaitingValue")
    shop.barrier()
    assert shop.events("url") == []
    assert shop.find_secret(SECRET) is None
    assert shop.calls(mark, "secrets", SECRET) == []
    assert shop.vault.metadata(shop.entry("url")) is None


def test_what_waits_adds_no_key_and_says_nothing_of_itself_on_the_secret(shop: Environment) -> None:
    shop.create("waits", {"projection": {"labels": {"example.com/a": "b"}}})
    shop.told("waits", "AwaitingValue")
    shop.made("url", {"value": "there"})
    shop.barrier()
    metadata = shop.holds({"URL": "there"})["metadata"]
    assert "example.com/a" not in metadata["labels"]
    assert [owner["name"] for owner in metadata["ownerReferences"]] == ["url"]
    assert json.loads(metadata["annotations"][DECLARED])["data"] == ["URL"]
    before = shop.version_of(SECRET)
    shop.write("waits", "no longer")
    shop.refreshed("waits")
    shop.holds({"URL": "there", "WAITS": "no longer"})
    assert shop.version_of(SECRET) != before
    assert condition(shop.ready("waits"), "Projected")["status"] == "True"


def test_all_keys_of_an_environment_are_in_one_secret(shop: Environment) -> None:
    labelled = {"labels": {"example.com/team": "shop"}, "annotations": {"example.com/contact": "shop@example.com"}}
    shop.create("dotted", {"key": "a.b-c_D", "value": "all that a key may be", "projection": labelled})
    one_and_two_and = {**ONE_AND_TWO, "a.b-c_D": "all that a key may be"}
    for key, value in ONE_AND_TWO.items():
        shop.create(key.lower(), {"value": value})
    secret = shop.holds(one_and_two_and)
    for name in ("one", "two", "dotted"):
        status = shop.ready(name)["status"]
        assert status["projections"][0]["uid"] == secret["metadata"]["uid"]
        assert status["projections"][0]["type"] == "environment"
    assert secret["type"] == "Opaque"
    metadata = shop.secret(SECRET)["metadata"]
    assert metadata["labels"].items() >= {
        ("app.kubernetes.io/component", "environment"),
        (MANAGED_BY, "slotwarden"),
        (WATCH, "true"),
        ("example.com/team", "shop"),
    }
    assert metadata["labels"][OWNER].startswith("shared-")
    assert metadata["annotations"]["example.com/contact"] == "shop@example.com"
    assert json.loads(metadata["annotations"][DECLARED])["data"] == ["ONE", "TWO", "a.b-c_D"]
    owners = metadata["ownerReferences"]
    assert {owner["name"] for owner in owners} == {"one", "two", "dotted"}
    assert [owner["controller"] for owner in owners] == [True, False, False]


def test_an_inline_value_is_stored_and_leaves_the_object(shop: Environment) -> None:
    shop.apply(shop.manifest("url", {"value": "s3cret"}))
    made = shop.ready("url")
    assert "value" not in made["spec"]
    assert "s3cret" not in json.dumps(made)
    assert json.loads(made["metadata"]["annotations"][LAST_APPLIED])["spec"]["key"] == "URL"
    assert shop.stored("url") == {"value": "s3cret"}
    assert made["status"]["vault"]["path"] == f"{shop.vault.mount}/{shop.entry('url')}"
    shop.apply(shop.manifest("url", {"value": "an0ther"}))
    shop.holds({"URL": "an0ther"})
    shop.event("url", "Rotated")
    assert shop.ready("url")["status"]["vault"]["version"] == 2


def test_a_labelled_source_is_followed_at_once(shop: Environment) -> None:
    shop.make_secret("source", {"value": "first"}, labels={WATCH: "true"})
    shop.made("url", sourced("source"))
    shop.holds({"URL": "first"})
    shop.set_secret("source", value="second")
    shop.holds({"URL": "second"})
    shop.delete_secret("source")
    shop.refreshed("url")
    shop.told("url", "SourceMissing")
    shop.holds({"URL": "second"})


def test_changing_a_description_touches_no_value(shop: Environment) -> None:
    one_and_two(shop)
    shop.barrier()
    kube, vault = shop.mark(), shop.session.vault_audit.mark()
    secret, stored = shop.secret(SECRET), shop.stored("one")
    before = shop.edit("one", {"description": "said in other words"})
    after = shop.ready("one")
    assert after["status"]["observedGeneration"] == before["metadata"]["generation"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    shop.barrier()
    assert shop.secret(SECRET) == secret
    assert shop.stored("one") == stored
    assert shop.calls(kube, "secrets", SECRET, {"get", *WRITES}) == []
    assert {operation for operation, _ in shop.vault_requests(vault, "one")} == {"read"}
    assert shop.vault_requests(vault, "two") == []
    assert shop.events("one") == []


def test_deleting_one_removes_its_key_alone(shop: Environment) -> None:
    one_and_two(shop)
    uid = shop.secret(SECRET)["metadata"]["uid"]
    shop.delete_slot("one")
    metadata = shop.holds({"TWO": ONE_AND_TWO["TWO"]})["metadata"]
    assert metadata["uid"] == uid
    assert [owner["name"] for owner in metadata["ownerReferences"]] == ["two"]
    assert json.loads(metadata["annotations"][DECLARED])["data"] == ["TWO"]
    assert all(map(is_deleted, released(shop, "one")["versions"].values()))
    shop.delete_slot("two")
    shop.no_secret()
    assert all(map(is_deleted, released(shop, "two")["versions"].values()))


def test_a_key_leaves_also_while_the_others_are_in_trouble(shop: Environment) -> None:
    one_and_two(shop)
    shop.create("waits")
    shop.told("waits", "AwaitingValue")
    shop.vault.soft_delete(shop.entry("two"))
    shop.refreshed("two")
    shop.told("two", "VersionDeleted")
    shop.delete_slot("one")
    shop.holds({"TWO": ONE_AND_TWO["TWO"]})
    shop.delete_slot("two")
    shop.no_secret()
    assert condition(shop.told("waits", "AwaitingValue"))["status"] == "False"


def test_the_value_stays_where_the_object_says_so(shop: Environment) -> None:
    shop.made("url", {"value": "kept", "deletionPolicy": "Retain"})
    shop.delete_slot("url")
    shop.no_secret()
    shop.barrier()
    assert shop.stored("url") == {"value": "kept"}


@pytest.mark.parametrize("started", [True, False], ids=["running", "down"])
def test_a_key_moves_to_the_secret_that_is_named(shop: Environment, *, started: bool) -> None:
    one_and_two(shop)
    if not started:
        shop.operator.stop()
    shop.edit("one", into("own"))
    if not started:
        shop.operator.start()
    shop.holds({"ONE": ONE_AND_TWO["ONE"]}, "own")
    shop.holds({"TWO": ONE_AND_TWO["TWO"]})
    shop.ready("one")
    shop.edit("two", into("own"))
    shop.holds(ONE_AND_TWO, "own")
    shop.no_secret()
    assert shop.ready("two")["status"]["projections"][0]["secretName"] == "own"


ODD = {
    "not UTF-8": b"\xff\xfe\x00\x80caf\xe9",
    "empty": b"",
    "newlines and NUL": b"\n-----BEGIN-----\r\n\x00\n-----END-----\n\n",
    "everything": bytes(range(256)),
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_values_are_bytes(shop: Environment, value: bytes) -> None:
    shop.make_secret("source", {}, labels={WATCH: "true"})
    shop.patch_secret("source", {"data": {"value": base64.b64encode(value).decode()}})
    shop.made("url", sourced("source"))
    shop.holds({"URL": value})
    shop.delete_secret(SECRET)
    shop.holds({"URL": value})
    assert shop.stored_version("url") == 1
    if value.isascii():
        shop.made("inline", {"value": value.decode()})
        shop.holds({"URL": value, "INLINE": value})


def test_the_table_and_the_description_tell_how_each_key_is(shop: Environment) -> None:
    shop.made("url", {"value": "one", "description": "where the orders are"})
    shop.create("waits")
    shop.told("waits", "AwaitingValue")
    wide = shop.session.kubectl("get", "esec", "-o", "wide", namespace=shop.namespace, check=True).stdout
    heading, url, waits = wide.splitlines()
    titles = "NAME PROJECT ENVIRONMENT KEY READY REASON SECRET AGE VAULT VERSION DESCRIPTION MESSAGE"
    assert heading.split() == titles.split()
    assert url.split()[:7] == ["url", "shop", "production", "URL", "True", "Ready", SECRET]
    assert f"Secret {SECRET} holds version 1 of the value" in url
    assert "where the orders are" in url
    assert waits.split()[4:7] == ["False", "AwaitingValue", SECRET]
    assert "no value was set yet" in waits
    assert shop.session.kubectl("get", "slots", namespace=shop.namespace, check=True).stdout.count("envsecret") == 2
    text = shop.session.kubectl("describe", "esec", "url", namespace=shop.namespace, check=True).stdout
    assert f"{shop.vault.mount}/{shop.entry('url')}" in text
    assert "where the orders are" in text
