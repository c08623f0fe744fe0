"""Objects that want the same: one identity, one key of one Secret, one Secret. The older has it, and both say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import slots
from testbed.wait import eventually
from tests.e2e.environments import SECRET, Environment, into
from tests.e2e.support import condition, git, has_condition, projected

if TYPE_CHECKING:
    from tests.e2e.support import Json

VALUES = {"first": "value of the first", "second": "value of the second"}
KEY = {"key": "URL"}


def by_age(*objects: Json) -> list[str]:
    """The names of objects, the older first."""
    ordered = sorted(objects, key=lambda made: (made["metadata"]["creationTimestamp"], made["metadata"]["uid"]))
    return [made["metadata"]["name"] for made in ordered]


def later(shop: Environment, name: str, spec: Json) -> None:
    """Make an object that is younger than all that are there: times are told to the second."""
    newest = max(made["metadata"]["creationTimestamp"] for made in shop.kube.list(shop.path()))

    def is_made() -> bool:
        made = shop.create(name, spec)
        if made["metadata"]["creationTimestamp"] > newest:
            return True
        shop.delete_slot(name)
        return False

    shop.operator.stop()
    eventually(is_made, message=f"{name} is the younger one")
    shop.operator.start()


def stands_back(shop: Environment, name: str, reason: str, older: str) -> Json:
    """The object, once it says whom it stands back for."""
    slot = shop.told(name, reason)
    assert condition(slot, "Stalled")["reason"] == reason
    assert not has_condition(slot, "Reconciling")
    assert f'"{older}"' in condition(slot)["message"]
    assert shop.event(name, reason)["type"] == "Warning"
    return slot


def also_says_so(shop: Environment, older: str, younger: str) -> None:
    """Return once the one that keeps what both want is Ready and names the other."""

    def check() -> bool:
        keeper = shop.ready(older)
        assert f'"{younger}"' in condition(keeper)["message"]
        assert f'"{younger}"' in keeper["status"]["projections"][0]["message"]
        return not has_condition(keeper, "Stalled")

    eventually(check, message=f"{older} says that {younger} wants the same")


def test_the_younger_of_one_identity_touches_nothing_and_takes_over(shop: Environment) -> None:
    shop.made("first", {**KEY, "value": VALUES["first"]})
    shop.barrier()
    later(shop, "second", {**KEY, "value": VALUES["second"], **into("own")})
    slot = stands_back(shop, "second", "NameConflict", "first")
    assert slot["spec"]["value"] == VALUES["second"]
    assert "the value is still in the object" in condition(slot)["message"]
    assert condition(shop.refreshed("second"))["reason"] == "NameConflict"
    assert shop.find_secret("own") is None
    shop.holds({"URL": VALUES["first"]})
    assert shop.stored("url") == {"value": VALUES["first"]}
    assert shop.stored_version("url") == 1
    assert shop.ready("first")["status"]["vault"]["version"] == 1
    shop.delete_slot("first")
    assert "value" not in shop.ready("second")["spec"]
    shop.holds({"URL": VALUES["second"]}, "own")
    shop.no_secret()
    assert shop.stored("url") == {"value": VALUES["second"]}


def test_the_younger_of_one_identity_inherits_no_value(shop: Environment) -> None:
    shop.made("first", {**KEY, "value": VALUES["first"]})
    shop.made("other", {"value": "stays"})
    later(shop, "second", KEY)
    stands_back(shop, "second", "NameConflict", "first")
    kube = shop.mark()
    shop.delete_slot("second")
    shop.barrier()
    shop.holds({"URL": VALUES["first"], "OTHER": "stays"})
    assert shop.calls(kube, "secrets", SECRET) == []
    assert not (shop.vault.metadata(shop.entry("url")) or {})["versions"]["1"]["deletion_time"]
    later(shop, "third", KEY)
    stands_back(shop, "third", "NameConflict", "first")
    shop.delete_slot("first")
    shop.told("third", "AwaitingValue")
    shop.holds({"OTHER": "stays"})
    shop.edit("third", {"value": VALUES["second"]})
    shop.holds({"URL": VALUES["second"], "OTHER": "stays"})


def test_of_two_made_in_one_second_the_value_of_the_first_is_not_lost(shop: Environment) -> None:
    """Which is the older is told by their uids then, and so the one with the value may be the younger."""
    shop.made("other", {"value": "stays"})

    def reversed_pair() -> tuple[str, str] | None:
        shop.made("first", {**KEY, "value": VALUES["first"]})
        pair = by_age(shop.slot("first"), shop.create("second", KEY))
        if pair == ["second", "first"]:
            return "second", "first"
        shop.delete_slot("second")
        shop.delete_slot("first")
        shop.holds({"OTHER": "stays"})
        return None

    eventually(reversed_pair, 60, message="the second one is the older")
    version = shop.stored_version("url")
    stands_back(shop, "first", "NameConflict", "second")
    assert condition(shop.told("second", "NotOwner"), "Stalled")["status"] == "True"
    shop.barrier()
    shop.holds({"URL": VALUES["first"], "OTHER": "stays"})
    assert (shop.stored("url"), shop.stored_version("url")) == ({"value": VALUES["first"]}, version)
    shop.edit("other", {"value": "rotated"})
    shop.holds({"URL": VALUES["first"], "OTHER": "rotated"})
    shop.delete_slot("second")
    shop.ready("first")
    shop.holds({"URL": VALUES["first"], "OTHER": "rotated"})
    assert (shop.stored("url"), shop.stored_version("url")) == ({"value": VALUES["first"]}, version)
    shop.delete_slot("first")
    shop.holds({"OTHER": "rotated"})


RIVALS = {
    "one key of a named Secret": (
        {**KEY, **into("named")},
        {**KEY, "environment": "staging", **into("named")},
        "named",
        'holds the key "URL"',
    ),
    "default names that meet": (
        {**KEY, "environment": "eu-1"},
        {**KEY, "environment": "EU_1"},
        "shop-eu-1-env",
        "gives this Secret to the environment shop/",
    ),
}


@pytest.mark.parametrize("case", RIVALS)
def test_of_two_that_claim_one_key_the_older_keeps_it(shop: Environment, case: str) -> None:
    *specs, secret, words = RIVALS[case]
    made = [
        shop.create(name, {**spec, "value": VALUES[name]})  # type: ignore[dict-item]
        for name, spec in zip(VALUES, specs, strict=True)
    ]
    older, younger = by_age(*made)
    assert words in condition(stands_back(shop, younger, "TargetConflict", older))["message"]
    also_says_so(shop, older, younger)
    shop.holds({"URL": VALUES[older]}, str(secret))
    assert shop.slot(younger)["status"]["vault"]["version"] == 1
    shop.delete_slot(older)
    shop.ready(younger)
    shop.holds({"URL": VALUES[younger]}, str(secret))


def test_environments_whose_default_names_meet_share_nothing(shop: Environment) -> None:
    made = [
        shop.create(name, {"environment": environment, "key": name.upper(), "value": VALUES[name]})
        for name, environment in (("first", "eu-1"), ("second", "EU-1"))
    ]
    older, younger = by_age(*made)
    message = condition(stands_back(shop, younger, "TargetConflict", older))["message"]
    assert "set projection.secretName" in message
    also_says_so(shop, older, younger)
    shop.holds({older.upper(): VALUES[older]}, "shop-eu-1-env")
    shop.edit(younger, into("own"))
    shop.ready(younger)
    shop.holds({younger.upper(): VALUES[younger]}, "own")
    eventually(lambda: younger not in condition(shop.ready(older))["message"])


def test_environments_may_share_a_secret_that_both_name(shop: Environment) -> None:
    for name, environment in (("first", "production"), ("second", "staging")):
        shop.create(name, {"environment": environment, "value": VALUES[name], **into("both")})
    shop.holds({name.upper(): value for name, value in VALUES.items()}, "both")
    for name in VALUES:
        assert condition(shop.ready(name))["message"] == "Secret both holds version 1 of the value"


def test_the_key_of_one_that_is_gone_does_not_stay_for_one_without_a_value(shop: Environment) -> None:
    shop.made("other", {"value": "stays", **into("named")})
    shop.made("first", {**KEY, "value": VALUES["first"], **into("named")})
    later(shop, "second", {**KEY, "environment": "staging", **into("named")})
    shop.told("second", "AwaitingValue")
    shop.delete_slot("first")
    shop.holds({"OTHER": "stays"}, "named")


@pytest.mark.parametrize("login_first", [True, False], ids=["login first", "environment first"])
def test_an_environment_and_a_login_do_not_share_a_secret(shop: Environment, *, login_first: bool) -> None:
    def login() -> Json:
        spec = git("t0ken", **projected("both"))
        head = {"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot", "metadata": {"name": "login"}}
        return shop.kube.create(slots(shop.namespace), {**head, "spec": spec})

    def key() -> Json:
        return shop.create("url", {"value": "s3cret", **into("both")})

    first, second = (login, key) if login_first else (key, login)
    pair = by_age(first(), second())

    def told() -> bool:
        login_, url = shop.kube.get(slots(shop.namespace, "login")), shop.slot("url")
        found = {made["metadata"]["name"]: made for made in (login_, url)}
        assert condition(found[pair[0]])["reason"] == "Ready"
        assert condition(found[pair[1]])["reason"] == "TargetConflict"
        assert all(f'"{other}"' in condition(found[name])["message"] for name, other in (pair, pair[::-1]))
        return True

    eventually(told, message="both say so")
    keys = {"login": {"username", "password"}, "url": {"URL"}}
    assert shop.bytes_of("both").keys() == keys[pair[0]]
    shop.kube.delete(slots(shop.namespace, "login"))
    shop.ready("url")
    shop.holds({"URL": "s3cret"}, "both")
