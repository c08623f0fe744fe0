"""What each permission lets do with slots, over both forms, and that a foreign slot is as one that does not exist."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import pytest

from tests.published.slots import ABSENT, Grpc, Outcome, Rest, Slot, git, registry
from tests.published.support import OBJECTS, VALUES, canary, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.published.slots import Wire
    from tests.published.support import Api, Rule, User

READ: Final = rule(OBJECTS, "get list", "secretslots")
LIST: Final = rule(OBJECTS, "list", "secretslots")
GET: Final = rule(OBJECTS, "get", "secretslots")
DECLARE: Final = rule(OBJECTS, "create", "secretslots")
DESCRIBE: Final = rule(OBJECTS, "update", "secretslots")
REMOVE: Final = rule(OBJECTS, "delete", "secretslots")
SET: Final = rule(VALUES, "create", "secretslots/value")
REVEAL: Final = rule(VALUES, "create", "secretslots/reveal")
WIRES = pytest.mark.parametrize("form", [Rest, Grpc], ids=["rest", "grpc"])
OK, DENIED, GONE = "OK", "PERMISSION_DENIED", "NOT_FOUND"

CALLS: Final[dict[str, Callable[[Slot, Wire], Outcome]]] = {
    "list": lambda _, wire: wire.call("ListSecrets", {}),
    "get": lambda slot, wire: slot.get(wire),
    "rotate": lambda slot, wire: slot.create(wire, registry(canary())),
    "redirect": lambda slot, wire: slot.create(wire, git(canary())),
    "create": lambda slot, wire: Slot.new(slot.api).create(wire, git(canary())),
    "delete": lambda slot, wire: slot.delete(wire),
}


@pytest.fixture
def slot(api: Api, owner: User) -> Slot:
    """A slot of another's."""
    made = Slot.new(api)
    made.create(Rest(owner), registry(canary())).ok()
    return made


@WIRES
@pytest.mark.parametrize(
    ("rules", "done"),
    [
        ([READ], {"list"}),
        ([LIST], {"list"}),
        ([GET], set()),
        ([REVEAL], {"get"}),
        ([SET], {"rotate"}),
        ([SET, DECLARE], {"rotate", "create"}),
        ([SET, DESCRIBE], {"rotate", "redirect"}),
        ([DECLARE, DESCRIBE], set()),
        ([REMOVE], {"delete"}),
        ([READ, REVEAL], {"list", "get"}),
    ],
    ids=[
        *("read", "list", "get", "reveal", "set", "set and declare", "set and describe", "write alone", "delete"),
        "read and reveal",
    ],
)
def test_each_permission_alone(
    slot: Slot, users: Callable[..., User], form: type, rules: list[Rule], done: set[str]
) -> None:
    wire = form(users(*rules))
    outcomes = {call: ask(slot, wire) for call, ask in CALLS.items()}
    seen = READ in rules or GET in rules
    assert {call for call, outcome in outcomes.items() if outcome.code == OK} - {"delete"} == done - {"delete"}
    for call, outcome in outcomes.items():
        if call in done:
            continue
        if call == "get" and not seen:
            assert outcome.said == ABSENT
        elif call == "delete" and not seen:
            assert outcome.ok() == {"deleted": False}
        else:
            assert outcome.code == DENIED, call
            assert slot.name not in outcome.message


@WIRES
def test_to_read_the_metadata_is_not_to_read_the_value(slot: Slot, users: Callable[..., User], form: type) -> None:
    wire = form(users(READ))
    assert len(slot.listed(wire)) == 1
    outcome = slot.get(wire)
    assert outcome.code == DENIED
    assert 'cannot create resource "secretslots/reveal" in API group "values.slotwarden.io"' in outcome.message


@WIRES
def test_permissions_for_one_slot_by_name(slot: Slot, owner: User, users: Callable[..., User], form: type) -> None:
    other = Slot.new(slot.api)
    other.create(Rest(owner), registry(canary())).ok()
    named = [
        rule(VALUES, "create", "secretslots/reveal", slot.object_name),
        rule(VALUES, "create", "secretslots/value", slot.object_name),
        rule(OBJECTS, "delete", "secretslots", slot.object_name),
    ]
    wire = form(users(*named))
    value = registry(canary())
    slot.create(wire, value).ok()
    assert slot.get(wire).ok()["value"] == value
    assert other.get(wire).said == ABSENT
    assert other.create(wire, value).code == DENIED
    assert other.delete(wire).ok() == {"deleted": False}
    assert slot.delete(wire).ok() == {"deleted": True}
    assert other.get(Rest(owner)).code == OK


@pytest.fixture
def stranger(api: Api, users: Callable[..., User]) -> Iterator[User]:
    """A ServiceAccount of another namespace, without any permission here."""
    name = f"stranger-{secrets.token_hex(4)}"
    api.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    yield users(namespace=name)
    api.kube.delete(f"/api/v1/namespaces/{name}")


def asked(slot: Slot, wire: Wire, names: dict[str, str]) -> tuple[list[Outcome], list[str]]:
    """What a stranger is told, and what the gateway asked the API server and Vault for."""
    session = slot.api.session
    kube, vault = session.kube_audit.mark(), session.vault_audit.mark()
    outcomes = [
        slot.get(wire, **names),
        slot.delete(wire, **names),
        slot.create(wire, git(canary()), **names),
        wire.call("ListSecrets", {}, **names),
    ]
    calls, stored = slot.api.asked(kube, vault)
    assert stored == []
    return outcomes, calls


@WIRES
def test_another_organizations_slot_is_as_one_that_does_not_exist(slot: Slot, stranger: User, form: type) -> None:
    names = {"x_slotwarden_organization": slot.api.namespace}
    wire = form(stranger)
    of_one_that_is, calls = asked(slot, wire, names)
    of_none, others = asked(Slot.new(slot.api), wire, names)
    assert [outcome.compared for outcome in of_one_that_is] == [outcome.compared for outcome in of_none]
    assert [outcome.code for outcome in of_none] == [GONE, OK, DENIED, DENIED]
    assert calls == others
    assert set(calls) == {"create subjectaccessreviews"}


@WIRES
def test_an_organization_that_is_not_served_or_does_not_exist(slot: Slot, owner: User, form: type) -> None:
    for organization in ("kube-system", f"none-{secrets.token_hex(4)}"):
        outcomes, _ = asked(slot, form(owner), {"x_slotwarden_organization": organization})
        assert [outcome.code for outcome in outcomes] == [GONE, OK, DENIED, DENIED]


@WIRES
def test_the_organization_is_that_of_the_account(slot: Slot, stranger: User, form: type) -> None:
    assert slot.get(form(stranger)).said == ABSENT


@WIRES
def test_one_of_another_namespace_is_let_in_by_rbac(
    slot: Slot, api: Api, users: Callable[..., User], form: type
) -> None:
    name = f"guest-{secrets.token_hex(4)}"
    api.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        wire = form(users(REVEAL, namespace=name))
        assert slot.get(wire).said == ABSENT
        assert slot.get(wire, x_slotwarden_organization=api.namespace).code == OK
    finally:
        api.kube.delete(f"/api/v1/namespaces/{name}")
