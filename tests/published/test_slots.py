"""Every row of the slots' contract, over REST and over gRPC, with what becomes of it in objects, Vault and Secrets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.e2e.support import data, passwords
from tests.published.slots import ABSENT, Grpc, Rest, Slot, git, registry
from tests.published.support import canary

if TYPE_CHECKING:
    from tests.published.slots import Wire
    from tests.published.support import Api, User


@pytest.fixture(params=["rest", "grpc"])
def wire(request: pytest.FixtureRequest, owner: User) -> Wire:
    return Rest(owner) if request.param == "rest" else Grpc(owner)


@pytest.fixture
def slot(api: Api) -> Slot:
    return Slot.new(api)


def test_create_secret_answers_the_metadata_alone(slot: Slot, wire: Wire) -> None:
    value, before = canary(), time.time() * 1000 - 1000
    outcome = slot.create(wire, registry(value))
    (metadata,) = outcome.ok().values()
    assert set(metadata) == {"name", "type", "createdAtMs", "updatedAtMs"}
    assert (metadata["name"], metadata["type"]) == (slot.name, "registry_secret")
    assert isinstance(metadata["createdAtMs"], str)
    assert before < int(metadata["createdAtMs"]) <= int(metadata["updatedAtMs"]) < time.time() * 1000 + 1000
    assert value not in str(outcome)


def test_what_is_created_is_projected(slot: Slot, wire: Wire) -> None:
    value = canary()
    slot.create(wire, registry(value)).ok()
    slot.told("Ready")
    assert passwords(slot.secret()) == {"ghcr.io": value}
    assert slot.object()["spec"] == {"registry": {"serverAddress": "ghcr.io"}}
    assert slot.api.vault.read(slot.entry) == {
        "username": "acme-bot",
        "password": value,
        "server_address": "ghcr.io",
    }


def test_get_secret_gives_the_value_in_cleartext(slot: Slot, wire: Wire) -> None:
    value = registry(canary())
    made = slot.create(wire, value).ok()
    assert slot.get(wire).ok() == {"name": slot.name, "value": value, "metadata": made["metadata"]}


def test_a_git_secret_is_for_whatever_host_is_cloned_from(slot: Slot, wire: Wire) -> None:
    value = canary()
    made = slot.create(wire, git(value)).ok()
    assert made["metadata"]["type"] == "git_secret"
    assert slot.get(wire).ok()["value"] == git(value)
    slot.told("Ready")
    assert data(slot.secret()) == {"username": "acme-bot", "password": value}
    assert slot.object()["spec"] == {"git": {}}


@pytest.mark.parametrize("server", ["", "docker.io", "https://index.docker.io/v1/"])
def test_an_empty_server_address_is_docker_hub(slot: Slot, wire: Wire, server: str) -> None:
    value = canary()
    slot.create(wire, registry(value, server=server)).ok()
    assert slot.get(wire).ok()["value"] == registry(value, server="")
    slot.told("Ready")
    assert passwords(slot.secret()) == {"https://index.docker.io/v1/": value}


def test_list_secrets_tells_metadata_alone(slot: Slot, wire: Wire) -> None:
    value = canary()
    made = slot.create(wire, registry(value)).ok()
    assert slot.listed(wire) == [made["metadata"]]
    assert value not in str(wire.call("ListSecrets", {}))


def test_delete_secret_is_idempotent(slot: Slot, wire: Wire) -> None:
    assert slot.delete(wire).ok() == {"deleted": False}
    slot.create(wire, registry(canary())).ok()
    assert slot.delete(wire).ok() == {"deleted": True}
    assert slot.delete(wire).ok() == {"deleted": False}
    assert slot.get(wire).said == ABSENT
    assert slot.listed(wire) == []
    eventually(lambda: slot.api.vault.read(slot.entry) is None, message="the value is deleted")


def test_a_slot_of_a_deleted_name_is_a_new_one(slot: Slot, wire: Wire) -> None:
    slot.create(wire, registry(canary())).ok()
    slot.delete(wire).ok()
    value = canary()
    slot.create(wire, git(value)).ok()
    assert slot.get(wire).ok()["value"] == git(value)
    slot.told("Ready")


@pytest.mark.parametrize("kind", [git, registry])
def test_to_overwrite_a_slot_is_to_rotate_it(slot: Slot, wire: Wire, kind: type) -> None:
    made = slot.create(wire, kind(canary())).ok()["metadata"]
    slot.told("Ready")
    before, spec = slot.secret(), slot.object()["metadata"]["generation"]
    value = canary()
    again = slot.create(wire, kind(value)).ok()["metadata"]
    assert slot.get(wire).ok()["value"] == kind(value)
    assert again["createdAtMs"] == made["createdAtMs"]
    assert int(again["updatedAtMs"]) > int(made["updatedAtMs"])
    eventually(lambda: slot.secret()["data"] != before["data"], message="the Secret is rotated")
    assert slot.secret()["metadata"]["uid"] == before["metadata"]["uid"]
    assert slot.object()["metadata"]["generation"] == spec


@pytest.mark.parametrize(
    ("first", "then"), [(git, registry), (registry, git)], ids=["git by registry", "registry by git"]
)
def test_a_slot_is_overwritten_with_the_other_kind(slot: Slot, wire: Wire, first: type, then: type) -> None:
    slot.create(wire, first(canary())).ok()
    slot.told("Ready")
    value = canary()
    made = slot.create(wire, then(value)).ok()["metadata"]
    assert made["type"] == {git: "git_secret", registry: "registry_secret"}[then]
    got = slot.get(wire).ok()
    assert (got["value"], got["metadata"]) == (then(value), made)

    def projected() -> bool:
        return value in (passwords(slot.secret()).values() if then is registry else data(slot.secret()).values())

    eventually(projected, message="the Secret is of the other kind")
    slot.told("Ready")


def test_a_slot_is_overwritten_with_another_address_and_user(slot: Slot, wire: Wire) -> None:
    slot.create(wire, registry(canary())).ok()
    slot.told("Ready")
    value = registry(canary(), username="other-bot", server="quay.io:8443")
    slot.create(wire, value).ok()
    assert slot.get(wire).ok()["value"] == value
    eventually(lambda: list(passwords(slot.secret())) == ["quay.io:8443"], message="it is for the other address")
    (operation, *_) = slot.told("Ready")["status"]["operations"]
    assert operation["state"] == "Succeeded"


@pytest.mark.parametrize("form", ["A_b{}", "UPPER_{}", "-{}-", "_{}", "a__{}"])
def test_names_with_capitals_and_underscores(api: Api, wire: Wire, form: str) -> None:
    slot, value = Slot.new(api, form), canary()
    made = slot.create(wire, registry(value)).ok()["metadata"]
    assert made["name"] == slot.name
    assert slot.get(wire).ok()["value"] == registry(value)
    assert slot.listed(wire) == [made]
    assert slot.object()["spec"]["slotName"] == slot.name
    slot.told("Ready")
    assert slot.delete(wire).ok() == {"deleted": True}


def test_names_that_differ_in_capitals_and_underscores_are_different_slots(api: Api, wire: Wire) -> None:
    one = Slot.new(api, "a-b{}")
    other = Slot(api, one.name.replace("a-b", "A_b"))
    values = {slot: registry(canary()) for slot in (one, other)}
    for slot, value in values.items():
        slot.create(wire, value).ok()
    assert {slot: slot.get(wire).ok()["value"] for slot in values} == values
    one.delete(wire).ok()
    assert other.get(wire).ok()["value"] == values[other]


def test_a_name_of_64_characters(api: Api, wire: Wire) -> None:
    slot = Slot.new(api, "{}" + "x" * 56)
    assert len(slot.name) == 64
    slot.create(wire, git(canary())).ok()
    slot.told("Ready")
    assert slot.delete(wire).ok() == {"deleted": True}


def test_the_request_id_comes_back_and_stands_in_the_object(slot: Slot, wire: Wire) -> None:
    outcome = slot.create(wire, registry(canary()), x_request_id="mine.1")
    assert outcome.headers["x-request-id"] == "mine.1"

    def answered() -> bool:
        return [each["requestID"] for each in slot.object()["status"].get("operations", [])] == ["mine.1"]

    eventually(answered, message="the operator has answered the request")


def test_a_name_of_an_organization_that_is_ones_own(slot: Slot, wire: Wire) -> None:
    slot.create(wire, git(canary()), x_slotwarden_organization=slot.api.namespace).ok()
    assert slot.get(wire, x_slotwarden_organization=slot.api.namespace).code == "OK"
