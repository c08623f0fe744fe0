"""Environments by their API and by kubectl are the same: on every replica, and whoever made what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.e2e.support import condition
from tests.published.environments import ABSENT, RESOURCE, Shop
from tests.published.support import canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.gateway import Gateway
    from tests.published.support import Api, Json, User

ARGO_CD = {"argocd.argoproj.io/tracking-id": "shop:slotwarden.io/EnvSecret:{}/{}"}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}


@pytest.fixture
def shop(api: Api) -> Shop:
    return Shop.new(api)


def listed(shop: Shop) -> str:
    """What `kubectl get slots` shows of the namespace."""
    done = shop.api.session.kubectl("get", "slots", namespace=shop.api.namespace)
    assert done.code == 0, done.stderr
    return done.stdout


def test_what_the_api_makes_kubectl_shows(shop: Shop, owner: User) -> None:
    shop.declared(owner, "TOKEN")
    name = shop.object_name("TOKEN")
    assert name in listed(shop)
    shop.give(owner, "TOKEN", canary())
    shop.told(name, "Ready")
    (line,) = [line for line in listed(shop).splitlines() if name in line]
    assert "True" in line
    spec = shop.object(name)["spec"]
    assert spec == {"project": "shop", "environment": shop.environment, "key": "TOKEN"}


def test_what_kubectl_makes_the_api_shows_describes_sets_and_deletes(shop: Shop, owner: User) -> None:
    name = f"by-hand-{shop.environment}"
    manifest = shop.manifest(name, "TOKEN", {"description": "by hand"})
    shop.api.session.kubectl.apply(manifest, namespace=shop.api.namespace, check=True)
    seen = shop.seen(owner, "TOKEN")
    assert (seen["description"], seen["hasValue"]) == ("by hand", False)
    assert shop.create(owner, "TOKEN").code == 409
    assert shop.describe(owner, "TOKEN", description="by the API").code == 200
    value = canary()
    assert shop.give(owner, "TOKEN", value).code == 200
    shop.holds({"TOKEN": value})
    assert [each["metadata"]["name"] for each in shop.objects()] == [name]
    assert shop.object(name)["spec"]["description"] == "by the API"
    assert shop.delete(owner, "TOKEN").code == 200
    assert shop.objects() == []


def test_what_kubectl_changes_and_deletes_is_seen(shop: Shop, owner: User) -> None:
    before = shop.declared(owner, "TOKEN", description="old")
    path = shop.api.objects(RESOURCE, shop.object_name("TOKEN"))
    shop.api.kube.patch(path, {"spec": {"description": "new", "value": canary()}})

    def changed() -> Json:
        found: Json = shop.get(owner, "TOKEN").body
        assert (found["description"], found["hasValue"]) == ("new", True)
        return found

    after = eventually(changed, message="the change is seen")
    assert after["createdAt"] == before["createdAt"]
    assert after["updatedAt"] > before["updatedAt"]
    shop.api.kube.delete(path)
    eventually(lambda: shop.get(owner, "TOKEN").code == 404, message="the deletion is seen")
    assert shop.names(owner) == []


def test_a_description_that_is_changed_is_a_change_of_the_secret(shop: Shop, owner: User) -> None:
    """Kubernetes tells of it to the second."""
    made = shop.declared(owner, "TOKEN")

    def later() -> bool:
        changed = shop.describe(owner, "TOKEN", description=canary()).body
        return bool(changed["updatedAt"] > made["updatedAt"])

    eventually(later, message="a change is told")


def test_every_replica_shows_what_one_wrote(shop: Shop, owner: User, second: Gateway) -> None:
    made, value = shop.declared(owner, "TOKEN", description="for all"), canary()
    assert shop.seen(owner, "TOKEN", second) == made
    given = shop.give(owner, "TOKEN", value, second).body
    assert given["hasValue"] is True
    eventually(lambda: shop.get(owner, "TOKEN").body == given, message="the value is seen by the first")
    described = shop.describe(owner, "TOKEN", description="changed").body
    eventually(lambda: shop.get(owner, "TOKEN", second).body == described, message="the change is seen by the second")
    assert shop.delete(owner, "TOKEN", second).code == 200
    assert shop.get(owner, "TOKEN", second).code == 404
    eventually(lambda: shop.get(owner, "TOKEN").code == 404, message="the deletion is seen by the first")


def test_a_write_waits_for_no_watch(shop: Shop, owner: User, second: Gateway) -> None:
    """A client that is led to another replica by the next request is not told that there is nothing."""
    value = canary()
    for turn in range(10):
        one, other = (shop.api.gateway, second) if turn % 2 else (second, shop.api.gateway)
        assert shop.create(owner, "TOKEN", one).code == 201
        assert shop.create(owner, "TOKEN", other).code == 409
        assert shop.describe(owner, "TOKEN", other, description="at once").code == 200
        assert shop.give(owner, "TOKEN", value, other).code == 200
        assert shop.delete(owner, "TOKEN", one).code == 200
        assert shop.give(owner, "TOKEN", value, other).code == 404
        assert shop.describe(owner, "TOKEN", other).code == 404
        assert shop.delete(owner, "TOKEN", other).code == 404


def test_a_replica_sees_its_own_writes_at_once(shop: Shop, owner: User) -> None:
    for _ in range(10):
        made = shop.declared(owner, "TOKEN")
        assert (shop.get(owner, "TOKEN").body, shop.names(owner)) == (made, ["TOKEN"])
        described = shop.describe(owner, "TOKEN", description="at once").body
        assert shop.get(owner, "TOKEN").body == described
        given = shop.give(owner, "TOKEN", canary()).body
        assert (given["hasValue"], shop.get(owner, "TOKEN").body) == (True, given)
        shop.delete(owner, "TOKEN")
        assert (shop.get(owner, "TOKEN").body, shop.names(owner)) == (ABSENT, [])


def test_of_many_creations_on_two_replicas_one_makes_it(shop: Shop, owner: User, second: Gateway) -> None:
    gateways = [shop.api.gateway, second] * 4
    with ThreadPoolExecutor(len(gateways)) as executor:
        for turn in range(5):
            name = f"TOKEN_{turn}"
            answers = list(executor.map(lambda by, name=name: shop.create(owner, name, by), gateways))
            assert sorted(answer.code for answer in answers) == [201] + [409] * (len(gateways) - 1)
            (made,) = [answer.body for answer in answers if answer.code == 201]
            assert shop.get(owner, name).body == {**made}
    assert len(shop.objects()) == 5


def test_creations_by_the_api_and_by_kubectl_at_once_leave_one_holder(shop: Shop, owner: User) -> None:
    """The API makes none beside an older one; of two of one second, as far as Kubernetes counts, the uid tells."""
    with ThreadPoolExecutor(2) as executor:
        for turn in range(8):
            key, hand = f"TOKEN_{turn}", f"hand-{turn}-{shop.environment}"
            by_api, by_hand = executor.submit(shop.create, owner, key), executor.submit(shop.by_hand, hand, key)
            by_hand.result()
            code = by_api.result().code
            assert code in (201, 409)
            found = [each for each in shop.objects() if each["spec"]["key"] == key]
            holder, *losers = sorted(
                found, key=lambda raw: (raw["metadata"]["creationTimestamp"], raw["metadata"]["uid"])
            )
            names = {each["metadata"]["name"] for each in found}
            assert names == ({hand} if code == 409 else {hand, shop.object_name(key)})
            shop.told(holder["metadata"]["name"], "AwaitingValue")
            for loser in losers:
                shop.told(loser["metadata"]["name"], "NameConflict")
            value = canary()
            assert shop.give(owner, key, value).code == 200
            assert shop.api.vault.read(shop.entry(key)) == {"value": value}
            shop.told(holder["metadata"]["name"], "Ready")
            assert shop.get(owner, key).body["hasValue"] is True


def test_a_younger_object_of_a_key_is_not_shown(shop: Shop, owner: User) -> None:
    shop.declared(owner, "TOKEN", description="the older")
    born = shop.object(shop.object_name("TOKEN"))["metadata"]["creationTimestamp"]

    def younger() -> bool:
        made = shop.by_hand(f"hand-{shop.environment}", "TOKEN", {"description": "the younger"})
        if made["metadata"]["creationTimestamp"] > born:
            return True
        shop.api.kube.delete(shop.api.objects(RESOURCE, f"hand-{shop.environment}"))
        return False

    eventually(younger, message="there is a younger object of the key")
    shop.told(f"hand-{shop.environment}", "NameConflict")
    assert (shop.get(owner, "TOKEN").body["description"], shop.names(owner)) == ("the older", ["TOKEN"])
    assert shop.give(owner, "TOKEN", canary()).code == 200
    shop.told(shop.object_name("TOKEN"), "Ready")
    # Its place is taken by the one that waited, as everywhere.
    assert shop.delete(owner, "TOKEN").code == 200
    assert shop.seen(owner, "TOKEN")["description"] == "the younger"


@pytest.mark.parametrize("how", ["Argo CD", "Flux"])
def test_what_a_repository_manages_is_changed_there_409(shop: Shop, owner: User, how: str) -> None:
    name = f"managed-{shop.environment}"
    tracking = {key: text.format(shop.api.namespace, name) for key, text in ARGO_CD.items()}
    marks: Json = {"annotations": tracking} if how == "Argo CD" else {"labels": FLUX}
    shop.by_hand(name, "TOKEN", {"description": "from the repository"}, **marks)
    shop.seen(owner, "TOKEN")
    said = "Argo CD, application shop" if how == "Argo CD" else "Flux, Kustomization flux-system/apps"
    for answer in (shop.describe(owner, "TOKEN", description="new"), shop.delete(owner, "TOKEN")):
        assert (answer.code, answer.body["code"]) == (409, "Conflict")
        assert f"managed by {said}" in answer.body["error"]
    assert shop.object(name)["spec"]["description"] == "from the repository"
    # What changes nothing is no change, and a value is not the repository's.
    assert shop.describe(owner, "TOKEN", description="from the repository").code == 200
    assert shop.describe(owner, "TOKEN").code == 200
    value = canary()
    assert shop.give(owner, "TOKEN", value).code == 200
    shop.holds({"TOKEN": value})


def test_a_value_with_a_source_is_set_there_409(shop: Shop, owner: User) -> None:
    shop.by_hand(f"hand-{shop.environment}", "TOKEN", {"valueFrom": {"secretKeyRef": {"name": "theirs", "key": "k"}}})
    shop.seen(owner, "TOKEN")
    answer = shop.give(owner, "TOKEN", canary())
    assert (answer.code, answer.body["code"]) == (409, "Conflict")
    assert "spec.valueFrom takes the value from key k of Secret theirs" in answer.body["error"]
    assert shop.api.vault.metadata(shop.entry("TOKEN")) is None


def test_a_secret_that_is_being_deleted_is_gone_for_its_clients(shop: Shop, owner: User) -> None:
    name = f"hand-{shop.environment}"
    shop.by_hand(name, "TOKEN", finalizers=["example.com/wait"])
    shop.seen(owner, "TOKEN")
    assert shop.delete(owner, "TOKEN").code == 200
    assert (shop.get(owner, "TOKEN").code, shop.names(owner)) == (404, [])
    again = shop.create(owner, "TOKEN")
    assert (again.code, again.body["error"]) == (409, "the secret is being deleted")
    assert shop.give(owner, "TOKEN", canary()).code == 409
    assert shop.describe(owner, "TOKEN").code == 404
    assert shop.delete(owner, "TOKEN").code == 404
    shop.api.kube.patch(shop.api.objects(RESOURCE, name), {"metadata": {"finalizers": None}})
    eventually(lambda: shop.create(owner, "TOKEN").code == 201, message="the name is free")


def test_a_name_that_another_object_has_409(shop: Shop, owner: User) -> None:
    """The name of its object, that is: nobody but a user with kubectl makes such a one."""
    shop.by_hand(shop.object_name("TOKEN"), "ANOTHER")
    answer = shop.create(owner, "TOKEN")
    assert answer.code == 409
    assert shop.object_name("TOKEN") in answer.body["error"]
    assert shop.names(owner) == ["ANOTHER"]


def test_a_replica_that_starts_knows_what_there_is(
    shop: Shop, owner: User, make_replica: Callable[..., Gateway]
) -> None:
    made = [shop.declared(owner, f"TOKEN_{number}") for number in range(3)]
    third = make_replica()
    assert shop.ask(owner, "GET", gateway=third).body == made
    ready = condition(shop.told(shop.object_name("TOKEN_0"), "AwaitingValue"))
    assert ready["status"] == "False"
