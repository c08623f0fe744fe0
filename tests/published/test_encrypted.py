"""An object that asks for encryption gets it by whichever API its value is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slotwarden.domain.names import environment_secret
from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import data
from tests.published.environments import Shop
from tests.published.repositories import Repo
from tests.published.support import canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.published.support import Api, User


def declare(api: Api, owner: User, project: str, environment: str, key: str) -> None:
    """Declare a key by other means than an API; told to the gateway."""
    spec = {"project": project, "environment": environment, "key": key, "encrypted": True}
    name = f"{project}-{environment}-{key}".lower()
    manifest = {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": {"name": name}, "spec": spec}
    api.kube.create(api.objects("envsecrets"), manifest)
    path = f"/{api.namespace}/{project}/envs/{environment}/secrets/{key}"
    eventually(lambda: owner.ask("GET", path).code == 200, message="the gateway knows the object")


def by_environments(api: Api, owner: User, value: str) -> tuple[str, int]:
    shop = Shop.new(api)
    declare(api, owner, "shop", shop.environment, "TOKEN")
    return f"shop/{shop.environment}", shop.give(owner, "TOKEN", value).code


def by_repositories(api: Api, owner: User, value: str) -> tuple[str, int]:
    repo = Repo.new(api, owner)
    declare(api, owner, f"repo-{repo.id}", repo.environment, "TOKEN")
    return f"repo-{repo.id}/{repo.environment}", repo.put("TOKEN", value).code


@pytest.mark.parametrize("set_value", [by_environments, by_repositories])
def test_a_value_that_is_to_be_encrypted_is(
    api: Api, owner: User, set_value: Callable[[Api, User, str], tuple[str, int]]
) -> None:
    value = canary()
    place, code = set_value(api, owner, value)
    assert code < 300
    entry = api.vault.read(f"{api.prefix}/{api.namespace}/env/{place}/TOKEN") or {}
    assert entry.keys() == {"ciphertext"}
    secret = environment_secret(*place.split("/"))
    eventually(lambda: data(api.kube.get(core(api.namespace, "secrets", secret))) == {"TOKEN": value})
