"""What a stranger learns of an object that is there: nothing, whatever name it has and whoever made it.

By the answer, and by what the gateway asked of Kubernetes and of Vault to give it. Slots have one name each, and are
looked at where their permissions are; so are the objects that the other APIs made themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.published.coreinstances import RESOURCE, Instance
from tests.published.environments import Shop
from tests.published.repositories import Repo
from tests.published.support import REVEAL, canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.published.support import Answer, Api, Json, User

THERE, NOT_THERE = "THERE", "NOT_THERE"
NAMED = {"X-Request-Id": "the-same"}


def nothing_learned(api: Api, ask: Callable[[str], Answer], code: int) -> None:
    """Both keys are answered with this code and alike, by permissions alone."""
    found = {}
    for key in (THERE, NOT_THERE):
        kube, vault = api.session.kube_audit.mark(), api.session.vault_audit.mark()
        found[key] = (ask(key).compared, *api.asked(kube, vault))
    assert found[THERE] == found[NOT_THERE]
    told, calls, stored = found[THERE]
    assert told[0] == code
    assert set(calls) == {"create subjectaccessreviews"}
    assert stored == []


@pytest.fixture(params=["in another namespace", "in its own", "who reads values"])
def stranger(request: pytest.FixtureRequest, users: Callable[..., User], make_namespace: Callable[[], str]) -> User:
    """One without the permission to set a value, to read metadata, or to declare."""
    rules = [REVEAL] if request.param == "who reads values" else []
    return users(*rules, namespace=make_namespace() if request.param == "in another namespace" else "")


@pytest.fixture(params=["by the API", "by hand"])
def by_hand(request: pytest.FixtureRequest) -> bool:
    """Whether somebody made the object without an API, under a name that the API would not give."""
    return bool(request.param == "by hand")


def made(api: Api, project: str, environment: str) -> Json:
    """An object of the key, under a name of somebody's own."""
    identity = {"project": project, "environment": environment, "key": THERE}
    head = {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": {"name": f"hand-{environment}"}}
    return api.kube.create(api.objects(RESOURCE), {**head, "spec": identity})


def test_a_core_instances_taken_key_is_as_a_free_one(api: Api, owner: User, stranger: User, by_hand: bool) -> None:
    instance = Instance.new(api)
    if by_hand:
        instance.by_hand(THERE, f"hand-{instance.id}")
        instance.known(owner, THERE)
    else:
        instance.created(owner, THERE, canary())
    here = {"X-Slotwarden-Organization": api.namespace}
    body = {"value": "dmFsdWU="}
    nothing_learned(
        api, lambda key: stranger.ask("POST", instance.path(), {"key": key, **body}, headers=here), code=403
    )


@pytest.mark.parametrize("call", ["get", "describe", "give", "delete"])
def test_an_environments_secret_that_was_made_by_hand(api: Api, owner: User, stranger: User, call: str) -> None:
    shop = Shop.new(api)
    shop.by_hand(f"hand-{shop.environment}", THERE)
    shop.seen(owner, THERE)
    asks: dict[str, Callable[[str], Answer]] = {
        "get": lambda key: shop.get(stranger, key),
        "describe": lambda key: shop.describe(stranger, key, description="new"),
        "give": lambda key: shop.give(stranger, key, canary()),
        "delete": lambda key: shop.delete(stranger, key),
    }
    nothing_learned(api, asks[call], code=404)


@pytest.mark.parametrize("call", ["put", "poll"])
def test_a_repositorys_secret_that_was_made_by_hand(api: Api, owner: User, stranger: User, call: str) -> None:
    repo = Repo.new(api, owner, Shop.new(api).environment)
    made(api, f"repo-{repo.id}", repo.group)
    operation = repo.accepted(THERE, canary())["operation_id"]
    here = {"X-Slotwarden-Organization": api.namespace, **NAMED}
    group = f"?secret_group={repo.group}"

    def ask(key: str) -> Answer:
        path = f"/repos/id:{repo.id}/secrets/{key}"
        if call == "put":
            return stranger.ask("PUT", path + group, {"value": "dmFsdWU="}, headers=here)
        return stranger.ask("GET", f"{path}/operations/{operation}{group}", headers=here)

    nothing_learned(api, ask, code=403 if call == "put" else 404)
