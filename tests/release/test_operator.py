"""What the operator does by each right that the chart gives it: `table.py` names the test that fails without it.

Small on purpose, and with what a release has alone: `test_mutants.py` runs each with a right left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import encoded
from tests.release.modes import CLUSTER_WIDE, NAMESPACED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.release.bed import Bed, Json

pytestmark = [
    pytest.mark.xdist_group("release"),
    pytest.mark.parametrize("bed", [CLUSTER_WIDE, NAMESPACED], indirect=True),
]
LEASE = "/apis/coordination.k8s.io/v1/namespaces/{}/leases/slotwarden"


def git(token: str) -> Json:
    return {"git": {"url": "https://git.example.com", "username": "bot", "token": token}}


def sourced(secret: str) -> Json:
    reference = {"secretKeyRef": {"name": secret, "key": "token"}}
    return {"git": {"url": "https://git.example.com", "username": "bot", "tokenFrom": reference}}


def source(bed: Bed, token: str, **labels: str) -> str:
    """A Secret that somebody looks after."""
    name = bed.name()
    body = {"metadata": {"name": name, "labels": labels}, "stringData": {"token": token}}
    bed.kube.create(core(bed.namespace, "secrets"), body)
    return name


def test_a_slot_is_projected(bed: Bed) -> None:
    bed.operator()
    name = bed.make("secretslots", git("first"))
    assert bed.secret(bed.projected("secretslots", name))["password"] == "first"


def test_an_environment_is_projected(bed: Bed) -> None:
    bed.operator()
    name = bed.make("envsecrets", {"value": "first"})
    assert bed.secret(bed.projected("envsecrets", name)) == {"KEY": "first"}


def test_an_inline_token_is_removed(bed: Bed) -> None:
    bed.operator()
    name = bed.make("secretslots", git("inline"))
    bed.eventually(lambda: "token" not in bed.get("secretslots", name)["spec"]["git"], "the token is gone")


def test_an_inline_value_is_removed(bed: Bed) -> None:
    bed.operator()
    name = bed.make("envsecrets", {"value": "inline"})
    bed.eventually(lambda: "value" not in bed.get("envsecrets", name)["spec"], "the value is gone")


def test_a_deleted_secret_of_a_slot_is_made_again(bed: Bed) -> None:
    bed.operator()
    secret = bed.projected("secretslots", bed.make("secretslots", git("again")))
    bed.kube.delete(core(bed.namespace, "secrets", secret))
    assert bed.eventually(lambda: bed.secret(secret), "the Secret is there again")["password"] == "again"


def test_a_deleted_secret_of_an_environment_is_made_again(bed: Bed) -> None:
    bed.operator()
    secret = bed.projected("envsecrets", bed.make("envsecrets", {"value": "again"}))
    bed.kube.delete(core(bed.namespace, "secrets", secret))
    assert bed.eventually(lambda: bed.secret(secret), "the Secret is there again") == {"KEY": "again"}


def test_a_secret_takes_the_next_value(bed: Bed) -> None:
    bed.operator()
    name = bed.make("secretslots", git("first"))
    secret = bed.projected("secretslots", name)
    bed.kube.patch(bed.path("secretslots", name), {"spec": git("second")})
    bed.eventually(lambda: bed.secret(secret)["password"] == "second", "the Secret has the value")


def test_a_secret_of_another_name_takes_the_place_of_the_first(bed: Bed) -> None:
    bed.operator()
    name = bed.make("secretslots", git("moved"))
    first, second = bed.projected("secretslots", name), bed.name()
    bed.kube.patch(bed.path("secretslots", name), {"spec": {"projections": [{"secretName": second}]}})
    path = core(bed.namespace, "secrets", first)
    bed.eventually(lambda: bed.kube.find(path) is None, "the first is gone")
    assert bed.secret(second)["password"] == "moved"


def test_a_source_is_read(bed: Bed) -> None:
    bed.operator()
    name = bed.make("secretslots", sourced(source(bed, "theirs")))
    assert bed.secret(bed.projected("secretslots", name))["password"] == "theirs"


def test_a_labelled_source_is_followed(bed: Bed) -> None:
    bed.operator()
    theirs = source(bed, "first", **{"slotwarden.io/watch": "true"})
    secret = bed.projected("secretslots", bed.make("secretslots", sourced(theirs)))

    def change() -> None:
        token = bed.name()
        bed.kube.patch(core(bed.namespace, "secrets", theirs), {"data": {"token": encoded(token)}})
        bed.eventually(lambda: bed.secret(secret)["password"] == token, "the Secret has the value")

    bed.eventually(lambda: heard_of(bed, "secrets", change), "the operator hears of a change")


def test_a_slot_is_heard_of(bed: Bed) -> None:
    def make() -> None:
        bed.ready("secretslots", bed.make("secretslots", git("heard")))

    bed.eventually(lambda: heard_of(bed, "secretslots", make), "the operator hears of a slot")


def test_an_environment_is_heard_of(bed: Bed) -> None:
    def make() -> None:
        bed.ready("envsecrets", bed.make("envsecrets", {"value": "heard"}))

    bed.eventually(lambda: heard_of(bed, "envsecrets", make), "the operator hears of an environment")


def heard_of(bed: Bed, resource: str, act: Callable[[], None]) -> bool:
    """Whether the operator came to know of what was done without listing all there is, as it does when it starts."""
    bed.operator()
    before = bed.release.session.kube_audit.mark()
    act()
    return not bed.asked_for(before, "list", resource)


def test_an_event_tells_of_what_happened(bed: Bed) -> None:
    bed.operator()
    name = bed.make("secretslots", git("first"))
    bed.projected("secretslots", name)
    bed.kube.patch(bed.path("secretslots", name), {"spec": git("second")})
    query = {"fieldSelector": f"involvedObject.name={name}"}
    bed.eventually(lambda: bed.kube.list(core(bed.namespace, "events"), **query), "there is an event")


def test_a_lease_that_was_let_go_is_taken(bed: Bed) -> None:
    bed.operator().stop()
    test_a_slot_is_projected(bed)


def test_a_standby_hears_that_the_leader_let_go(bed: Bed) -> None:
    operator = bed.operator()
    operator.stop()
    held = {"holderIdentity": "another", "leaseDurationSeconds": 600, "renewTime": f"{datetime.now(UTC):%FT%T.%fZ}"}
    lease = LEASE.format(bed.release.namespace)
    bed.kube.patch(lease, {"spec": held})
    before = bed.release.session.kube_audit.mark()
    operator.start(wait=False)
    eventually(lambda: bed.asked_for(before, "watch", "leases"), message="it stands by")
    bed.kube.patch(lease, {"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}})
    test_a_slot_is_projected(bed)
