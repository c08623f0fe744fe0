"""The handlers over stand-ins for what they ask: the order of the checks, the answers, and what is told of an error."""

from __future__ import annotations

import base64
import gzip
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from slotwarden.cluster.errors import Conflict, NotFound, Unavailable
from slotwarden.domain.credentials import RegistryCredential
from slotwarden.gateway.bodies import MAX_BODY
from slotwarden.sensitive import Sensitive
from slotwarden.values.entries import NotOwner
from tests.unit.gateway.bed import CANARY, WHEN
from tests.unit.gateway.objects import ENVIRONMENT, REGISTRY, source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.unit.gateway.bed import Bed

ROOT = "/apis/values.slotwarden.io/v1beta1"
SLOT, ENV = f"{ROOT}/namespaces/acme/secretslots/pull", f"{ROOT}/namespaces/acme/envsecrets/database-url"
BODY = {"username": "bot", "password": CANARY}


Client = TestClient[web.Request, web.Application]


async def failed(response: Any, code: int, reason: str) -> Any:
    assert (await response.text()).endswith("}\n")
    status = await response.json()
    assert (response.status, status["code"], status["reason"], status["kind"]) == (code, code, reason, "Status")
    assert CANARY not in json.dumps(status)
    return status


async def test_setting_a_value(client: Client, bed: Bed) -> None:
    response = await client.post(f"{SLOT}/value", json={**BODY, "requestID": "r-1", "expectedVersion": 3})
    assert (response.status, response.headers["Cache-Control"]) == (201, "no-store")
    assert (await response.text()).endswith("}\n")
    assert await response.json() == {
        "apiVersion": "values.slotwarden.io/v1beta1",
        "kind": "ValueVersion",
        "metadata": {"namespace": "acme", "name": "pull", "uid": "uid-pull"},
        "version": 4,
        "createdTime": WHEN,
        "changed": True,
        "requestID": "r-1",
    }
    pending = {"requestID": "r-1", "expectedVersion": 4, "requestedTime": WHEN}
    assert bed.pending == [("secretslots", "acme", "pull", "uid-pull", pending)]
    ((ref, owner, value, options),) = bed.stored
    assert ref == ("acme", "pull")
    assert (owner.cluster, owner.namespace_uid, owner.object_uid) == ("uid-kube-system", "uid-acme", "uid-pull")
    assert value == RegistryCredential("bot", Sensitive.of_text(CANARY), "ghcr.io")
    assert options == {"adopt": False, "expected": 3, "dry_run": False}


async def test_an_environments_value_of_any_bytes(client: Client, bed: Bed) -> None:
    response = await client.post(f"{ENV}/value", json={"valueBase64": base64.b64encode(b"\xff").decode()})
    assert response.status == 201
    assert bed.stored[0][0] == ("acme", "shop", "production", "DATABASE_URL")
    assert len((await response.json())["requestID"]) == 36


async def test_kubectl_names_no_type(client: Client) -> None:
    response = await client.post(f"{SLOT}/value", data=json.dumps(BODY).encode(), skip_auto_headers=["Content-Type"])
    assert response.status == 201
    query = "?fieldManager=kubectl&pretty=true&timeout=5s"
    assert (await client.post(f"{SLOT}/value{query}", json=BODY)).status == 201


async def test_a_dry_run_writes_nothing(client: Client, bed: Bed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "slotwarden.audit")
    response = await client.post(f"{SLOT}/value?dryRun=All", json=BODY)
    assert response.status == 201
    assert "createdTime" not in await response.json()
    assert bed.pending == bed.stored == []
    (line,) = [record.__dict__["fields"] for record in caplog.records if record.name == "slotwarden.audit"]
    assert (line["dryRun"], "version" in line) == (True, False)
    await failed(await client.post(f"{SLOT}/value?dryRun={CANARY}", json=BODY), 400, "BadRequest")
    await failed(await client.post(f"{SLOT}/value?dryRun=All&dryRun=", json=BODY), 400, "BadRequest")


