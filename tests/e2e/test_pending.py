"""A door states what it is about to write before it does: the operator looks for it, and says what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.e2e.support import condition, passwords, registry
from tests.e2e.world import WRITES

if TYPE_CHECKING:
    from tests.e2e.environments import Environment
    from tests.e2e.support import Json
    from tests.e2e.world import World


def answered(shop: World, name: str, request: str = "r-1", timeout: float = 30) -> Json:
    """What came of a request, once it is over."""

    def check() -> Json:
        status = shop.slot(name)["status"]
        assert "pending" not in status
        (operation, *_) = status["operations"]
        assert operation["requestID"] == request
        return dict(operation)

    return eventually(check, timeout, message=f"{request} is answered")


def test_a_value_that_is_announced_is_found_without_a_refresh(shop: Environment) -> None:
    shop.create("url")
    shop.told("url", "AwaitingValue")
    for version, value in enumerate(("first", "second"), 1):
        shop.give("url", value, version, f"r-{version}")
        operation = answered(shop, "url", f"r-{version}")
        assert (operation["state"], operation["reason"], operation["version"]) == ("Succeeded", "Ready", version)
        assert "message" not in operation
        shop.holds({"URL": value})
    assert [done["requestID"] for done in shop.slot("url")["status"]["operations"]] == ["r-2", "r-1"]
    shop.ready("url")


def test_a_login_is_announced_in_the_same_way(world: World) -> None:
    world.create("pull", registry())
    world.told("pull", "AwaitingValue")
    world.announce("pull", 1)
    login = {"username": "bot", "password": "one", "server_address": "ghcr.io"}
    world.vault.write(world.entry("pull"), login, cas=0)
    assert answered(world, "pull")["state"] == "Succeeded"
    assert passwords(world.secret("pull")) == {"ghcr.io": "one"}


def test_an_address_that_changes_for_a_value_on_its_way_is_not_told_of(world: World) -> None:
    world.create("pull", registry())
    world.announce("pull", 1)
    world.vault.write(world.entry("pull"), {"username": "bot", "password": "one", "server_address": "ghcr.io"}, cas=0)
    answered(world, "pull")
    before = world.secret("pull")
    world.announce("pull", 2, "r-2")
    mark = world.session.kube_audit.mark()
    vault = world.session.vault_audit.mark()
    world.edit("pull", registry(server="quay.io"))
    eventually(lambda: len(world.vault_requests(vault, "pull")) > 3, message="the version is looked for")
    assert not world.requests(mark, "pull", WRITES)
    assert world.secret("pull") == before
    world.vault.write(world.entry("pull"), {"username": "bot", "password": "two", "server_address": "quay.io"}, cas=1)
    assert answered(world, "pull", "r-2")["state"] == "Succeeded"
    assert passwords(world.secret("pull")) == {"quay.io": "two"}


def test_an_announcement_that_comes_early_is_waited_for(shop: Environment) -> None:
    shop.made("url", {"value": "first"})
    vault = shop.session.vault_audit.mark()
    shop.announce("url", 2)
    eventually(lambda: len(shop.vault_requests(vault, "url")) > 3, message="the version is looked for")
    assert "pending" in shop.slot("url")["status"]
    shop.vault.write(shop.entry("url"), {"value": "second"}, cas=1)
    assert answered(shop, "url")["state"] == "Succeeded"
    shop.holds({"URL": "second"})


def test_only_the_latest_requests_are_told(shop: Environment) -> None:
    shop.create("url")
    for version in range(1, 13):
        shop.give("url", f"value {version}", version, f"r-{version}")
        answered(shop, "url", f"r-{version}")
    operations = shop.slot("url")["status"]["operations"]
    assert [done["requestID"] for done in operations] == [f"r-{version}" for version in range(12, 2, -1)]


def test_equal_content_is_answered_without_a_version(shop: Environment) -> None:
    shop.made("url", {"value": "first"})
    shop.announce("url", 1)
    assert (answered(shop, "url")["state"], shop.stored_version("url")) == ("Succeeded", 1)
    shop.announce("url", 1, "r-2")
    assert answered(shop, "url", "r-2")["version"] == 1


def test_a_request_that_is_repeated_is_looked_for_again(shop: Environment) -> None:
    """As when the first try lost to another writer, or the door died and its client came again."""
    shop.made("url", {"value": "first"})
    shop.vault.write(shop.entry("url"), {"value": "somebody else's"}, cas=1)
    shop.announce("url", 2)
    answered(shop, "url")
    shop.give("url", "at last", 3)

    def check() -> bool:
        (operation,) = shop.slot("url")["status"]["operations"]
        assert (operation["requestID"], operation["version"]) == ("r-1", 3)
        return "pending" not in shop.slot("url")["status"]

    eventually(check, message="the repeated request is answered, once")
    shop.holds({"URL": "at last"})


def test_a_version_number_from_before_a_purge_is_no_answer(shop: Environment) -> None:
    """Vault counts from 1 again, and an entry that is gone holds no version at all."""
    shop.made("url", {"value": "first"})
    shop.edit("url", {"value": "second"})
    shop.holds({"URL": "second"})
    shop.ready("url")
    shop.vault.purge(shop.entry("url"))
    shop.refreshed("url")
    shop.told("url", "VersionDeleted")
    vault = shop.session.vault_audit.mark()
    shop.announce("url", 1)
    eventually(lambda: len(shop.vault_requests(vault, "url")) > 3, message="the version is looked for")
    assert "pending" in shop.slot("url")["status"]
    shop.vault.write(shop.entry("url"), {"value": "anew"}, cas=0)
    assert answered(shop, "url")["state"] == "Succeeded"
    shop.holds({"URL": "anew"})


@pytest.mark.parametrize("written", [True, False], ids=["value first", "value later"])
def test_what_was_announced_while_the_operator_was_down_is_worked_off(shop: Environment, *, written: bool) -> None:
    shop.made("url", {"value": "first"})
    shop.operator.stop()
    shop.announce("url", 2, ago=3600)
    if written:
        shop.vault.write(shop.entry("url"), {"value": "second"}, cas=1)
    vault = shop.session.vault_audit.mark()
    shop.operator.start()
    if not written:
        eventually(lambda: len(shop.vault_requests(vault, "url")) > 3, message="the version is looked for")
        shop.vault.write(shop.entry("url"), {"value": "second"}, cas=1)
    assert answered(shop, "url")["state"] == "Succeeded"
    shop.holds({"URL": "second"})


def test_an_operator_that_is_killed_while_it_looks_goes_on_looking(shop: Environment) -> None:
    shop.create("url")
    shop.told("url", "AwaitingValue")
    vault = shop.session.vault_audit.mark()
    shop.announce("url", 1)
    eventually(lambda: shop.vault_requests(vault, "url"), message="the version is looked for")
    shop.operator.kill()
    shop.write("url", "first")
    shop.operator.start()
    assert answered(shop, "url")["state"] == "Succeeded"
    shop.holds({"URL": "first"})


def test_a_value_that_never_comes_is_given_up_and_harms_nothing(shop: Environment) -> None:
    shop.made("url", {"value": "first"})
    shop.create("waits")
    shop.told("waits", "AwaitingValue")
    shop.announce("url", 2)
    shop.announce("waits", 1)
    for name, version in (("url", 2), ("waits", 1)):
        operation = answered(shop, name, timeout=60)
        assert (operation["state"], operation["reason"]) == ("Failed", "AwaitingValue")
        assert operation["message"] == f"version {version} did not come to Vault: set the value again"
    assert condition(shop.ready("url"))["message"] == "Secret shop-production-env holds version 1 of the value"
    shop.told("waits", "AwaitingValue")
    shop.holds({"URL": "first"})
    shop.give("waits", "after all", 1)
    shop.holds({"URL": "first", "WAITS": "after all"})
    assert answered(shop, "waits")["state"] == "Succeeded"


STATUS = "patch envsecrets/status"


def waiting(shop: World, name: str) -> Json:
    """The latest operation, once it is told to be in progress."""

    def check() -> Json:
        found = shop.slot(name)["status"]["operations"][0]
        assert found["state"] == "InProgress", found
        return dict(found)

    return eventually(check, message=f"{name} is in progress")


def test_what_is_found_at_once_is_never_told_to_be_in_progress(shop: Environment) -> None:
    shop.made("url", {"value": "first"})
    shop.barrier()
    kube = shop.mark()
    shop.give("url", "second", 2)
    assert "startedTime" not in answered(shop, "url")
    shop.barrier()
    assert [write for write in shop.writes(kube, "url") if write == STATUS] == [STATUS]


def test_what_is_waited_for_is_told_once_and_then_what_came_of_it(shop: Environment) -> None:
    shop.create("url")
    shop.told("url", "AwaitingValue")
    shop.barrier()
    kube, vault = shop.mark(), shop.session.vault_audit.mark()
    shop.announce("url", 1)
    told = waiting(shop, "url")
    assert (told["reason"], told["message"]) == ("AwaitingValue", "version 1 is not in Vault yet")
    assert "finishedTime" not in told
    assert shop.slot("url")["status"]["pending"]["requestID"] == "r-1"
    looks = len(shop.vault_requests(vault, "url"))
    eventually(lambda: len(shop.vault_requests(vault, "url")) > looks + 2, message="it is looked for")
    assert shop.writes(kube, "url") == [STATUS]
    shop.operator.kill()
    shop.operator.start()
    shop.write("url", "first")
    done = answered(shop, "url")
    assert (done["state"], done["startedTime"]) == ("Succeeded", told["startedTime"])
    assert shop.writes(kube, "url").count(STATUS) == 2


def test_those_whose_place_was_taken_are_canceled(shop: Environment) -> None:
    shop.made("url", {"value": "first"})
    shop.announce("url", 2, "r-1")
    waiting(shop, "url")
    shop.announce("url", 2, "r-3", instead_of=("r-2", "r-1"))
    shop.vault.write(shop.entry("url"), {"value": "second"}, cas=1)
    assert answered(shop, "url", "r-3")["state"] == "Succeeded"
    told = shop.slot("url")["status"]["operations"]
    assert [(each["requestID"], each["state"]) for each in told] == [
        ("r-3", "Succeeded"),
        ("r-2", "Canceled"),
        ("r-1", "Canceled"),
    ]
    assert all(each["reason"] == "Superseded" and "r-3" in each["message"] for each in told[1:])
    shop.holds({"URL": "second"})


def test_a_request_on_the_younger_of_two_fails(shop: Environment) -> None:
    """No door states one there, but which of two is the older can show too late."""
    names = ("one", "two")
    for name in names:
        shop.create(name, {"key": "URL"})
    (younger,) = eventually(
        lambda: [name for name in names if condition(shop.slot(name))["reason"] == "NameConflict"],
        message="one of them stands back",
    )
    shop.announce(younger, 1)
    failed = answered(shop, younger)
    assert (failed["state"], failed["reason"]) == ("Failed", "NameConflict")
