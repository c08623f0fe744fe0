"""Vault sealed, away, restarted, refusing: Secrets stay, the cause is told where it matters, work resumes by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.e2e.support import condition, data, git
from tests.faults.support import PATIENCE, is_released, shape, told_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.cluster import Testbed
    from tests.e2e.support import Json, Organization


@pytest.fixture(autouse=True)
def vault_up(own_testbed: Testbed) -> Iterator[None]:
    """However a test ends, the next begins with a Vault that answers."""
    yield
    own_testbed.vault.start()


def waits(org: Organization, name: str, reason: str) -> Json:
    """A slot whose value waits for Vault, once it says so."""
    slot = org.told(name, reason)
    assert condition(slot)["status"] == "False"
    assert condition(slot, "Reconciling")["reason"] == reason
    # What is not stored yet must not be taken out of the object.
    assert slot["spec"]["git"]["token"]
    return slot


@pytest.mark.parametrize(
    ("end", "reason", "said"),
    [("seal", "VaultSealed", "sealed"), ("stop", "VaultUnavailable", "could not be reached")],
)
def test_secrets_stay_through_an_outage_and_new_values_wait(
    org: Organization, own_testbed: Testbed, end: str, reason: str, said: str
) -> None:
    vault = own_testbed.vault
    known = org.made("known", git("one"))
    secret = org.secret("known")
    getattr(vault, end)()
    org.create("new", git("new"))
    waiting = waits(org, "new", reason)
    assert said in condition(waiting)["message"]
    assert condition(waiting, "ValueStored")["status"] == "False"
    told_of(org, up=False, said=said)
    # A refresh is due, and Vault cannot be asked: what is known stays as it is.
    asked = org.ask_refresh("known")
    org.create("later", git("later"))
    waits(org, "later", reason)
    during = org.slot("known")
    assert during["status"] == known["status"]
    assert shape(org.secret("known")) == shape(secret)
    vault.start()
    told_of(org, up=True)
    for name in ("new", "later"):
        slot = org.ready(name)
        assert slot["status"]["vault"]["version"] == 1
        assert "token" not in slot["spec"]["git"]
        assert org.vault.version(org.entry(name)) == 1
    eventually(lambda: org.slot("known")["status"].get("lastHandledRefresh") == asked)
    assert shape(org.secret("known")) == shape(secret)
    assert org.vault.version(org.entry("known")) == 1


@pytest.mark.long
def test_a_slot_says_that_it_is_stale_only_after_several_missed_refreshes(
    org: Organization, own_testbed: Testbed
) -> None:
    org.made("often", git("one", refreshInterval="1s"))
    seldom = org.made("seldom", git("two"))
    before = org.secret("often")
    org.barrier()
    gone = time.monotonic()
    own_testbed.vault.kill()
    stale = org.told("often", "Stale")
    assert time.monotonic() - gone > 2, "three misses in a row are two intervals apart"
    assert condition(stale, "Projected")["status"] == "True"
    assert shape(org.secret("often")) == shape(before)
    assert org.slot("seldom")["status"] == seldom["status"]
    own_testbed.vault.start()
    org.ready("often")
    assert shape(org.secret("often")) == shape(before)


def test_a_value_given_during_an_outage_reaches_the_secret_after_it(org: Organization, own_testbed: Testbed) -> None:
    org.made("git", git("one"))
    own_testbed.vault.stop()
    org.edit("git", git("two"))
    waits(org, "git", "VaultUnavailable")
    assert data(org.secret("git"))["password"] == "one"
    own_testbed.vault.start()
    assert org.ready("git")["status"]["vault"]["version"] == 2
    assert data(org.secret("git"))["password"] == "two"


@pytest.mark.long
def test_drift_is_made_right_after_an_outage(org: Organization, own_testbed: Testbed) -> None:
    org.made("git", git("one"))
    own_testbed.vault.stop()
    org.delete_secret("git")
    eventually(lambda: "vault" in org.operator.readyz()[1], message="the outage is seen")
    own_testbed.vault.start()
    eventually(lambda: data(org.secret("git"))["password"] == "one")


@pytest.mark.long
def test_a_deletion_during_an_outage_is_worked_off_after_it(org: Organization, own_testbed: Testbed) -> None:
    org.made("git", git("one"))
    own_testbed.vault.stop()
    org.delete_slot("git")
    eventually(lambda: org.find_secret("git") is None, message="the Secret is collected")
    own_testbed.vault.start()

    eventually(lambda: is_released(org, "git"), message="the value is released")


def test_an_operator_that_starts_without_vault(make_org: Callable[..., Organization], own_testbed: Testbed) -> None:
    org = make_org()
    org.made("known", git("one"))
    before = org.secret("known")
    org.operator.stop()
    own_testbed.vault.stop()
    org.operator.start()
    org.create("new", git("new"))
    waits(org, "new", "VaultUnavailable")
    assert condition(org.slot("known"))["status"] == "True"
    assert shape(org.secret("known")) == shape(before)
    own_testbed.vault.start()
    assert org.ready("new")["status"]["vault"]["version"] == 1
    told_of(org, up=True)
    org.barrier()
    assert shape(org.secret("known")) == shape(before)


def test_a_vault_that_refuses_is_told_by_path_and_right(org: Organization) -> None:
    org.made("known", git("one"))
    before = org.secret("known")
    policy = f"slotwarden-operator-{org.namespace}"
    rules = org.vault.request("GET", f"sys/policies/acl/{policy}")["data"]["policy"]
    org.vault.write_policy(policy, 'path "auth/token/lookup-self" { capabilities = ["read"] }')
    org.create("new", git("new"))
    message = condition(org.told("new", "VaultDenied"))["message"]
    assert "Vault answered 403" in message
    assert f"{org.vault.mount}/metadata/{org.entry('new')}" in message
    assert condition(org.slot("known"))["status"] == "True"
    org.ask_refresh("known")
    known = org.told("known", "VaultDenied")
    assert condition(known, "Projected")["status"] == "True"
    assert condition(org.slot("new"), "Projected")["status"] == "False"
    assert shape(org.secret("known")) == shape(before)
    # No outage: the others of this Vault are served.
    assert org.operator.metrics().value("slotwarden_vault_up") == 1
    org.vault.write_policy(policy, rules)
    for name in ("new", "known"):
        assert org.ready(name)["status"]["vault"]["version"] == 1
    assert shape(org.secret("known")) == shape(before)


@pytest.mark.long
def test_a_vault_that_hangs_is_told_and_a_write_it_took_is_not_made_twice(
    org: Organization, own_testbed: Testbed
) -> None:
    """Frozen: connections are taken, and what was sent is worked off when it goes on."""
    known = org.made("known", git("one"))
    before = org.secret("known")
    own_testbed.vault.pause()
    try:
        org.create("new", git("new"))
        assert "did not answer in time" in condition(waits(org, "new", "VaultUnavailable"))["message"]
        told_of(org, up=False, said="did not answer in time")
        assert org.slot("known")["status"] == known["status"]
    finally:
        own_testbed.vault.resume()
    org.ready("new")
    told_of(org, up=True)
    assert org.vault.version(org.entry("new")) == 1
    assert shape(org.secret("known")) == shape(before)


def test_an_outage_is_told_although_nothing_is_to_be_done(org: Organization, own_testbed: Testbed) -> None:
    known = org.made("known", git("one"))
    own_testbed.vault.seal()
    told_of(org, up=False, said="sealed")
    assert org.slot("known")["status"] == known["status"]
    own_testbed.vault.unseal()
    told_of(org, up=True)


def test_a_vault_that_is_killed_in_the_middle_of_much_work_loses_nothing(
    org: Organization, own_testbed: Testbed
) -> None:
    names = [f"git-{number:02}" for number in range(24)]
    for name in names:
        org.create(name, git(f"token-of-{name}"))
    eventually(lambda: any("token" not in org.slot(name)["spec"]["git"] for name in names), interval=0.01)
    own_testbed.vault.kill()
    own_testbed.vault.start()
    for name in names:
        slot = eventually(lambda name=name: org.ready(name), PATIENCE)
        assert "token" not in slot["spec"]["git"]
        assert data(org.secret(name))["password"] == f"token-of-{name}"
        assert org.vault.version(org.entry(name)) == 1
