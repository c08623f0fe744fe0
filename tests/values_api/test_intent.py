"""What is stated before a value is written: on the object that is meant, and without losing what others stated."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.cluster.errors import Conflict
from slotwarden.gateway.intent import intent
from slotwarden.gateway.objects import declared_of
from slotwarden.gateway.refusals import Refusal
from slotwarden.resources.slotstatus import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.values_api.conftest import Api

REGISTRY = {"registry": {"serverAddress": "ghcr.io"}}
ENVIRONMENT = {"project": "shop", "environment": "production", "key": "DATABASE_URL"}
WHEN = "2026-01-01T00:00:00Z"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENV = ("envsecrets", "database-url")


def stating(api: Api, made: dict[str, Any], request: str) -> Callable[[int], Awaitable[None]]:
    """As a replica does that saw the object as it was `made`."""
    resource = "secretslots" if made["kind"] == "SecretSlot" else "envsecrets"
    return intent(api.objects, resource, declared_of(resource, made), request, NOW)  # type: ignore[arg-type]


def requests(pending: dict[str, Any]) -> list[str]:
    """Those that are stated, the newest first."""
    return [pending["requestID"], *(each["requestID"] for each in pending.get("superseded", ()))]


@pytest.mark.parametrize("kind", ["SecretSlot", "EnvSecret"])
async def test_an_intent_leaves_the_rest_of_the_status(api: Api, kind: str) -> None:
    made = api.declare(kind, "one", REGISTRY if kind == "SecretSlot" else ENVIRONMENT)
    kube, path = api.session.kube, api.path(f"{kind.lower()}s", "one")
    told = {"observedGeneration": 1, "pending": {"requestID": "old", "expectedVersion": 9, "requestedTime": WHEN}}
    kube.patch(f"{path}/status", {"status": told}, fieldManager="slotwarden")
    await stating(api, made, "new")(1)
    status = kube.get(path)["status"]
    assert (status["observedGeneration"], requests(status["pending"])) == (1, ["new", "old"])
    await stating(api, made, "new")(2)
    again = kube.get(path)["status"]["pending"]
    assert (requests(again), again["expectedVersion"]) == (["new", "old"], 2)
    kube.patch(f"{path}/status", {"status": {"pending": None}}, fieldManager="slotwarden")
    assert "pending" not in kube.get(path)["status"]
    await stating(api, made, "next")(1)
    assert requests(kube.get(path)["status"]["pending"]) == ["next"]


async def test_an_intent_is_stated_on_no_other_object_of_that_name(api: Api) -> None:
    first = api.declare("EnvSecret", "database-url", ENVIRONMENT)
    api.session.kube.delete(api.path(*ENV))
    with pytest.raises(Refusal) as refused:
        await stating(api, first, "r")(1)
    assert refused.value.code == 404
    api.declare("EnvSecret", "database-url", ENVIRONMENT)
    with pytest.raises(Conflict):
        await stating(api, first, "r")(1)
    assert "pending" not in api.session.kube.get(api.path(*ENV)).get("status", {})


async def test_of_many_at_once_none_is_lost(make_api: Callable[..., Any]) -> None:
    """By two replicas, which know nothing of each other."""
    replicas: list[Api] = [await make_api(), await make_api()]
    made = replicas[0].declare("EnvSecret", "database-url", ENVIRONMENT)
    stated = [f"r-{number}" for number in range(OPERATIONS)]
    await asyncio.gather(*(stating(replicas[at % 2], made, request)(1) for at, request in enumerate(stated)))
    found = requests(replicas[0].session.kube.get(replicas[0].path(*ENV))["status"]["pending"])
    assert sorted(found) == sorted(stated)
    await stating(replicas[1], made, "one more")(1)
    kept = requests(replicas[0].session.kube.get(replicas[0].path(*ENV))["status"]["pending"])
    assert kept == ["one more", *found[:-1]]
    await stating(replicas[0], made, kept[3])(1)
    again = requests(replicas[0].session.kube.get(replicas[0].path(*ENV))["status"]["pending"])
    assert again == [kept[3], *(request for request in kept if request != kept[3])]
