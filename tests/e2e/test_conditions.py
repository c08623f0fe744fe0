"""The conditions of a slot in every state, `kubectl wait`, and a cause that says what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.states import all_states
from tests.e2e.support import condition, has_condition, passwords, projected, registry

if TYPE_CHECKING:
    from tests.e2e.support import Organization

STATES = {
    "good": "Ready",
    "waits": "AwaitingValue",
    "invalid": "InvalidValue",
    "moved": "AddressMismatch",
    "foreign": "ForeignSecret",
    "sourced": "SourceMissing",
    "lost": "VersionDeleted",
    "owned": "NotOwner",
}


def test_conditions_are_whole_in_every_state(org: Organization) -> None:
    all_states(org)
    for name, reason in STATES.items():
        slot = org.told(name, reason)
        generation = slot["metadata"]["generation"]
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
        slot = org.told(name, STATES[name])
        assert (condition(slot, "ValueStored")["status"], condition(slot, "Projected")["status"]) == statuses, name
        assert slot["status"]["hasValue"] is (statuses[0] == "True")


def test_a_fresh_object_says_that_the_operator_has_yet_to_look(org: Organization) -> None:
    org.operator.stop()
    slot = org.create("pull", registry("one"))
    assert slot["status"] == {"observedGeneration": -1}
    org.operator.start()
    org.ready("pull")


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


# For those whose rights are taken away.
denied = pytest.mark.own_operator


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


@denied
def test_a_denied_write_names_operation_path_and_capability_and_heals(org: Organization) -> None:
    rules = rules_of(org)
    deny(org, "create")
    org.create("pull", registry("one"))
    slot = org.told("pull", "VaultDenied")
    path = f"{org.vault.mount}/metadata/{org.entry('pull')}"
    said = f"Vault answered 403 to a write at {path}: the role lacks `create`"
    assert condition(slot)["message"] == said
    assert condition(slot)["status"] == "False"
    assert org.event("pull", "VaultDenied")["message"] == said
    # The value is nowhere else yet.
    assert slot["spec"]["registry"]["password"] == "one"
    assert org.find_secret("pull") is None
    org.vault.request("PUT", policy(org), {"policy": rules})
    slot = org.ready("pull")
    assert "password" not in slot["spec"]["registry"]


@denied
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


@denied
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
