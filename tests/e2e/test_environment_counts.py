"""What one key of a large environment costs, by the servers' audit logs: the others must not be felt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.e2e.environments import SECRET, into
from tests.e2e.world import WRITES, kinds

if TYPE_CHECKING:
    from tests.e2e.environments import Environment
    from tests.e2e.support import Json

# All that it does is counted.
pytestmark = pytest.mark.own_operator
COUNT = 500
EVERYTHING = frozenset({"get", "list", *WRITES})
SCRUB, STATUS, PATCH, GET = "patch envsecrets", "patch envsecrets/status", "patch secrets", "get secrets"
EVENT = "create events"


def name_of(number: int) -> str:
    return f"key-{number:03}"


def values(**others: str) -> dict[str, str]:
    """What the Secret holds, by key."""
    return {f"KEY_{number:03}": f"value {number}" for number in range(COUNT)} | others


def many(shop: Environment) -> None:
    """An environment of so many keys, all of them Ready."""
    kube = shop.mark()
    for number in range(COUNT):
        shop.create(name_of(number), {"value": f"value {number}"})

    def all_ready() -> bool:
        found = shop.kube.list(shop.path())
        return sum(1 for made in found if _is_ready(made)) == COUNT

    eventually(all_ready, 120, interval=0.5, message=f"{COUNT} keys are Ready")
    shop.holds(values())
    shop.barrier()
    asked = kinds(shop.requests(kube, verbs=WRITES))
    assert asked.count(PATCH) <= COUNT
    assert asked.count(STATUS) <= 2 * COUNT


def _is_ready(made: Json) -> bool:
    conditions = made.get("status", {}).get("conditions", [])
    return any(held["type"] == "Ready" and held["status"] == "True" for held in conditions)


def test_one_key_of_many_costs_what_one_key_costs(shop: Environment) -> None:
    many(shop)
    before = {made["metadata"]["name"]: made for made in shop.kube.list(shop.path())}

    def costs(name: str) -> tuple[list[str], list[tuple[str, str]]]:
        """What was asked of the API server but for events, and of Vault, all of it about that one object."""
        shop.barrier()
        asked = [e for e in shop.requests(kube, verbs=EVERYTHING) if not _is_barriers(e)]
        about = {e["objectRef"].get("name", "") for e in asked if e["objectRef"]["resource"] == "envsecrets"}
        assert about <= {name}
        everything = shop.session.vault_audit.requests(f"{shop.prefix}/{shop.namespace}/env/shop", since=vault)
        return (
            # A namespace is asked for anew after a deletion, by whoever comes next.
            [kind for kind in kinds(asked) if kind not in (EVENT, "get namespaces")],
            [(request["operation"], request["path"].split("/")[1]) for request in everything],
        )

    kube, vault = shop.mark(), shop.session.vault_audit.mark()
    shop.write("key-123", "by hand")
    shop.refreshed("key-123")
    shop.holds(values(KEY_123="by hand"))
    asked, looked = costs("key-123")
    assert looked.count(("read", "data")) == 1
    assert [look for look in looked if look not in (("update", "data"), ("create", "data"))] == [("read", "data")]
    assert [kind for kind in asked if kind != STATUS] == [PATCH]
    assert 1 <= asked.count(STATUS) <= 2
    assert shop.patch_data(kube) == [{"KEY_123"}]

    kube, vault = shop.mark(), shop.session.vault_audit.mark()
    shop.edit("key-321", {"value": "inline"})
    shop.holds(values(KEY_123="by hand", KEY_321="inline"))
    shop.event("key-321", "Rotated")
    asked, looked = costs("key-321")
    assert looked == [("read", "data"), ("update", "data")]
    assert asked == [SCRUB, PATCH, STATUS]
    assert shop.patch_data(kube) == [{"KEY_321"}]

    kube, vault = shop.mark(), shop.session.vault_audit.mark()
    shop.delete_slot("key-200")
    left = values(KEY_123="by hand", KEY_321="inline")
    del left["KEY_200"]
    shop.holds(left)
    asked, looked = costs("key-200")
    assert {where for _, where in looked} == {"metadata", "delete"}
    assert asked == [PATCH]
    assert shop.patch_data(kube) == [{"KEY_200"}]

    after = {made["metadata"]["name"]: made for made in shop.kube.list(shop.path())}
    changed = {name for name, made in after.items() if before.get(name) != made and not name.startswith("barrier-")}
    assert changed == {"key-123", "key-321"}


def _is_barriers(event: Json) -> bool:
    """Whether a request is about what a barrier makes."""
    named = event["objectRef"].get("name") or event.get("requestObject", {}).get("metadata", {}).get("name", "")
    return str(named).startswith("barrier-")


def test_a_new_key_of_an_environment_costs_one_patch_of_its_secret(shop: Environment) -> None:
    shop.made("first", {"value": "one", **into(SECRET)})
    shop.barrier()
    kube, vault = shop.mark(), shop.session.vault_audit.mark()
    shop.made("second", {"value": "two", **into(SECRET)})
    shop.barrier()
    assert shop.writes(kube, "second") == [SCRUB, STATUS]
    assert shop.calls(kube, "secrets", SECRET) == ["patch"]
    assert shop.patch_data(kube) == [{"SECOND"}]
    assert [where for operation, where in shop.vault_requests(vault, "second") if operation != "read"] == [
        "metadata",
        "data",
    ]
    assert shop.calls(kube, "envsecrets/status", "first") == []
