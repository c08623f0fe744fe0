"""State is the objects and Vault: what one gateway made, another one tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from testbed.wait import eventually
from tests.published.support import canary

if TYPE_CHECKING:
    from testbed.gateway import Gateway
    from tests.published.support import Api, User


def test_what_one_gateway_wrote_it_tells_at_once_and_another_soon(api: Api, owner: User, second: Gateway) -> None:
    path = f"/{api.namespace}/replicas/envs/production/secrets"

    def told(gateway: Gateway, name: str = "TOKEN") -> Any:
        answer = owner.ask("GET", f"{path}/{name}", gateway=gateway)
        return answer.body if answer.code == 200 else None

    assert owner.ask("POST", path, {"kind": "Secret", "name": "TOKEN"}).code == 201
    assert not told(api.gateway)["hasValue"]
    eventually(lambda: told(second))
    assert owner.ask("PUT", f"{path}/TOKEN/value", {"value": canary()}, gateway=second).code == 200
    assert told(second)["hasValue"]
    eventually(lambda: told(api.gateway)["hasValue"])
    assert owner.ask("DELETE", f"{path}/TOKEN").code == 200
    assert told(api.gateway) is None
    eventually(lambda: told(second) is None)


def test_what_kubectl_does_a_gateway_tells(api: Api, owner: User) -> None:
    path = f"/{api.namespace}/by-kubectl/envs/production/secrets"
    spec = {"project": "by-kubectl", "environment": "production", "key": "TOKEN", "description": "made by hand"}
    body = {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": {"name": "by-kubectl"}}
    api.kube.create(api.objects("envsecrets"), {**body, "spec": spec})
    (found,) = eventually(lambda: owner.ask("GET", path).body)
    assert (found["name"], found["description"]) == ("TOKEN", "made by hand")
    api.kube.delete(api.objects("envsecrets", "by-kubectl"))
    eventually(lambda: owner.ask("GET", path).body == [])


def test_a_slot_is_deleted_at_one_gateway_the_moment_that_another_made_it(owner: User, second: Gateway) -> None:
    value = {"gitSecret": {"username": "bot", "token": canary()}}
    for attempt in range(10):
        name = f"Handed_over-{attempt}"
        assert owner.ask("POST", "/v1/ignite/secrets", {"name": name, "value": value}).code == 200
        answer = owner.ask("DELETE", f"/v1/ignite/secrets/{name}", gateway=second)
        assert (answer.code, answer.body) == (200, {"deleted": True})
        again = owner.ask("DELETE", f"/v1/ignite/secrets/{name}", gateway=second)
        assert (again.code, again.body) == (200, {"deleted": False})
