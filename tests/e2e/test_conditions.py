"""What tools read from a slot in every state: kstatus, `kubectl wait`, and a cause that says what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.states import all_states
from tests.e2e.support import condition, has_condition, passwords, projected, registry

if TYPE_CHECKING:
    from tests.e2e.support import Json, Organization

# Its rights are taken away.
pytestmark = pytest.mark.own_operator


def kstatus(slot: Json) -> str:
    """What kstatus makes of an object, by its published rules."""
    status = slot["status"]
    if status.get("observedGeneration", slot["metadata"]["generation"]) != slot["metadata"]["generation"]:
        return "InProgress"
    holds = {held["type"]: held["status"] for held in status.get("conditions", [])}
    if holds.get("Reconciling") == "True":
        return "InProgress"
    if holds.get("Stalled") == "True":
        return "Failed"
    return "Current" if holds.get("Ready", "True") == "True" else "InProgress"


STATES: dict[str, tuple[str, str]] = {
    "good": ("Ready", "Current"),
    "waits": ("AwaitingValue", "InProgress"),
    "invalid": ("InvalidValue", "Failed"),
    "moved": ("AddressMismatch", "Failed"),
    "foreign": ("ForeignSecret", "Failed"),
    "sourced": ("SourceMissing", "InProgress"),
    "lost": ("VersionDeleted", "InProgress"),
    "owned": ("NotOwner", "Failed"),
}


def test_every_state_reads_well_for_kstatus(org: Organization) -> None:
    all_states(org)
    for name, (reason, expected) in STATES.items():
        slot = org.told(name, reason)
        generation = slot["metadata"]["generation"]
        assert kstatus(slot) == expected, name
        assert slot["status"]["observedGeneration"] == generation
        conditions = slot["status"]["conditions"]
        assert {held["observedGeneration"] for held in conditions} == {generation}
        for kind in ("Ready", "ValueStored", "Projected"):
            assert condition(slot, kind)["status"] in ("True", "False")
        for kind in ("Reconciling", "Stalled"):
            assert not has_condition(slot, kind) or condition(slot, kind)["status"] == "True"
        assert not (has_condition(slot, "Reconciling") and has_condition(slot, "Stalled"))
        assert all(held["message"] for held in conditions), name


def test_what_is_stored_and_what_is_projected_are_told_apart(org: Organization) -> None:
    all_states(org)
    expected = {
        "good": ("True", "True"),
        "waits": ("False", "False"),
        "moved": ("True", "False"),
        "foreign": ("True", "False"),
        "lost": ("False", "False"),
        "owned": ("False", "False"),
    }
    for name, statuses in expected.items():
        slot = org.told(name, STATES[name][0])
        assert (condition(slot, "ValueStored")["status"], condition(slot, "Projected")["status"]) == statuses, name
        assert slot["status"]["hasValue"] is (statuses[0] == "True")


def test_a_fresh_object_counts_as_in_progress_before_the_operator_has_looked(org: Organization) -> None:
    org.operator.stop()
    slot = org.create("pull", registry("one"))
    assert slot["status"] == {"observedGeneration": -1}
    assert kstatus(slot) == "InProgress"
    org.operator.start()
    assert kstatus(org.ready("pull")) == "Current"


def wait(org: Organization, name: str, *words: str) -> int:
    """The exit code of `kubectl wait`."""
    return org.session.kubectl("wait", f"sslot/{name}", *words, namespace=org.namespace).code


def test_kubectl_waits_for_ready(org: Organization) -> None:
    org.create("pull", registry("one"))
    assert wait(org, "pull", "--for=condition=Ready", "--timeout=30s") == 0
    org.create("waits", registry())
    assert wait(org, "waits", "--for=condition=Ready=False", "--timeout=30s") == 0


def test_kubectl_does_not_take_a_condition_of_an_older_spec_for_ready(org: Organization) -> None:
    org.made("pull", registry("one"))
    org.operator.stop()
    org.edit("pull", projected("renamed"))
    assert wait(org, "pull", "--for=condition=Ready", "--timeout=1s") != 0
    org.operator.start()
    assert wait(org, "pull", "--for=condition=Ready", "--timeout=30s") == 0
    assert org.secret("renamed")


def test_a_condition_keeps_its_time_while_its_status_stays(org: Organization) -> None:
    first = org.made("pull", registry("one"))
    org.edit("pull", registry("two"))
    org.event("pull", "Rotated")
    slot = org.ready("pull")
    assert condition(slot)["lastTransitionTime"] == condition(first)["lastTransitionTime"]
    assert "version 2" in condition(slot)["message"]


def policy(org: Organization) -> str:
    return f"sys/policies/acl/slotwarden-operator-{org.namespace}"


def rules_of(org: Organization) -> str:
    return str(org.vault.request("GET", policy(org))["data"]["policy"])


def deny(org: Organization, capability: str) -> None:
    """Take a capability on the slots' entries away from the operator."""
    rules = [
        rule.replace(f'"{capability}", ', "").replace(f', "{capability}"', "") if "/slots/+" in rule else rule
        for rule in rules_of(org).split("\n}")
    ]
    org.vault.request("PUT", policy(org), {"policy": "\n}".join(rules)})


def test_a_denied_write_names_operation_path_and_capability_and_heals(org: Organization) -> None:
    rules = rules_of(org)
    deny(org, "create")
    org.create("pull", registry("one"))
    slot = org.told("pull", "VaultDenied")
    path = f"{org.vault.mount}/metadata/{org.entry('pull')}"
    said = f"Vault answered 403 to a write at {path}: the role lacks `create`"
    assert condition(slot)["message"] == said
    assert condition(slot)["status"] == "False"
    assert kstatus(slot) == "InProgress"
    assert org.event("pull", "VaultDenied")["message"] == said
    # The value is nowhere else yet.
    assert slot["spec"]["registry"]["password"] == "one"
    assert org.find_secret("pull") is None
    org.vault.request("PUT", policy(org), {"policy": rules})
    slot = org.ready("pull")
    assert "password" not in slot["spec"]["registry"]
    assert kstatus(slot) == "Current"


def test_a_denied_rotation_names_the_other_capability_and_keeps_the_secret(org: Organization) -> None:
    org.made("pull", registry("one"))
    before, rules = org.secret("pull"), rules_of(org)
    deny(org, "update")
    org.edit("pull", registry("two"))
    slot = org.told("pull", "VaultDenied")
    path = f"{org.vault.mount}/data/{org.entry('pull')}"
    assert condition(slot)["message"] == f"Vault answered 403 to a write at {path}: the role lacks `update`"
    assert org.secret("pull") == before
    org.vault.request("PUT", policy(org), {"policy": rules})
    org.ready("pull")
    assert org.secret("pull")["metadata"]["uid"] == before["metadata"]["uid"]
    assert passwords(org.secret("pull")) == {"ghcr.io": "two"}


def test_a_denied_read_does_not_touch_the_secret(org: Organization) -> None:
    org.made("pull", registry("one"))
    before, rules = org.secret("pull"), rules_of(org)
    deny(org, "read")
    org.ask_refresh("pull")
    slot = org.told("pull", "VaultDenied")
    # A known entry is looked at with one read of its data; one in doubt begins with whose it is.
    paths = [f"{org.vault.mount}/{where}/{org.entry('pull')}" for where in ("data", "metadata")]
    said = [f"Vault answered 403 to a read at {path}: the role lacks `read`" for path in paths]
    assert condition(slot)["message"] in said
    assert org.secret("pull") == before
    org.vault.request("PUT", policy(org), {"policy": rules})
    org.ready("pull")
    assert org.secret("pull") == before
