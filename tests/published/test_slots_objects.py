"""Slots by their API and by kubectl are the same objects; what somebody else looks after is not changed by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import condition, data, encoded, passwords
from tests.published.slots import ABSENT, RESOURCE, Grpc, Rest, Slot, git, registry
from tests.published.support import SET, canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.gateway import Gateway
    from tests.published.slots import Wire
    from tests.published.support import Api, Json, User

ARGO_CD: Final = "argocd.argoproj.io/tracking-id"


@pytest.fixture(params=["rest", "grpc"])
def wire(request: pytest.FixtureRequest, owner: User) -> Wire:
    return Rest(owner) if request.param == "rest" else Grpc(owner)


@pytest.fixture
def slot(api: Api) -> Slot:
    return Slot.new(api)


def known(slot: Slot, wire: Wire) -> Json:
    """How a list tells of a slot that kubectl made, once it does."""

    def check() -> Json:
        found = slot.listed(wire)
        assert len(found) == 1
        return found[0]

    return eventually(check, message=f"the gateway knows {slot.name}")


def edit(slot: Slot, spec: Json) -> None:
    slot.api.kube.patch(slot.api.objects(RESOURCE, slot.object_name), {"spec": spec})


def test_what_kubectl_declares_the_api_lists_and_fills(slot: Slot, wire: Wire) -> None:
    slot.by_hand({"registry": {"serverAddress": "ghcr.io"}})
    metadata = known(slot, wire)
    assert metadata["type"] == "registry_secret"
    assert metadata["createdAtMs"] == metadata["updatedAtMs"]
    assert slot.get(wire).code == "NOT_FOUND"
    value = registry(canary())
    slot.create(wire, value).ok()
    assert slot.get(wire).ok()["value"] == value
    slot.told("Ready")


def test_what_kubectl_sets_and_deletes_the_api_tells(slot: Slot, wire: Wire) -> None:
    value = canary()
    slot.by_hand({"registry": {"serverAddress": "ghcr.io", "username": "bot", "password": value}})
    slot.told("Ready")
    known(slot, wire)
    assert slot.get(wire).ok()["value"] == registry(value, username="bot")
    slot.api.kube.delete(slot.api.objects(RESOURCE, slot.object_name))
    eventually(lambda: slot.get(wire).said == ABSENT, message="the gateway knows that it is gone")


def test_what_the_api_makes_kubectl_shows(slot: Slot, wire: Wire) -> None:
    slot.create(wire, registry(canary())).ok()
    slot.told("Ready")

    def shown() -> bool:
        done = slot.api.session.kubectl("get", "slots", namespace=slot.api.namespace)
        return any(f"{slot.name} " in line and "True" in line for line in done.stdout.splitlines())

    # kubectl may remember the time before there were such resources.
    eventually(shown, message="kubectl shows it")


def test_what_another_replica_made_a_moment_ago_is_overwritten_and_deleted(
    slot: Slot, wire: Wire, owner: User, users: Callable[..., User], make_replica: Callable[..., Gateway]
) -> None:
    replica = make_replica()
    other, setter = Rest(owner, replica), Rest(users(SET))
    for _ in range(3):
        slot.create(other, registry(canary())).ok()
        slot.create(setter, registry(canary())).ok()
        value = git(canary())
        slot.create(wire, value).ok()
        assert slot.get(wire).ok()["value"] == value
        assert slot.delete(other).ok() == {"deleted": True}
        slot.create(other, registry(canary())).ok()
        assert slot.delete(wire).ok() == {"deleted": True}


def test_what_people_declared_beside_the_credential_stays(slot: Slot, wire: Wire) -> None:
    projections = [{"secretName": f"{slot.name}-git", "annotations": {"tekton.dev/git-0": "https://github.com"}}]
    slot.by_hand({"git": {"url": "https://github.com", "username": "old-bot"}, "projections": projections})
    value = canary()
    slot.create(wire, git(value, username="new-bot")).ok()
    assert slot.get(wire).ok()["value"] == git(value, username="new-bot")
    spec = slot.told("Ready")["spec"]
    assert spec == {"git": {"url": "https://github.com", "username": "new-bot"}, "projections": projections}
    secret = slot.api.kube.get(core(slot.api.namespace, "secrets", f"{slot.name}-git"))
    assert data(secret) == {"username": "new-bot", "password": value}


def test_a_form_that_git_does_not_have_goes_with_the_registry(slot: Slot, wire: Wire) -> None:
    slot.by_hand({"registry": {}, "projections": [{"secretName": slot.name, "type": "dockerconfigjson"}]})
    value = canary()
    slot.create(wire, git(value)).ok()
    assert slot.told("Ready")["spec"] == {"git": {}, "projections": [{"secretName": slot.name}]}
    assert data(slot.secret()) == {"username": "acme-bot", "password": value}


def test_a_user_name_that_is_declared_is_the_one_that_is_told(slot: Slot, wire: Wire) -> None:
    value = canary()
    slot.create(wire, registry(value)).ok()
    edit(slot, {"registry": {"username": "declared-bot"}})
    told = registry(value, username="declared-bot")
    eventually(lambda: slot.get(wire).ok()["value"] == told, message="the gateway knows the name")


def test_a_call_completes_what_one_that_died_in_between_left(slot: Slot, wire: Wire) -> None:
    slot.create(wire, registry(canary())).ok()
    before = slot.told("Ready")
    # As a gateway that was killed after the declaration and before the value.
    edit(slot, {"registry": {"serverAddress": "quay.io"}})
    assert condition(slot.told("AddressMismatch"), "Projected")["status"] == "False"
    assert list(passwords(slot.secret())) == ["ghcr.io"]
    value = canary()
    slot.create(wire, registry(value, server="quay.io")).ok()
    assert slot.told("Ready")["metadata"]["uid"] == before["metadata"]["uid"]
    assert passwords(slot.secret()) == {"quay.io": value}


def test_an_object_that_gitops_manages_takes_its_value_alone(slot: Slot, wire: Wire) -> None:
    tracked = f"shop:slotwarden.io/SecretSlot:{slot.api.namespace}/{slot.name}"
    slot.by_hand({"registry": {"serverAddress": "ghcr.io"}}, annotations={ARGO_CD: tracked})
    slot.create(wire, registry(canary())).ok()
    value = registry(canary())
    slot.create(wire, value).ok()
    before = slot.told("Ready")["spec"]
    for other in (git(canary()), registry(canary(), server="quay.io")):
        outcome = slot.create(wire, other)
        assert outcome.code == "FAILED_PRECONDITION"
        assert "Argo CD" in outcome.message
    outcome = slot.delete(wire)
    assert outcome.code == "FAILED_PRECONDITION"
    assert "Argo CD" in outcome.message
    assert slot.get(wire).ok()["value"] == value
    assert slot.object()["spec"] == before
    assert "pending" not in slot.object()["status"]


def test_a_slot_with_a_source_takes_its_value_from_nowhere_else(slot: Slot, wire: Wire) -> None:
    source = {"metadata": {"name": f"{slot.name}-source"}, "data": {"key": encoded(canary())}}
    slot.api.kube.create(core(slot.api.namespace, "secrets"), source)
    reference = {"secretKeyRef": {"name": f"{slot.name}-source", "key": "key"}}
    slot.by_hand({"registry": {"serverAddress": "ghcr.io", "username": "bot", "passwordFrom": reference}})
    slot.told("Ready")
    for value in (registry(canary()), git(canary())):
        outcome = slot.create(wire, value)
        assert outcome.code == "FAILED_PRECONDITION"
        assert (
            f"spec.registry.passwordFrom takes the value from key key of Secret {slot.name}-source" in outcome.message
        )


def test_an_object_that_is_being_deleted_takes_no_value(slot: Slot, wire: Wire) -> None:
    made: Any = slot.by_hand({"registry": {}}, finalizers=["example.com/stay"])
    slot.api.kube.delete(slot.api.objects(RESOURCE, slot.object_name))
    outcome = slot.create(wire, registry(canary()))
    assert outcome.said == ("FAILED_PRECONDITION", "the object is being deleted")
    eventually(lambda: slot.listed(wire) == [], message="the gateway knows that it goes")
    assert slot.get(wire).said == ABSENT
    slot.api.kube.patch(slot.api.objects(RESOURCE, slot.object_name), {"metadata": {"finalizers": None}})
    assert made["metadata"]["name"] == slot.name