async def test_reading_a_value(client: Client, bed: Bed) -> None:
    response = await client.post(f"{SLOT}/reveal")
    assert (response.status, response.headers["Cache-Control"]) == (201, "no-store")
    told = await response.json()
    assert (told["kind"], told["username"], told["password"], told["serverAddress"]) == (
        "Value",
        "bot",
        CANARY,
        "ghcr.io",
    )
    assert (told["version"], told["createdTime"]) == (4, WHEN)
    assert (await (await client.post(f"{SLOT}/reveal", json={"version": 2})).json())["version"] == 2
    assert bed.asked[0]["verb"] == "create"


async def test_the_versions_of_a_value(client: Client, bed: Bed) -> None:
    response = await client.get(f"{SLOT}/versions")
    listed = await response.json()
    assert (response.status, listed["kind"]) == (200, "ValueVersionList")
    states = [(item["version"], item["state"]) for item in listed["items"]]
    assert states == [(4, "Current"), (3, "Superseded"), (2, "Deleted"), (1, "Destroyed")]
    assert bed.asked[0]["verb"] == "get"


async def test_rolling_back(client: Client, bed: Bed) -> None:
    response = await client.post(f"{SLOT}/rollback", json={"version": 3})
    assert (response.status, (await response.json())["version"]) == (201, 5)
    ref, version, dry_run, misfit = bed.asked[-1]
    assert (ref, version, dry_run) == (("acme", "pull"), 3, False)
    assert "example.com" in misfit
    await failed(await client.post(f"{SLOT}/rollback", json={}), 422, "Invalid")


async def test_who_may_not_learns_nothing(client: Client, bed: Bed) -> None:
    bed.allowed = False
    for name in ("pull", "not-there"):
        path = f"{ROOT}/namespaces/acme/secretslots/{name}/value"
        status = await failed(await client.post(path, data=b"x" * (MAX_BODY + 1)), 403, "Forbidden")
        assert status["message"] == (
            f'secretslots.values.slotwarden.io "{name}" is forbidden: User "dana" cannot create resource '
            '"secretslots/value" in API group "values.slotwarden.io" in the namespace "acme"'
        )
        assert status["details"] == {"name": name, "group": "values.slotwarden.io", "kind": "secretslots"}
    assert not [asked for asked in bed.asked if isinstance(asked, str)]


async def test_the_body_is_checked_before_the_object(client: Client, bed: Bed) -> None:
    await failed(
        await client.post(f"{SLOT}/value", data=CANARY.encode(), skip_auto_headers=["Content-Type"]), 400, "BadRequest"
    )
    assert "get pull" not in bed.asked
    path = f"{ROOT}/namespaces/acme/secretslots/not-there/value"
    status = await failed(await client.post(path, json=BODY), 404, "NotFound")
    assert status["message"] == 'secretslots.slotwarden.io "not-there" not found'


async def test_a_body_that_is_too_long(client: Client) -> None:
    long = json.dumps({"password": CANARY + "x" * MAX_BODY}).encode()
    await failed(await client.post(f"{SLOT}/value", data=long, headers=JSON), 413, "RequestEntityTooLarge")

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(long), 65536):
            yield long[start : start + 65536]

    await failed(await client.post(f"{SLOT}/value", data=pieces(), headers=JSON), 413, "RequestEntityTooLarge")
    value = {"username": "bot", "password": "x" * 512 * 1024 + "x"}
    status = await failed(await client.post(f"{SLOT}/value", json=value), 422, "Invalid")
    assert status["details"]["causes"][0]["field"] == "password"


JSON = {"Content-Type": "application/json"}


