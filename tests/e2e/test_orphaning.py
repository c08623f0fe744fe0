"""Objects deleted with `--cascade=orphan` leave their Secrets as they are, while the operator runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from testbed.clients.kube import slots
from testbed.wait import eventually
from tests.e2e.environments import DECLARED, SECRET, key_of
from tests.e2e.support import data, git, released

if TYPE_CHECKING:
    from tests.e2e.environments import Environment
    from tests.e2e.support import Json, Organization

NAMES = [f"key-{number}" for number in range(12)]


def values(names: list[str]) -> dict[str, str]:
    return {key_of(name): f"value of {name}" for name in names}


def filled(shop: Environment) -> Json:
    """The environment's Secret with a key for each name."""
    for name in NAMES:
        shop.create(name, {"value": f"value of {name}"})
    for name in NAMES:
        shop.ready(name)
    return shop.holds(values(NAMES))


def orphan(shop: Environment, *names: str) -> None:
    """Delete them and return when they are gone and their values let go."""
    for name in names:
        shop.kube.delete(shop.path(name), propagationPolicy="Orphan")
    for name in names:
        # The garbage collector, not the operator, holds an object until it has let go of the Secret.
        released(shop, name)


def test_a_slot_leaves_its_secret(org: Organization) -> None:
    org.made("orphaned", git("orphaned"))
    org.made("collected", git("collected"))
    uid = org.secret("orphaned")["metadata"]["uid"]
    org.kube.delete(slots(org.namespace, "orphaned"), propagationPolicy="Orphan")
    released(org, "orphaned")
    org.kube.delete(slots(org.namespace, "collected"))
    eventually(lambda: org.find_secret("collected") is None, message="the other Secret is collected")
    org.operator.restart()
    org.barrier()
    kept = org.secret("orphaned")
    assert kept["metadata"]["uid"] == uid
    assert not kept["metadata"].get("ownerReferences")
    assert data(kept)["password"] == "orphaned"


def test_all_keys_of_an_environment_stay(shop: Environment) -> None:
    uid = filled(shop)["metadata"]["uid"]
    orphan(shop, *NAMES)
    shop.barrier()
    shop.operator.restart()
    shop.barrier()
    kept = shop.holds(values(NAMES))
    assert kept["metadata"]["uid"] == uid
    assert not kept["metadata"].get("ownerReferences")


def test_one_key_stays_beside_those_that_are_declared(shop: Environment) -> None:
    filled(shop)
    gone, deleted, *others = NAMES
    orphan(shop, gone)
    shop.delete_slot(deleted)
    left = shop.holds(values([gone, *others]))
    assert json.loads(left["metadata"]["annotations"][DECLARED])["data"] == sorted(values(others))
    assert {owner["name"] for owner in left["metadata"]["ownerReferences"]} == set(others)
    # It is nobody's from now on: neither a change nor a restart concerns it.
    shop.set_secret(SECRET, KEY_0="theirs")
    shop.operator.restart()
    shop.edit(others[0], {"value": "another"})
    shop.holds(values([gone, *others]) | {"KEY_0": "theirs", "KEY_2": "another"})


def test_a_key_that_is_declared_again_goes_with_its_object(shop: Environment) -> None:
    filled(shop)
    first, *others = NAMES
    orphan(shop, first)
    shop.made(first, {"value": "anew"})
    shop.holds(values(NAMES) | {"KEY_0": "anew"})
    shop.delete_slot(first)
    shop.holds(values(others))
