"""What happens to an environment while the operator is down, and that a start by itself changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.e2e.environments import SECRET, Environment, into, sourced
from tests.e2e.support import WATCH, entry, is_deleted, newest, released
from tests.e2e.world import WRITES, kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.operator import Operator
    from testbed.session import Session


@pytest.fixture
def shop(installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str) -> Environment:
    """An environment whose operator sweeps twice soon after its start."""
    return Environment(installed, namespace, vault_prefix, operator(namespace, "--sweep-grace", "3"))


def test_a_deletion_missed_takes_the_key_at_once_and_lets_the_value_go_by_the_sweep(shop: Environment) -> None:
    shop.made("alive", {"value": "stays"})
    shop.made("dead", {"value": "goes"})
    before = entry(shop, "alive")
    shop.operator.stop()
    shop.delete_slot("dead")
    shop.operator.start()
    shop.holds({"ALIVE": "stays"})
    assert is_deleted(newest(released(shop, "dead")))
    assert entry(shop, "alive") == before


def test_the_sweep_leaves_what_is_not_surely_ours_and_dead(shop: Environment) -> None:
    """An entry of nobody, of another cluster and under Retain; z comes after them, as a sweep goes by names."""
    shop.made("a-retained", {"value": "kept", "deletionPolicy": "Retain"})
    shop.made("z-dead", {"value": "goes"})
    shop.operator.stop()
    dead = entry(shop, "z-dead")["custom_metadata"]
    shop.write("b-unowned", "theirs")
    shop.write("c-foreign", "theirs")
    shop.vault.set_custom_metadata(shop.entry("c-foreign"), {**dead, "slotwarden.io/cluster": "another"})
    left = ("a-retained", "b-unowned", "c-foreign")
    before = {name: entry(shop, name) for name in left}
    shop.delete_slot("a-retained")
    shop.delete_slot("z-dead")
    shop.operator.start()
    released(shop, "z-dead")
    assert {name: entry(shop, name) for name in left} == before


def test_an_object_made_anew_while_nobody_looked_takes_over(shop: Environment) -> None:
    shop.made("url", {"value": "old"})
    shop.made("other", {"value": "stays"})
    shop.operator.stop()
    shop.delete_slot("url")
    shop.create("url", {"value": "new"})
    shop.operator.start()
    assert shop.ready("url")["status"]["vault"]["version"] == 2
    shop.holds({"URL": "new", "OTHER": "stays"})
    versions = entry(shop, "url")["versions"]
    assert versions["1"]["deletion_time"]
    assert not versions["2"]["deletion_time"]


def test_a_restart_writes_nothing_where_all_is_as_it_should_be(shop: Environment) -> None:
    """Of those in trouble too: who waits, who stands back, who does not fit, whose value is gone from Vault."""
    every = {"refreshInterval": "2s"}
    shop.make_secret("source", {"value": "followed"}, labels={WATCH: "true"})
    shop.made("url", {"value": "one", **every})
    shop.made("follower", sourced("source", **every))
    for name in ("large", "larger"):
        shop.made(name, {"value": "x" * 500 * 1024, **into("full"), **every})
    specs = {
        "waits": ("AwaitingValue", {**every}),
        "lost": ("SourceMissing", sourced("absent", **every)),
        "no-room": ("SecretTooLarge", {"value": "y" * 100 * 1024, **into("full"), **every}),
        "deleted": ("Ready", {"value": "stays in the Secret", **every}),
    }
    for name, (reason, spec) in specs.items():
        shop.create(name, spec)
        shop.told(name, reason)
    shop.vault.soft_delete(shop.entry("deleted"))
    shop.told("deleted", "VersionDeleted")
    for name in ("one", "two"):
        shop.create(name, {"key": "RIVAL", "environment": "staging", **every})
    conflict = eventually(lambda: [n for n in ("one", "two") if reason_of(shop, n) == "NameConflict"])
    shop.barrier()
    shop.operator.stop()
    kube, vault = shop.mark(), shop.session.vault_audit.mark()
    before = {made["metadata"]["name"]: made for made in shop.kube.list(shop.path())}
    shop.operator.start()
    for name in ("url", "follower", "large", "waits", "deleted", "no-room"):
        eventually(lambda name=name: len(shop.vault_requests(vault, name)) >= 2, message=f"{name} is looked at")
    tried = shop.requests(kube, verbs=WRITES)
    assert [(kinds([event])[0], event["objectRef"].get("name"), event["requestObject"]) for event in tried] == []
    assert {made["metadata"]["name"]: made for made in shop.kube.list(shop.path())} == before
    requests = shop.session.vault_audit.requests(shop.prefix, since=vault)
    assert {request["operation"] for request in requests} <= {"read", "list"}
    assert reason_of(shop, conflict[0]) == "NameConflict"
    shop.holds({"URL": "one", "FOLLOWER": "followed", "DELETED": "stays in the Secret"}, SECRET)
    shop.barrier()
    assert shop.writes(kube), "writes would have been seen"


def reason_of(shop: Environment, name: str) -> str:
    """The reason of its Ready condition; empty before it has one."""
    conditions = shop.slot(name).get("status", {}).get("conditions", [])
    return next((str(held["reason"]) for held in conditions if held["type"] == "Ready"), "")
