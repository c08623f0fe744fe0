"""A leader that dies, stands still or is cut off is succeeded within its Lease, and does no harm any more."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from slotwarden.cluster.election import Timing
from testbed.proxy import Proxy
from testbed.wait import eventually
from tests.leadership.load import Load
from tests.leadership.support import Replicas, busy, leads, lost, stands_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.session import Session
    from tests.leadership.evidence import Write

SLOTS = 200
TRANSIT = timedelta(seconds=0.5)
"""After which a server has what was sent before."""
NOISE = 2.0
"""Seconds that a busy machine may add."""


def prove(
    org: Replicas, load: Load, duration: float, since: datetime | None = None, spared: list[Write] | None = None
) -> None:
    """The logs tell of one takeover, in time since the last renewal or what stood for it, and of no harm."""
    org.settled(load)
    found = org.evidence().without(spared or [])
    found.assert_one_at_a_time()
    found.assert_nothing_overwritten()
    assert len(found.terms) == 2
    took = (found.terms[1].since - (since or found.terms[0].renewed)).total_seconds()
    first = (found.first_write().began - found.terms[1].since).total_seconds()
    print(f"taken over {took:.2f} s after the last sign, first write {first:.2f} s later")  # noqa: T201
    assert duration - NOISE <= took <= duration + Timing.of(duration).retry + NOISE


def prove_after_a_kill(make_replicas: Callable[..., Replicas], slots: int, duration: float) -> None:
    """A leader that is killed while slots change is succeeded."""
    org = make_replicas(duration)
    old, new = org.operator, org.add()
    with Load(org, slots) as load:
        busy(load)
        stands_by(new)
        old.kill()
        eventually(lambda: leads(new), 60)
        busy(load)
    prove(org, load, duration)


def test_few_slots_and_a_short_lease(make_replicas: Callable[..., Replicas]) -> None:
    """What `make test` sees of the others."""
    prove_after_a_kill(make_replicas, slots=30, duration=3)


@pytest.fixture
def proxy(installed: Session) -> Iterator[Proxy]:
    """A proxy before the API server."""
    made = Proxy(installed.testbed.apiserver.url, installed.testbed.pki).start()
    yield made
    made.stop()


@pytest.mark.long
def test_a_killed_leader(make_replicas: Callable[..., Replicas]) -> None:
    prove_after_a_kill(make_replicas, SLOTS, duration=15)


@pytest.mark.long
def test_a_leader_that_stood_still(make_replicas: Callable[..., Replicas]) -> None:
    org = make_replicas(5)
    old, new = org.operator, org.add()
    with Load(org, SLOTS) as load:
        busy(load)
        old.signal(signal.SIGSTOP)
        eventually(lambda: leads(new), 60)
        busy(load)
        woken = datetime.now(UTC)
        old.signal(signal.SIGCONT)
        lost(old, "it could not be renewed within")
        busy(load)
    # No process can tell that it is stopped between its last look at the clock and the system call that sends: one
    # write, of the one thread that writes. Nothing that had to wait for anything is sent.
    underway = org.evidence().of_replica(old, since=woken)
    assert len(underway) <= 1
    prove(org, load, 5, spared=underway)


@pytest.mark.long
@pytest.mark.parametrize("way", ["refused", "silent"])
def test_a_leader_cut_off_from_the_api_server(
    make_replicas: Callable[..., Replicas], proxy: Proxy, installed: Session, way: str
) -> None:
    org = make_replicas(5, start=False)
    old = org.operator.through(kubernetes=proxy.url, vault=installed.endpoints.vault_address).start()
    eventually(lambda: leads(old))
    new = org.add()
    with Load(org, SLOTS) as load:
        busy(load)
        if way == "silent":
            proxy.silence()
        else:
            proxy.stop()
        saw = lost(old, "it could not be renewed within")
        eventually(lambda: leads(new), 60)
        # It is back, and nobody is there any more to use it.
        proxy.start()
        busy(load)
    prove(org, load, 5)
    found = org.evidence()
    assert saw < found.terms[1].since
    assert found.of_replica(old, since=saw + TRANSIT) == []


@pytest.mark.long
@pytest.mark.parametrize(("holder", "why"), [("", "nobody holds it"), ("somebody", "somebody holds it")])
def test_a_lease_that_an_administrator_takes_from_its_holder(
    make_replicas: Callable[..., Replicas], holder: str, why: str
) -> None:
    org = make_replicas(5)
    old, new = org.operator, org.add()
    with Load(org, SLOTS) as load:
        busy(load)
        edited = datetime.now(UTC)
        org.kube.patch(org.lease_path, {"spec": {"holderIdentity": holder}})
        saw = lost(old, why)
        eventually(lambda: leads(new), 60)
        busy(load)
    prove(org, load, 5, edited)
    assert org.evidence().of_replica(old, since=saw + TRANSIT) == []


@pytest.mark.long
@pytest.mark.parametrize("what", ["deleted", "labelled"])
def test_a_lease_that_an_administrator_deletes_or_labels_stays_the_leaders(
    make_replicas: Callable[..., Replicas], what: str
) -> None:
    org = make_replicas(5)
    old, new = org.operator, org.add()
    with Load(org, SLOTS) as load:
        busy(load)
        before = org.lease()
        if what == "deleted":
            org.kube.delete(org.lease_path)
        else:
            org.kube.patch(org.lease_path, {"metadata": {"labels": {"example.com/team": "platform"}}})

        def renewed_again() -> bool:
            lease = org.lease()
            assert lease["spec"]["holderIdentity"] == before["spec"]["holderIdentity"]
            return bool(lease["spec"]["acquireTime"] != before["spec"]["acquireTime"])

        eventually(renewed_again, message="the holder has taken note")
        busy(load)
        stands_by(new)
    assert leads(old)
    org.settled(load)
    found = org.evidence()
    found.assert_one_at_a_time()
    assert [term.who for term in found.terms] == [old.user]
