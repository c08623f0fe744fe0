"""Those who stand by know all, hold nothing up, and do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.procfs import rss_kib
from testbed.wait import eventually
from tests.e2e.support import git
from tests.leadership.load import Load
from tests.leadership.support import Replicas, busy, leads, stands_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.operator import Operator
    from tests.e2e.support import Json

SLOTS = 200
MORE_KIB = 10 * 1024
"""What a standby may grow by over changes of the same slots, which is what Python's allocator may keep."""


def asked(org: Replicas, replica: Operator, verbs: set[str] | None = None, resource: str | None = None) -> list[Json]:
    return org.session.kube_audit.events(since=org.marks[0], user=replica.user, verbs=verbs, resource=resource)


@pytest.mark.long
def test_a_standby_only_watches_and_does_not_grow(make_replicas: Callable[..., Replicas]) -> None:
    org = make_replicas(5)
    standby = org.add()
    with Load(org, SLOTS) as load:
        busy(load, 300)
        stands_by(standby)
        before = rss_kib(standby.pid)
        busy(load, 1000)
        stands_by(standby)
        after = rss_kib(standby.pid)
    print(f"a standby holds {before} KiB, and {after} KiB 1000 changes later")  # noqa: T201
    assert after - before <= MORE_KIB
    org.settled(load)
    stands_by(standby)
    assert org.evidence().of_replica(standby) == []
    # Its lists and watches, and its looks at the Lease and at itself: no object is asked for.
    singly = [event["objectRef"]["resource"] for event in asked(org, standby, {"get"})]
    assert set(singly) <= {"leases", "namespaces", "customresourcedefinitions"}


@pytest.mark.long
def test_of_two_standbys_one_takes_over(make_replicas: Callable[..., Replicas]) -> None:
    org = make_replicas(5)
    standbys = [org.add(), org.add()]
    with Load(org, SLOTS) as load:
        busy(load)
        org.operator.kill()
        eventually(lambda: any(map(leads, standbys)), 60)
        second = next(replica for replica in standbys if leads(replica))
        third = next(replica for replica in standbys if replica is not second)
        busy(load)
        stands_by(third)
        assert [term.who for term in org.evidence().terms] == [org.operator.user, second.user]
        second.kill()
        eventually(lambda: leads(third), 60)
        busy(load)
    org.settled(load)
    found = org.evidence()
    found.assert_one_at_a_time()
    found.assert_nothing_overwritten()
    assert [term.who for term in found.terms] == [org.operator.user, second.user, third.user]


def test_a_standby_that_is_older_than_the_mac_key(make_replicas: Callable[..., Replicas]) -> None:
    """It takes over without asking for each Secret."""
    org = make_replicas(3, start=False)
    org.kube.create(
        org.lease_path.rsplit("/", 1)[0],
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": org.lease_path.rsplit("/", 1)[1]},
            "spec": {"holderIdentity": "another", "leaseDurationSeconds": 3600},
        },
    )
    standby = org.operator.start()
    stands_by(standby)
    assert org.vault.list(org.prefix) == []
    worker = org.add("--no-leader-elect")
    names = [f"slot-{number:02}" for number in range(40)]
    for name in names:
        org.create(name, git(name))
    for name in names:
        org.ready(name)
    worker.stop()
    org.kube.patch(org.lease_path, {"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}})
    eventually(lambda: leads(standby))
    org.made("later", git("later"))
    eventually(lambda: standby.metrics().value("slotwarden_queue_depth") == 0.0)
    assert asked(org, standby, {"get"}, "secrets") == []
    found = [write.what for write in org.evidence().of_replica(standby)]
    assert not [what for what in found if what.rsplit("/", 1)[1] in names]
