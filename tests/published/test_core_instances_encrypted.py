"""Core-instance secrets with `encrypted: true`: Vault's KV engine holds no value, the Secret and the list do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.published.coreinstances import Instance, encoded
from tests.published.support import OBJECTS, SET, VALUES, canary, rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.gateway import Gateway
    from tests.published.support import Api, Json, User


@pytest.fixture
def instance(api: Api) -> Instance:
    return Instance.new(api)


def key(instance: Instance) -> str:
    """The Transit key of an instance, as its administrator names it."""
    api = instance.api
    return f"{api.vault.transit}/keys/{api.prefix}.{api.namespace}.core-instances.{instance.id}"


def raw(instance: Instance, name: str = "mysecret") -> Json:
    found = instance.raw(name)
    assert found is not None
    return found


def test_vault_holds_no_plaintext_and_the_list_and_the_secret_do(instance: Instance, owner: User) -> None:
    values = {"mysecret": canary(), "other": canary(), "plain": canary()}
    for name, value in values.items():
        instance.created(owner, name, value, encrypted=name != "plain")
    assert instance.object("mysecret")["spec"]["encrypted"] is True
    assert raw(instance).keys() == {"ciphertext"}
    assert raw(instance, "plain") == {"value": values["plain"]}
    for name in ("mysecret", "other"):
        entry = json.dumps([raw(instance, name), instance.api.vault.metadata(instance.entry(name))])
        assert values[name] not in entry
        assert encoded(values[name]).rstrip("=") not in entry
    assert {item["key"]: item["value"] for item in instance.items(owner)} == {
        name: encoded(value) for name, value in values.items()
    }
    instance.holds({name: value.encode() for name, value in values.items()})


def test_one_instances_key_opens_nothing_of_another(instance: Instance, owner: User) -> None:
    other, value = Instance.new(instance.api), canary()
    instance.created(owner, "mysecret", value, encrypted=True)
    other.created(owner, "mysecret", canary(), encrypted=True)
    vault = instance.api.vault
    vault.write(other.entry("mysecret"), raw(instance))
    (item,) = other.items(owner)
    assert "value" not in item
    assert instance.items(owner)[0]["value"] == encoded(value)
    eventually(lambda: vault.request("GET", key(other))["data"]["name"] != vault.request("GET", key(instance)))
    for each in (instance, other):
        found = vault.request("GET", key(each))["data"]
        assert (found["exportable"], found["allow_plaintext_backup"]) == (False, False)


def test_a_rotated_key_opens_old_values_and_a_deleted_one_none(instance: Instance, owner: User) -> None:
    values = [canary(), canary()]
    instance.created(owner, "one", values[0], encrypted=True)
    vault = instance.api.vault
    vault.request("POST", f"{key(instance)}/rotate")
    instance.created(owner, "two", values[1], encrypted=True)
    assert raw(instance, "two")["ciphertext"].startswith("vault:v2:")
    assert [item["value"] for item in instance.items(owner)] == [encoded(values[1]), encoded(values[0])]
    instance.holds({"one": values[0].encode(), "two": values[1].encode()})
    vault.request("POST", f"{key(instance)}/config", {"deletion_allowed": True})
    vault.request("DELETE", key(instance))
    # The rest of the list is told; the Secret keeps the last good values.
    assert ["value" in item for item in instance.items(owner)] == [False, False]
    instance.holds({"one": values[0].encode(), "two": values[1].encode()})


def test_the_environments_api_encrypts_what_it_sets_later(instance: Instance, owner: User) -> None:
    instance.created(owner, "mysecret", canary(), encrypted=True)
    value = canary()
    path = f"/{instance.api.namespace}/core-instances/envs/{instance.id}/secrets/mysecret/value"
    assert owner.ask("PUT", path, {"value": value}).code == 200
    assert raw(instance).keys() == {"ciphertext"}
    assert instance.items(owner)[0]["value"] == encoded(value)


def test_the_values_api_works_with_what_is_encrypted(
    instance: Instance, owner: User, users: Callable[..., User]
) -> None:
    values = [canary(), canary()]
    instance.created(owner, "mysecret", values[0], encrypted=True)
    more = rule(VALUES, "create get", "envsecrets/rollback envsecrets/versions envsecrets/value envsecrets/reveal")
    user, place = users(more), f"/apis/{VALUES}/v1beta1/namespaces/{instance.api.namespace}/envsecrets"
    path = f"{place}/{instance.object_name('mysecret')}"

    def reveal(**body: int) -> str:
        answer = user.ask("POST", f"{path}/reveal", body)
        assert answer.code == 201, answer
        told = answer.body["value_base64"] if "value_base64" in answer.body else encoded(answer.body["value"])
        return str(told)

    for content, changed in ((values[0], False), (values[1], True), (values[1], False)):
        answer = user.ask("POST", f"{path}/value", {"value": content})
        assert (answer.code, answer.body["changed"]) == (201, changed)
        assert raw(instance).keys() == {"ciphertext"}
    assert (reveal(), reveal(version=1)) == (encoded(values[1]), encoded(values[0]))
    states = [each["state"] for each in user.ask("GET", f"{path}/versions").body["items"]]
    assert states == ["Current", "Superseded"]
    assert user.ask("POST", f"{path}/rollback", {"version": 1}).body["version"] == 3
    assert raw(instance).keys() == {"ciphertext"}
    assert reveal() == encoded(values[0])
    instance.holds({"mysecret": values[0].encode()})


def test_to_have_it_encrypted_takes_to_describe_alone(
    instance: Instance, owner: User, users: Callable[..., User]
) -> None:
    describes, value = users(SET, rule(OBJECTS, "update", "envsecrets")), canary()
    assert instance.post(describes, "mysecret", value, encrypted=True).code == 403
    instance.by_hand("mysecret")
    instance.known(owner, "mysecret")
    assert instance.post(describes, "mysecret", value, encrypted=True).code == 201
    assert instance.object("mysecret")["spec"]["encrypted"] is True
    assert instance.known(owner, "mysecret")["value"] == encoded(value)


@pytest.fixture(scope="package")
def without(make_replica: Callable[..., Gateway]) -> Gateway:
    """A gateway that was given no Transit mount."""
    return make_replica("--transit-mount", "")


def test_without_a_transit_mount_the_field_is_refused_422(instance: Instance, owner: User, without: Gateway) -> None:
    answer = instance.post(owner, "mysecret", canary(), encrypted=True, gateway=without)
    assert answer.code == 422
    assert answer.body["error"] == (
        "the request is invalid: encrypted: cannot be done: no Transit mount is configured here: give --transit-mount"
    )
    assert instance.find("mysecret") is None
    assert instance.post(owner, "mysecret", canary(), encrypted=False, gateway=without).code == 201
    # What another gateway encrypted is told without its value.
    instance.created(owner, "sealed", canary(), encrypted=True)
    item = instance.known(owner, "sealed", gateway=without)
    assert "value" not in item
