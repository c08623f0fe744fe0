"""What goes wrong is told in the form of Kubernetes, and an unknown exception tells nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from slotwarden.cluster import errors as kubernetes
from slotwarden.domain.credentials import InvalidValue
from slotwarden.gateway.aggregated import status
from slotwarden.gateway.forms import Forms
from slotwarden.gateway.refusals import Cause, Refusal, conflict, invalid, refusal
from slotwarden.values.doors import Misfit
from slotwarden.values.entries import NotOwner, NoValue, VersionDeleted
from slotwarden.values.versions import VersionMismatch, VersionUnknown
from slotwarden.vault import errors as vault
from slotwarden.vault.errors import Operation

if TYPE_CHECKING:
    from aiohttp.test_utils import BaseTestServer

CANARY = "c4naryOfAnError"
PATH = "secret/data/slotwarden/acme/slots/pull"


async def answer(error: Exception) -> tuple[int, dict[str, str], dict[str, object]]:
    async def handler(_request: web.Request) -> web.Response:
        raise error

    app = web.Application(middlewares=[Forms((), status.of_request).middleware])
    app.router.add_get("/fails", handler)
    server: BaseTestServer[web.Request] = TestServer(app)
    async with TestClient(server) as client:
        response = await client.get("/fails")
        return response.status, dict(response.headers), await response.json()


def test_a_status_has_the_form_of_kubernetes() -> None:
    error = Refusal(409, "taken", (Cause("spec.x", "is set"),), retry=3)
    assert status.status(error, "secretslots", "pull") == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "taken",
        "reason": "Conflict",
        "details": {
            "name": "pull",
            "group": "values.slotwarden.io",
            "kind": "secretslots",
            "causes": [{"reason": "FieldValueInvalid", "message": "is set", "field": "spec.x"}],
            "retryAfterSeconds": 3,
        },
        "code": 409,
    }


@pytest.mark.parametrize(
    ("error", "code", "reason", "words"),
    [
        (invalid(Cause("version", "is required")), 422, "Invalid", "version: is required"),
        (conflict("taken"), 409, "Conflict", "taken"),
        (vault.VaultSealed(Operation.READ, PATH, f"Vault answered 503 to a read at {PATH}: it is sealed"), 503, "", ""),
        (vault.VaultUnavailable(Operation.READ, PATH, "Vault did not answer"), 503, "ServiceUnavailable", "Vault did"),
        (vault.VaultDenied(Operation.READ, PATH, f"refused at {PATH}"), 500, "InternalError", PATH),
        (vault.VaultRejected(Operation.READ, PATH, "no mount"), 500, "InternalError", "no mount"),
        (vault.CasMismatch(Operation.WRITE, PATH, "changed"), 409, "Conflict", "try again"),
        (kubernetes.Unavailable("get", "secretslots", 0, "TimeoutError"), 503, "ServiceUnavailable", "get secretslots"),
        (kubernetes.Forbidden("get", "namespaces", 403, "no"), 503, "ServiceUnavailable", "get namespaces"),
        (kubernetes.Rejected("patch", "secretslots/status", 422, "x"), 500, "InternalError", "patch secretslots"),
        (kubernetes.Conflict("patch", "secretslots/status", 409, "uid"), 409, "Conflict", "made again"),
        (NoValue("no value was set yet"), 404, "NotFound", "no value was set yet"),
        (NotOwner("another's"), 409, "Conflict", "another's"),
        (VersionDeleted("version 2 was deleted"), 409, "Conflict", "version 2 was deleted"),
        (Misfit("another registry"), 409, "Conflict", "another registry"),
        (VersionMismatch(7), 409, "Conflict", "expectedVersion: the newest version is 7"),
        (VersionMismatch(0), 409, "Conflict", "expectedVersion: no value was set yet"),
        (VersionUnknown("there is no version 9"), 422, "Invalid", "version: there is no version 9"),
        (InvalidValue("url", "is missing"), 409, "Conflict", "url is missing"),
        (TimeoutError(), 503, "ServiceUnavailable", "took too long"),
        (web.HTTPNotFound(), 404, "NotFound", "could not find the requested resource"),
        (web.HTTPUnauthorized(), 401, "Unauthorized", "Unauthorized"),
        (web.HTTPRequestEntityTooLarge(1, 2), 413, "RequestEntityTooLarge", "too large"),
    ],
)
def test_what_an_error_means(error: Exception, code: int, reason: str, words: str) -> None:
    made = refusal(error)
    assert made.code == code
    assert made.reason == (reason or "ServiceUnavailable")
    assert words in made.message


async def test_a_server_that_is_away_is_asked_again_later() -> None:
    code, headers, status = await answer(vault.VaultUnavailable(Operation.READ, PATH, "away"))
    assert (code, headers["Retry-After"], status["details"]) == (503, "2", {"retryAfterSeconds": 2})


async def test_an_unknown_exception_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        code, headers, status = await answer(RuntimeError(CANARY))
    assert (code, status["reason"]) == (500, "InternalError")
    assert headers["Content-Type"].startswith("application/json")
    assert CANARY not in str(status)
    assert [record.getMessage() for record in caplog.records] == ["a request failed"]


async def test_what_a_client_needs_of_an_exception_stays() -> None:
    challenge = {"WWW-Authenticate": "Bearer"}
    assert (await answer(web.HTTPUnauthorized(headers=challenge)))[1]["WWW-Authenticate"] == "Bearer"
    assert (await answer(web.HTTPMethodNotAllowed("PUT", ["GET"])))[1]["Allow"] == "GET"
