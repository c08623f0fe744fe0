"""A Vault that is up and answers with errors, late, or not at all: who needs it waits and says why, others go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.proxy import Answers, Delay, Hold
from testbed.wait import eventually
from tests.e2e.support import condition, data, git
from tests.faults.support import PATIENCE, Exposed, answered, has_password, shape, told_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.support import Json


def waits(org: Exposed, said: str, name: str = "new") -> None:
    """The new slot says why it waits, and keeps its value."""
    slot = org.told(name, "VaultUnavailable")
    assert said in condition(slot)["message"]
    assert condition(slot, "Reconciling")["reason"] == "VaultUnavailable"
    assert slot["spec"]["git"]["token"] == "new"


def goes_on(org: Exposed, known: Json, name: str = "new") -> None:
    """The new slot is ready after its backoff, with one version; the known one was never touched."""
    eventually(lambda: org.ready(name), PATIENCE)
    assert org.vault.version(org.entry(name)) == 1
    assert has_password(org, name, "new")
    assert shape(org.secret("known")) == shape(known)


def test_errors_at_one_entry_are_no_outage(exposed: Exposed) -> None:
    known = exposed.made("known", git("one"))
    before = exposed.secret("known")
    new = {status: f"new-{status}" for status in (412, 429, 500, 502, 503)}
    for status, name in new.items():
        exposed.to_vault.add(Answers(f"/v1/secret/.*/slots/{name}", status, {"errors": ["spoiled"]}))
        exposed.create(name, git("new"))
    for status, name in new.items():
        waits(exposed, f"Vault answered {status}", name)
        assert answered(exposed, "vault", status) > 0
    # Another one's work is done meanwhile, and no outage is told.
    exposed.barrier()
    told_of(exposed, up=True)
    assert exposed.slot("known")["status"] == known["status"]
    exposed.to_vault.clear()
    for name in new.values():
        goes_on(exposed, before, name)


def test_errors_at_every_entry_are_an_outage(exposed: Exposed) -> None:
    known = exposed.made("known", git("one"))
    before = exposed.secret("known")
    exposed.to_vault.add(Answers("", 500, {"errors": ["spoiled"]}))
    exposed.create("new", git("new"))
    waits(exposed, "Vault answered 500")
    told_of(exposed, up=False, said="Vault answered 500")
    assert exposed.slot("known")["status"] == known["status"]
    exposed.to_vault.clear()
    told_of(exposed, up=True)
    goes_on(exposed, before)


@pytest.fixture
def limited(exposed: Exposed) -> Iterator[Exposed]:
    """Vault itself takes one request an hour for the new slot's data."""
    quota = f"sys/quotas/rate-limit/{exposed.namespace}"
    limit = {"path": f"secret/data/{exposed.entry('new')}", "rate": 1, "interval": "1h"}
    exposed.vault.request("POST", quota, limit)
    yield exposed
    exposed.vault.request("DELETE", quota)


def test_a_rate_limit_is_told_and_waited_for(limited: Exposed) -> None:
    org = limited
    org.made("known", git("one"))
    before = org.secret("known")
    org.vault.read(org.entry("new"))
    org.create("new", git("new"))
    waits(org, "Vault answered 429")
    assert "a rate limit is reached" in condition(org.slot("new"))["message"]
    told_of(org, up=True)
    org.vault.request("DELETE", f"sys/quotas/rate-limit/{org.namespace}")
    goes_on(org, before)


def test_an_answer_that_does_not_come_is_waited_for_some_time_and_its_write_is_not_made_twice(
    exposed: Exposed,
) -> None:
    exposed.made("known", git("one"))
    before = exposed.secret("known")
    # The look at the entry, its claim, its value; and whatever is asked about it afterwards.
    lost = Hold("/v1/secret/.*/slots/new", 3, delivered=True)
    exposed.to_vault.add(lost)
    exposed.create("new", git("new"))
    assert "POST /v1/secret/data/" in lost.wait()
    waits(exposed, "did not answer in time")
    told_of(exposed, up=True)
    assert exposed.vault.version(exposed.entry("new")) == 1
    exposed.to_vault.clear()
    lost.release()
    goes_on(exposed, before)


def test_a_slow_vault_makes_all_late_and_nothing_wrong(exposed: Exposed) -> None:
    slow = Delay("", 0.3)
    exposed.to_vault.add(slow)
    names = [f"git-{number}" for number in range(12)]
    for name in names:
        exposed.create(name, git(f"token-of-{name}"))
    for name in names:
        exposed.ready(name)
        assert data(exposed.secret(name))["password"] == f"token-of-{name}"
        assert exposed.vault.version(exposed.entry(name)) == 1
    told_of(exposed, up=True)
