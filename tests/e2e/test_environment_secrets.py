"""The Secret of an environment: what others do to it, and what it cannot hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from testbed.wait import eventually
from tests.e2e.environments import DECLARED, SECRET, sourced
from tests.e2e.support import WATCH, condition, encoded
from tests.e2e.world import WRITES

if TYPE_CHECKING:
    from tests.e2e.environments import Environment

ADOPT = "slotwarden.io/adopt"
KIB = 1024
TOO_LARGE = "SecretTooLarge"


def two(shop: Environment) -> None:
    """Keys A and B."""
    for name in ("a", "b"):
        shop.create(name, {"value": f"value of {name}"})
    for name in ("a", "b"):
        shop.ready(name)
    shop.holds({"A": "value of a", "B": "value of b"})


def test_keys_of_others_stay(shop: Environment) -> None:
    two(shop)
    mark = shop.mark()
    shop.set_secret(SECRET, FOREIGN="theirs")
    shop.edit("a", {"value": "rotated"})
    shop.holds({"A": "rotated", "B": "value of b", "FOREIGN": "theirs"})
    shop.delete_slot("b")
    shop.holds({"A": "rotated", "FOREIGN": "theirs"})
    shop.barrier()
    assert shop.patch_data(mark) == [{"A"}, {"B"}]
    assert json.loads(shop.secret(SECRET)["metadata"]["annotations"][DECLARED])["data"] == ["A"]


def test_a_key_changed_or_taken_away_by_hand_is_put_right(shop: Environment) -> None:
    two(shop)
    mark = shop.mark()
    shop.set_secret(SECRET, A="mallory's")
    shop.holds({"A": "value of a", "B": "value of b"})
    shop.patch_secret(SECRET, {"data": {"B": None}})
    shop.holds({"A": "value of a", "B": "value of b"})
    shop.barrier()
    assert shop.patch_data(mark) == [{"A"}, {"B"}]


def test_a_key_changed_while_the_operator_is_down_is_put_right(shop: Environment) -> None:
    two(shop)
    shop.operator.stop()
    mark = shop.mark()
    shop.set_secret(SECRET, A="mallory's", FOREIGN="theirs")
    shop.operator.start()
    shop.holds({"A": "value of a", "B": "value of b", "FOREIGN": "theirs"})
    shop.barrier()
    assert shop.patch_data(mark) == [{"A"}]


def test_a_secret_deleted_by_hand_comes_back_with_all_keys(shop: Environment) -> None:
    two(shop)
    before = shop.secret(SECRET)
    shop.delete_secret(SECRET)
    after = shop.holds({"A": "value of a", "B": "value of b"})
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    for name in ("a", "b"):
        eventually(
            lambda name=name: shop.ready(name)["status"]["projections"][0]["uid"] == after["metadata"]["uid"],
            message=f"{name} tells of the new Secret",
        )


def test_a_strangers_secret_is_left_alone_until_it_may_be_taken_over(shop: Environment) -> None:
    foreign = shop.make_secret(SECRET, {"A": "theirs", "FOREIGN": "theirs"})
    for name in ("a", "b"):
        shop.create(name, {"value": f"value of {name}"})
    for name in ("a", "b"):
        assert ADOPT in condition(shop.told(name, "ForeignSecret"))["message"]
    shop.barrier()
    assert shop.secret(SECRET) == foreign
    shop.patch_secret(SECRET, {"metadata": {"annotations": {ADOPT: "true"}}})
    for name in ("a", "b"):
        shop.refreshed(name)
    adopted = shop.holds({"A": "value of a", "B": "value of b", "FOREIGN": "theirs"})
    assert adopted["metadata"]["uid"] == foreign["metadata"]["uid"]
    shop.ready("a")
    shop.delete_slot("a")
    shop.holds({"B": "value of b", "FOREIGN": "theirs"})


def test_what_a_strangers_secret_holds_takes_room_too(shop: Environment) -> None:
    foreign = shop.make_secret(SECRET, {"FOREIGN": "f" * 700 * KIB}, annotations={ADOPT: "true"})
    shop.create("large", {"value": "l" * 400 * KIB})
    shop.told("large", TOO_LARGE)
    shop.made("small", {"value": "fits"})
    adopted = shop.holds({"FOREIGN": "f" * 700 * KIB, "SMALL": "fits"})
    assert adopted["metadata"]["uid"] == foreign["metadata"]["uid"]
    shop.told("large", TOO_LARGE)


def test_a_value_is_refused_before_vault_would(shop: Environment) -> None:
    shop.made("fits", {"value": "x" * 512 * KIB})
    shop.create("more", {"value": "y" * (512 * KIB + 1)})
    told = shop.told("more", "InvalidValue")
    assert condition(told, "Stalled")["status"] == "True"
    assert "is longer than 512 KiB" in condition(told)["message"]
    assert shop.vault.metadata(shop.entry("more")) is None
    shop.holds({"FITS": "x" * 512 * KIB})


def sized(shop: Environment, name: str, kib: int) -> str:
    """Have a key hold that many KiB; its value."""
    value = name * (kib * KIB)
    source = f"source-{name}"
    shop.make_secret(source, {"value": value}, labels={WATCH: "true"})
    shop.create(name, sourced(source))
    return value


def test_what_does_not_fit_says_so_and_comes_when_there_is_room(shop: Environment) -> None:
    a = sized(shop, "a", 500)
    shop.ready("a")
    b = sized(shop, "b", 500)
    shop.ready("b")
    c = sized(shop, "c", 100)
    told = shop.told("c", TOO_LARGE)
    assert condition(told, "Stalled")["status"] == "True"
    assert condition(told, "ValueStored")["status"] == "True"
    assert "76 KiB more than the 1024 KiB" in condition(told)["message"]
    assert shop.event("c", TOO_LARGE)["type"] == "Warning"
    shop.made("small", {"value": "is written all the same"})
    shop.holds({"A": a, "B": b, "SMALL": "is written all the same"})
    shop.told("c", TOO_LARGE)
    shop.delete_slot("a")
    shop.holds({"B": b, "C": c, "SMALL": "is written all the same"})
    shop.ready("c")


def test_a_rotation_that_does_not_fit_leaves_the_old_value(shop: Environment) -> None:
    a, b = sized(shop, "a", 500), sized(shop, "b", 500)
    shop.made("c", {"value": "small"})
    shop.ready("a")
    shop.ready("b")
    large = "c" * 100 * KIB
    shop.edit("c", {"value": large})
    shop.told("c", TOO_LARGE)
    shop.holds({"A": a, "B": b, "C": "small"})
    shop.set_secret(SECRET, FOREIGN="wakes the operator")
    shop.made("d", {"value": "goes on"})
    shop.told("c", TOO_LARGE)
    shop.holds({"A": a, "B": b, "C": "small", "D": "goes on", "FOREIGN": "wakes the operator"})
    mark = shop.mark()
    shop.patch_secret("source-a", {"data": {"value": encoded("less")}})
    shop.holds({"A": "less", "B": b, "C": large, "D": "goes on", "FOREIGN": "wakes the operator"})
    shop.ready("c")
    assert shop.calls(mark, "secrets", SECRET, {*WRITES}).count("patch") <= 2
