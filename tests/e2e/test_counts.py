"""How many requests things cost, counted in the servers' audit logs: a cluster with many slots lives on these numbers.

Lists and watches of whole collections belong to the operator, not to a slot, and are not counted.
"""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from testbed.wait import eventually
from tests.e2e.support import WATCH, git, registry
from tests.e2e.world import WRITES, git_sourced, kinds, manifest, sourced

if TYPE_CHECKING:
    from testbed.clients.audit import Mark
    from tests.e2e.world import World

# All that it does is counted.
pytestmark = pytest.mark.own_operator
FOLLOWED = {WATCH: "true"}
SCRUB, SECRET, STATUS = "patch secretslots", "create secrets", "patch secretslots/status"
NEW = {"inline-registry": registry("s3cret"), "inline-git": git("t0ken")}
SOURCED = {"registry": sourced(), "git": git_sourced()}


def _vault_writes(world: World, since: Mark, name: str = "pull") -> list[str]:
    """Where under a slot's entry was written: `data`, `metadata`, …"""
    return [where for operation, where in world.vault_requests(since, name) if operation not in ("read", "list")]


def _all_work_is_done(world: World) -> None:
    """Whatever a first slot causes once (the MAC key) is behind us."""
    world.barrier()


@pytest.mark.parametrize("kind", NEW)
def test_a_new_inline_slot_costs_three_kubernetes_writes_and_two_of_vault(world: World, kind: str) -> None:
    _all_work_is_done(world)
    kube, vault = world.mark(), world.session.vault_audit.mark()
    world.apply(manifest(NEW[kind]))
    world.ready("pull")
    world.barrier()
    assert world.writes(kube, "pull") == [SCRUB, SECRET, STATUS]
    assert _vault_writes(world, vault) == ["metadata", "data"]
    assert world.events("pull") == []


@pytest.mark.parametrize("labels", [{}, FOLLOWED], ids=["unlabelled", "labelled"])
@pytest.mark.parametrize("kind", SOURCED)
def test_a_new_sourced_slot_costs_two_kubernetes_writes_and_two_of_vault(
    world: World, kind: str, labels: dict[str, str]
) -> None:
    world.make_secret("source", {"value": "s3cret"}, labels=labels)
    _all_work_is_done(world)
    kube, vault = world.mark(), world.session.vault_audit.mark()
    world.apply(manifest(SOURCED[kind]))
    world.ready("pull")
    world.barrier()
    assert world.writes(kube, "pull") == [SECRET, STATUS]
    assert _vault_writes(world, vault) == ["metadata", "data"]
    assert kinds(world.requests(kube, "source")) == ["get secrets"]
    assert world.events("pull") == []


def test_an_inline_rotation_costs_three_kubernetes_writes_and_one_of_vault(world: World) -> None:
    """Beside them an event tells of it: nothing else would say when a credential changed."""
    world.apply(manifest(registry("s3cret")))
    world.ready("pull")
    _all_work_is_done(world)
    kube, vault = world.mark(), world.session.vault_audit.mark()
    world.apply(manifest(registry("an0ther")))
    eventually(lambda: world.slot("pull")["status"]["vault"]["version"] == 2, message="the rotation is told")
    world.barrier()
    world.event("pull", "Rotated")
    writes = world.writes(kube, "pull")
    assert [what for what in writes if what != "create events"] == [SCRUB, "patch secrets", STATUS]
    assert writes.count("create events") == 1
    assert _vault_writes(world, vault) == ["data"]


def test_a_rotation_through_a_source_costs_two_kubernetes_writes_and_one_of_vault(world: World) -> None:
    world.make_secret("source", {"value": "s3cret"}, labels=FOLLOWED)
    world.apply(manifest(sourced()))
    world.ready("pull")
    _all_work_is_done(world)
    kube, vault = world.mark(), world.session.vault_audit.mark()
    world.set_secret("source", value="an0ther")
    eventually(lambda: world.slot("pull")["status"]["vault"]["version"] == 2, message="the rotation is told")
    world.barrier()
    writes = world.writes(kube, "pull")
    assert [what for what in writes if what != "create events"] == ["patch secrets", STATUS]
    assert _vault_writes(world, vault) == ["data"]


def test_re_applying_a_value_costs_the_scrub_and_the_status(world: World) -> None:
    world.apply(manifest(registry("s3cret")))
    world.ready("pull")
    _all_work_is_done(world)
    kube, vault = world.mark(), world.session.vault_audit.mark()
    world.apply(manifest(registry("s3cret")))
    eventually(lambda: SCRUB in world.writes(kube, "pull"), message="the scrub")
    world.ready("pull")
    world.barrier()
    assert world.writes(kube, "pull") == [SCRUB, STATUS]
    assert _vault_writes(world, vault) == []


