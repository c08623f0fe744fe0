"""Known values are on their way when servers refuse, connections break and leaders change; none is left behind."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from testbed.operator import Operator
from testbed.proxy import WRITES, Answers, Hold
from testbed.wait import eventually
from tests.e2e.places import all_places, objects
from tests.e2e.support import git, registry
from tests.e2e.world import World, manifest
from tests.support.leaks import find

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.support import Exposed

VAULT_DATA = f"{WRITES}/v1/[^/]+/data/"
SECRETS = f"{WRITES}/api/v1/.*/secrets"
LEASE = ("--lease-duration", "3")


def _canary() -> str:
    return f'c"&<ü/+ Canary{secrets.token_hex(12)} ~\\>z'


@pytest.mark.parametrize("end", [Operator.stop, Operator.kill], ids=["stopped", "killed"])
def test_no_value_is_left_by_what_fails(
    make_exposed: Callable[..., Exposed], operator: Callable[..., Operator], end: Callable[[Operator], None]
) -> None:
    org = make_exposed(*LEASE)
    other = operator(org.namespace, *LEASE, replica="other")
    leader, standby = (World(org.session, org.namespace, org.prefix, each) for each in (org.operator, other))
    values = {f"{kind}-{number}": _canary() for kind in ("refused", "cut") for number in range(4)}
    kube, vault = leader.mark(), org.session.vault_audit.mark()

    def apply(kind: str) -> None:
        for name, value in values.items():
            if name.startswith(kind):
                leader.apply(manifest(git(value) if name.endswith(("0", "2")) else registry(value), name))

    refusals = Answers(VAULT_DATA, 503, times=3), Answers(SECRETS, 500, times=3)
    org.to_vault.add(refusals[0])
    org.to_kube.add(refusals[1])
    apply("refused")
    for name in [name for name in values if name.startswith("refused")]:
        leader.ready(name)
    assert all(len(refusal.seen) == 3 for refusal in refusals)
    # Two answers of Vault are lost, then two of the API server's; at the next Secret the leader ends.
    lost = Hold(VAULT_DATA, 2, delivered=True)
    org.to_vault.add(lost)
    apply("cut")
    lost.wait()
    org.to_vault.clear()
    made = Hold(SECRETS, delivered=True)
    org.to_kube.add(made)
    org.to_vault.cut()
    made.wait()
    org.to_kube.cut()
    end(org.operator)
    eventually(lambda: other.metrics().value("slotwarden_leader") == 1, message="the other one leads")
    for name in values:
        standby.ready(name)
    # While Vault refuses a value, it stays where its user wrote it; in the end it is nowhere.
    places = {
        **all_places(standby, kube, vault, set(), set(values)),
        **dict(objects(org.kube, org.namespace, set(), set())),
        "log of the one that ended": org.operator.log.read_bytes(),
    }
    assert any("/leases/" in place for place in places)
    assert [leak for value in values.values() for leak in find(value, places)] == []
