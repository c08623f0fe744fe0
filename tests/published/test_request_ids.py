"""Several calls under one name: the object tells of one request, and of what came of the last of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from testbed.wait import eventually
from tests.published.environments import Shop

if TYPE_CHECKING:
    from testbed.gateway import Gateway
    from tests.published.operations import Bed
    from tests.published.support import Answer, Json

ID = "again-and-again"
WRITERS = 8


def shop(bed: Bed) -> Shop:
    made = Shop.new(bed.api)
    made.declared(bed.user, "TOKEN")
    return made


def give(bed: Bed, where: Shop, value: str, gateway: Gateway, name: str = ID) -> Answer:
    return bed.user.ask(
        "PUT", where.path("TOKEN", "value"), {"value": value}, gateway=gateway, headers={"X-Request-Id": name}
    )


def status(where: Shop) -> Json:
    found: Json = where.object(where.object_name("TOKEN")).get("status", {})
    return found


def settled(where: Shop) -> list[Json]:
    """What is told of the requests, once none is pending."""

    def check() -> list[Json]:
        found = status(where)
        assert "pending" not in found
        operations: list[Json] = found["operations"]
        return operations

    return eventually(check, message="nothing is pending")


def test_a_name_that_comes_again_is_told_once_by_what_came_of_the_last(bed: Bed) -> None:
    where = shop(bed)
    assert give(bed, where, "one", bed.api.gateway).code == 200
    assert [(each["requestID"], each["version"]) for each in settled(where)] == [(ID, 1)]
    assert give(bed, where, "two", bed.other).code == 200
    where.holds({"TOKEN": "two"})
    (told,) = settled(where)
    assert (told["requestID"], told["state"], told["version"]) == (ID, "Succeeded", 2)


def test_one_that_comes_again_before_the_operator_looked(bed: Bed) -> None:
    """It takes the place of its earlier self and of none that it would have to tell of; another's is told as ever."""
    where = shop(bed)
    bed.operator.stop()
    for value, name in (("one", ID), ("two", "another"), ("three", ID)):
        assert give(bed, where, value, bed.api.gateway, name).code == 200
    pending = status(where)["pending"]
    assert (pending["requestID"], pending["expectedVersion"]) == (ID, 3)
    assert [each["requestID"] for each in pending["superseded"]] == ["another"]
    bed.operator.start()
    where.holds({"TOKEN": "three"})
    told = [(each["requestID"], each["state"]) for each in settled(where)]
    assert told == [(ID, "Succeeded"), ("another", "Canceled")]


def test_many_at_once_under_one_name_leave_nothing_open(bed: Bed) -> None:
    where = shop(bed)
    values = [f"value {number}" for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as executor:
        answers = list(executor.map(lambda at: give(bed, where, values[at], bed.gateways[at % 2]), range(WRITERS)))
    assert {answer.code for answer in answers} <= {200, 409}
    last = bed.api.vault.read(where.entry("TOKEN"))["value"]
    where.holds({"TOKEN": last})
    (told,) = settled(where)
    assert (told["requestID"], told["state"]) == (ID, "Succeeded")
    metadata = bed.api.vault.metadata(where.entry("TOKEN"))
    assert metadata is not None
    assert told["version"] == metadata["current_version"]