def _refreshes(world: World, since: Mark, count: int, name: str = "pull") -> list[tuple[str, str]]:
    """The requests to a slot's entry once there were that many looks at it."""

    def check() -> list[tuple[str, str]] | None:
        found = world.vault_requests(since, name)
        return found if len(found) >= count else None

    return eventually(check, message=f"{count} refreshes of {name}") or []


def _times(world: World, since: Mark) -> list[float]:
    """When the slot's entry was asked for."""
    with world.session.vault_audit.path.open("rb") as handle:
        handle.seek(since.place)
        entries = [json.loads(line) for line in handle if line.endswith(b"\n")]
    ours = [e for e in entries if e["type"] == "request" and e["request"]["path"].endswith(world.entry("pull"))]
    return [datetime.fromisoformat(entry["time"]).timestamp() for entry in ours]


@pytest.mark.parametrize("kind", ["without", "labelled", "unlabelled"])
def test_a_refresh_that_finds_nothing_new_costs_one_read_of_vaults_metadata(world: World, kind: str) -> None:
    """And nothing of Kubernetes; where the source is unlabelled, the read of the source."""
    spec: dict[str, Any] = registry("s3cret", refreshInterval="1s")
    if kind != "without":
        world.make_secret("source", {"value": "s3cret"}, labels=FOLLOWED if kind == "labelled" else {})
        spec = sourced(refreshInterval="1s")
    world.apply(manifest(spec))
    world.ready("pull")
    _all_work_is_done(world)
    kube, vault = world.mark(), world.session.vault_audit.mark()
    looks = _refreshes(world, vault, 4)
    assert set(looks) == {("read", "metadata")}
    assert kinds(world.requests(kube, "pull")) == []
    assert world.requests(kube, verbs=WRITES) == []
    reads = kinds(world.requests(kube, "source"))
    # It goes on meanwhile: there are as many as there were looks before, or are by now, and one before its look.
    most = len(_refreshes(world, vault, 4)) + 1
    assert len(looks) <= len(reads) <= most if kind == "unlabelled" else reads == []
    times = _times(world, vault)
    assert min(later - earlier for earlier, later in pairwise(times)) > 0.5


def test_a_restart_writes_nothing_where_all_is_as_it_should_be(world: World) -> None:
    """Each slot is looked at in Vault again, so its key has run; of a stranger's Secret nothing but refusals is got."""
    world.make_secret("source", {"value": "s3cret"})
    world.make_secret("followed", {"value": "s3cret"}, labels=FOLLOWED)
    world.make_secret("foreign", {"k": "v"})
    every = {"refreshInterval": "2s"}
    specs = {
        "inline": registry("s3cret", **every),
        "clone": git("t0ken", **every),
        "sourced": sourced(**every),
        "follower": git_sourced("followed", **every),
        "foreign": registry("s3cret", **every),
        "waiting": registry(**every),
        "lost": sourced("absent", **every),
    }
    reasons = {"foreign": "ForeignSecret", "waiting": "AwaitingValue", "lost": "SourceMissing"}
    world.apply(*(manifest(spec, name) for name, spec in specs.items()))
    for name in specs:
        world.told(name, reasons.get(name, "Ready"))
    world.barrier()
    world.operator.stop()
    kube, vault = world.mark(), world.session.vault_audit.mark()
    world.operator.start()
    for name in specs.keys() - {"lost"}:
        _refreshes(world, vault, 2, name)
    eventually(lambda: len(world.requests(kube, "absent")) >= 2, message="the absent source is looked for")
    tried = world.requests(kube, verbs=WRITES)
    assert [event for event in tried if event["responseStatus"]["code"] < 400] == []
    assert {event["requestObject"]["metadata"]["name"] for event in tried} <= {"foreign"}
    requests = world.session.vault_audit.requests(world.prefix, since=vault)
    assert {request["operation"] for request in requests} <= {"read", "list"}
    world.barrier()
    assert len(world.writes(kube)) > len(tried), "writes would have been seen"


def test_a_start_lists_each_kind_once_beside_what_the_watch_begins_with(world: World) -> None:
    world.apply(manifest(git("t0ken"), "one"), manifest(git("t0ken"), "two"))
    for name in ("one", "two"):
        world.ready(name)
    world.operator.stop()
    kube, vault = world.mark(), world.session.vault_audit.mark()
    world.operator.start()
    entries = f"{world.prefix}/{world.namespace}/slots"
    eventually(
        lambda: [r for r in world.session.vault_audit.requests(entries, since=vault) if r["operation"] == "list"],
        message="the values were swept",
    )
    # The watches have begun.
    world.barrier()
    lists = world.session.kube_audit.events(
        since=kube, user=world.operator.user, namespace=world.namespace, verbs={"list"}
    )
    kinds = ("envsecrets", "secrets", "secretslots")
    assert sorted(event["objectRef"]["resource"] for event in lists) == [kind for kind in kinds for _ in range(2)]
