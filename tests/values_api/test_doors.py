"""What a request does in the cluster and in Vault."""

from __future__ import annotations

import asyncio
import base64
import secrets
from typing import TYPE_CHECKING, Any

from testbed.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.values_api.conftest import Api

REGISTRY = {"registry": {"serverAddress": "ghcr.io"}}
ENVIRONMENT = {"project": "shop", "environment": "production", "key": "DATABASE_URL"}


def managers(found: dict[str, Any], field: str) -> set[str]:
    return {
        entry["manager"]
        for entry in found["metadata"]["managedFields"]
        if field in entry["fieldsV1"].get("f:status", {})
    }


async def test_a_value_is_stated_and_then_stored(api: Api) -> None:
    made = api.declare("SecretSlot", "pull", REGISTRY)
    uid = made["metadata"]["uid"]
    answer = await api.post("secretslots/pull/value", {"username": "bot", "password": "first", "requestID": "r-1"})
    assert (answer["version"], answer["changed"], answer["metadata"]["uid"]) == (1, True, uid)
    found = api.session.kube.get(api.path("secretslots", "pull"))
    pending = found["status"]["pending"]
    assert (pending["requestID"], pending["expectedVersion"]) == ("r-1", 1)
    assert managers(found, "f:pending") == {"slotwarden-gateway"}
    assert found["metadata"]["generation"] == made["metadata"]["generation"]
    entry = f"{api.prefix}/{api.namespace}/slots/pull"
    stored = api.session.vault.read(entry)
    assert stored == {"username": "bot", "password": "first", "server_address": "ghcr.io"}
    namespace = api.session.kube.get(f"/api/v1/namespaces/{api.namespace}")
    owner = (api.session.vault.metadata(entry) or {})["custom_metadata"]
    assert owner["slotwarden.io/object-uid"] == uid
    assert owner["slotwarden.io/namespace-uid"] == namespace["metadata"]["uid"]
    again = await api.post("secretslots/pull/value", {"username": "bot", "password": "first"})
    assert (again["version"], again["changed"], again["createdTime"]) == (1, False, answer["createdTime"])


async def test_bytes_come_back_as_they_were(api: Api) -> None:
    api.declare("EnvSecret", "database-url", ENVIRONMENT)
    for value in (b"", b"\xff\0\n", b"text"):
        encoded = base64.b64encode(value).decode()
        await api.post("envsecrets/database-url/value", {"valueBase64": encoded})
        told = await api.post("envsecrets/database-url/reveal")
        found = base64.b64decode(told["valueBase64"]) if "valueBase64" in told else told["value"].encode()
        assert found == value
    await api.post("envsecrets/database-url/value", {"value": "ü \U0001f511"})
    assert (await api.post("envsecrets/database-url/reveal"))["value"] == "ü \U0001f511"


async def test_the_older_of_two_owns_the_value(api: Api) -> None:
    names = ("zeta", "alpha")
    made = [api.declare("EnvSecret", name, ENVIRONMENT)["metadata"] for name in names]
    api.declare("EnvSecret", "another", {**ENVIRONMENT, "key": "OTHER"})
    older, younger = (each["name"] for each in sorted(made, key=lambda each: (each["creationTimestamp"], each["uid"])))
    status = await api.post(f"envsecrets/{younger}/value", {"value": "v"}, code=409)
    assert older in status["message"]
    await api.post(f"envsecrets/{older}/value", {"value": "v"})
    assert (await api.post(f"envsecrets/{older}/reveal"))["value"] == "v"
    await api.post(f"envsecrets/{younger}/reveal", code=404)


async def test_history_and_the_way_back(api: Api) -> None:
    api.declare("SecretSlot", "pull", REGISTRY)
    assert await api.states("secretslots/pull") == {}
    assert (await api.post("secretslots/pull/reveal", code=404))["message"].startswith("no value was set yet")
    for number, password in enumerate(("one", "two", "three"), 1):
        body = {"username": "bot", "password": password, "expectedVersion": number - 1}
        assert (await api.post("secretslots/pull/value", body))["version"] == number
    await api.post("secretslots/pull/value", {"username": "bot", "password": "x", "expectedVersion": 1}, code=409)
    vault, entry = api.session.vault, f"{api.prefix}/{api.namespace}/slots/pull"
    vault.soft_delete(entry, [2])
    assert await api.states("secretslots/pull") == {3: "Current", 2: "Deleted", 1: "Superseded"}
    await api.post("secretslots/pull/reveal", {"version": 2}, code=409)
    await api.post("secretslots/pull/rollback", {"version": 2}, code=409)
    await api.post("secretslots/pull/rollback", {"version": 7}, code=422)
    assert (await api.post("secretslots/pull/reveal", {"version": 1}))["password"] == "one"
    assert (await api.post("secretslots/pull/rollback", {"version": 1}))["version"] == 4
    assert (await api.post("secretslots/pull/reveal"))["password"] == "one"


async def test_no_rollback_to_another_address(api: Api) -> None:
    api.declare("SecretSlot", "pull", REGISTRY)
    await api.post("secretslots/pull/value", {"username": "bot", "password": "one"})
    api.session.kube.patch(api.path("secretslots", "pull"), {"spec": {"registry": {"serverAddress": "quay.io"}}})
    await api.post("secretslots/pull/value", {"username": "bot", "password": "two"})
    status = await api.post("secretslots/pull/rollback", {"version": 1}, code=409)
    assert "ghcr.io" in status["message"]
    assert list(await api.states("secretslots/pull")) == [2, 1]


async def test_a_dry_run_leaves_nothing(api: Api) -> None:
    api.declare("SecretSlot", "pull", REGISTRY)
    answer = await api.post("secretslots/pull/value?dryRun=All", {"username": "bot", "password": "one"})
    assert (answer["version"], answer["changed"], "createdTime" in answer) == (1, True, False)
    assert api.session.vault.metadata(f"{api.prefix}/{api.namespace}/slots/pull") is None
    assert "pending" not in api.session.kube.get(api.path("secretslots", "pull")).get("status", {})


async def test_every_acknowledged_value_is_a_version(api: Api) -> None:
    api.declare("EnvSecret", "database-url", ENVIRONMENT)
    values = [f"value-{number}" for number in range(5)]
    answers = await asyncio.gather(*(api.post("envsecrets/database-url/value", {"value": value}) for value in values))
    for value, answer in zip(values, answers, strict=True):
        told = await api.post("envsecrets/database-url/reveal", {"version": answer["version"]})
        assert told["value"] == value


async def test_without_vault(make_api: Callable[..., Any]) -> None:
    canary = f"c4nary{secrets.token_hex(12)}"
    (port,) = free_ports(1)
    away: Api = await make_api(address=f"https://127.0.0.1:{port}")
    away.declare("EnvSecret", "database-url", ENVIRONMENT)
    status = await away.post("envsecrets/database-url/value", {"value": canary}, code=503)
    assert (status["reason"], status["details"]["retryAfterSeconds"]) == ("ServiceUnavailable", 2)
    assert canary not in str(status)


async def test_without_rights_in_vault(make_api: Callable[..., Any], api: Api) -> None:
    token = api.session.vault.create_token(["default"])
    denied: Api = await make_api(token=token)
    denied.declare("EnvSecret", "database-url", ENVIRONMENT)
    status = await denied.post("envsecrets/database-url/value", {"value": "v"}, code=500)
    assert (status["reason"], "DATABASE_URL" in status["message"]) == ("InternalError", True)
    api.session.vault.revoke_token(token)