async def test_a_body_in_another_form(client: Client) -> None:
    raw = json.dumps(BODY).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await failed(await client.post(f"{SLOT}/value", data=raw, headers=form), 415, "UnsupportedMediaType")
    packed = {**JSON, "Content-Encoding": "gzip"}
    answer = await client.post(f"{SLOT}/value", data=gzip.compress(raw), headers=packed)
    await failed(answer, 415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    ("path", "method", "code", "reason"),
    [
        (f"{SLOT}/values", "POST", 404, "NotFound"),
        (f"{ROOT}/namespaces/acme/secretslots", "GET", 404, "NotFound"),
        (f"{ROOT}/namespaces/acme/secrets/pull/value", "POST", 404, "NotFound"),
        (f"{ROOT}/namespaces/acme/secretslots/a%2Fb/value", "POST", 404, "NotFound"),
        (f"{ROOT}/namespaces/%2e%2e/secretslots/pull/value", "POST", 404, "NotFound"),
        (f"{ROOT}/namespaces/acme/secretslots/Pull/value", "POST", 404, "NotFound"),
        ("/", "GET", 404, "NotFound"),
        (f"{SLOT}/value", "GET", 405, "MethodNotAllowed"),
        (f"{SLOT}/value", "PUT", 405, "MethodNotAllowed"),
        (f"{SLOT}/versions", "POST", 405, "MethodNotAllowed"),
    ],
)
async def test_other_paths(client: Client, bed: Bed, path: str, method: str, code: int, reason: str) -> None:
    await failed(await client.request(method, path, json=BODY), code, reason)
    assert bed.asked == []


async def test_what_forbids_to_set_does_not_forbid_to_read(client: Client, bed: Bed) -> None:
    bed.declare("pull", {"registry": {"serverAddress": "ghcr.io", **source("passwordFrom")}})
    status = await failed(await client.post(f"{SLOT}/value", json=BODY), 409, "Conflict")
    assert status["details"]["causes"][0]["field"] == "spec.registry.passwordFrom"
    await failed(await client.post(f"{SLOT}/rollback", json={"version": 1}), 409, "Conflict")
    assert (await client.post(f"{SLOT}/reveal")).status == 201
    assert bed.stored == bed.pending == []


async def test_an_older_rival_owns_the_value(client: Client, bed: Bed) -> None:
    bed.declare("older", ENVIRONMENT, creationTimestamp="2025-01-01T00:00:00Z")
    status = await failed(await client.post(f"{ENV}/value", json={"value": CANARY}), 409, "Conflict")
    assert "older" in status["message"]


async def test_an_object_may_take_over_an_entry(client: Client, bed: Bed) -> None:
    bed.declare("pull", REGISTRY, annotations={"slotwarden.io/adopt-value": "true"})
    await client.post(f"{SLOT}/value", json=BODY)
    assert bed.stored[0][3]["adopt"] is True


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (Unavailable("create", "subjectaccessreviews", 0, "TimeoutError"), 503, "ServiceUnavailable"),
        (NotFound("patch", "secretslots/status", 404, "gone"), 404, "NotFound"),
        (Conflict("patch", "secretslots/status", 409, "uid"), 409, "Conflict"),
        (NotOwner("another's"), 409, "Conflict"),
        (RuntimeError(CANARY), 500, "InternalError"),
    ],
)
async def test_errors(
    client: Client, bed: Bed, error: Exception, code: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    bed.error = error
    response = await client.post(f"{SLOT}/value", json=BODY)
    status = await failed(response, code, reason)
    assert (response.headers.get("Retry-After") == "2") == (code == 503)
    assert (status["details"].get("retryAfterSeconds") == 2) == (code == 503)
    assert CANARY not in "".join(record.getMessage() for record in caplog.records)


async def test_documents(client: Client) -> None:
    for path in ("/apis", "/apis/values.slotwarden.io", ROOT, "/openapi/v2", "/openapi/v3", f"/openapi/v3{ROOT}"):
        response = await client.get(path)
        assert (response.status, response.content_type) == (200, "application/json")
