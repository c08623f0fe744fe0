"""What was deleted while nobody looked is made up for after the start, and only what surely is ours and dead."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.e2e.support import RELEASED, Organization, data, entry, git, newest, released

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.audit import Mark
    from testbed.operator import Operator
    from testbed.session import Session

GRACE = 3


@pytest.fixture
def org(installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str) -> Organization:
    """A namespace whose operator sweeps twice soon after its start."""
    return Organization(installed, namespace, vault_prefix, operator(namespace, "--sweep-grace", str(GRACE)))


def lists_since(org: Organization, mark: Mark) -> list[datetime]:
    """When the operator listed its slots, by the API server's record."""
    found = org.session.kube_audit.events(
        since=mark, user=org.operator.user, namespace=org.namespace, resource="secretslots", verbs={"list"}
    )
    return [datetime.fromisoformat(event["requestReceivedTimestamp"]) for event in found]


def test_a_deletion_missed_is_made_up_for_after_two_lists_apart(org: Organization) -> None:
    org.made("git", git("token"))
    org.made("alive", git("alive"))
    before = entry(org, "alive")
    org.operator.stop()
    org.delete_slot("git")
    mark = org.mark()
    org.operator.start()
    deleted = datetime.fromisoformat(newest(released(org, "git"))["deletion_time"])
    lists = lists_since(org, mark)
    last = max(moment for moment in lists if moment < deleted)
    assert any(last - moment > timedelta(seconds=GRACE * 0.9) for moment in lists)
    eventually(lambda: org.find_secret("git") is None, message="the Secret is collected")
    assert entry(org, "alive") == before


def test_what_is_not_surely_ours_and_dead_is_left(org: Organization) -> None:
    """An entry of nobody, of another cluster and under Retain; a sweep goes by names, so z comes after them."""
    org.made("a-retained", git("a", deletionPolicy="Retain"))
    org.made("z-dead", git("z"))
    org.operator.stop()
    theirs = {"username": "them", "token": "theirs", "url": "https://github.com"}
    dead = entry(org, "z-dead")["custom_metadata"]
    org.vault.write(org.entry("b-unowned"), theirs)
    org.vault.write(org.entry("c-foreign"), theirs)
    org.vault.set_custom_metadata(org.entry("c-foreign"), {**dead, "slotwarden.io/cluster": "another"})
    org.vault.write(org.entry("d-foreign-released"), theirs)
    long_ago = {"slotwarden.io/cluster": "another", RELEASED: "2020-01-01T00:00:00+00:00"}
    org.vault.set_custom_metadata(org.entry("d-foreign-released"), {**dead, **long_ago})
    left = ("a-retained", "b-unowned", "c-foreign", "d-foreign-released")
    before = {name: entry(org, name) for name in left}
    org.delete_slot("a-retained")
    org.delete_slot("z-dead")
    org.operator.start()
    released(org, "z-dead")
    assert {name: entry(org, name) for name in left} == before


def test_a_slot_made_anew_while_nobody_looked_takes_over(org: Organization) -> None:
    org.made("git", git("old"))
    org.operator.stop()
    org.delete_slot("git")
    org.create("git", git("new"))
    org.operator.start()
    assert org.ready("git")["status"]["vault"]["version"] == 2
    eventually(lambda: data(org.secret("git"))["password"] == "new")
    versions = entry(org, "git")["versions"]
    assert versions["1"]["deletion_time"]
    assert not versions["2"]["deletion_time"]
