"""What holds for every request, whichever API it is for."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.published.support import Api, User

LIST = "/{}/shop/envs/production/secrets"


def test_a_request_keeps_the_name_that_its_sender_gave_it(owner: User) -> None:
    answer = owner.ask("GET", "/nothing/here", headers={"X-Request-Id": "mine.1"})
    assert (answer.code, answer.headers["x-request-id"]) == (404, "mine.1")


@pytest.mark.parametrize("given", ["a b", "", "x" * 129])
def test_a_name_that_is_none_is_replaced(owner: User, given: str) -> None:
    answer = owner.ask("GET", "/nothing/here", headers={"X-Request-Id": given})
    assert uuid.UUID(answer.headers["x-request-id"])


@pytest.mark.parametrize(
    ("route", "method", "path", "code"),
    [
        ("slots.create", "POST", "/v1/ignite/secrets", 400),
        ("slots.list", "GET", "/v1/ignite/secrets", 200),
        ("slots.get", "GET", "/v1/ignite/secrets/none", 404),
        ("slots.delete", "DELETE", "/v1/ignite/secrets/none", 200),
        ("environments.create", "POST", LIST, 422),
        ("environments.list", "GET", LIST, 200),
        ("environments.get", "GET", f"{LIST}/NONE", 404),
        ("environments.describe", "PUT", f"{LIST}/NONE", 422),
        ("environments.delete", "DELETE", f"{LIST}/NONE", 404),
        ("environments.set-value", "PUT", f"{LIST}/NONE/value", 422),
        ("core-instances.list", "GET", f"/v1/core_instances/{uuid.UUID(int=1)}/secrets", 200),
        ("core-instances.create", "POST", f"/v1/core_instances/{uuid.UUID(int=1)}/secrets", 422),
        ("repositories.put", "PUT", "/repos/id:none/secrets/NONE", 422),
        ("repositories.operation", "GET", "/repos/id:none/secrets/NONE/operations/none", 404),
        ("other", "GET", "/nothing/here", 404),
    ],
)
def test_requests_are_counted_by_route_and_outcome(
    api: Api, owner: User, route: str, method: str, path: str, code: int
) -> None:
    def counted() -> tuple[float, float]:
        found = api.gateway.metrics()
        requests = found.value("slotwarden_gateway_requests_total", route=route, code=str(code))
        return requests, found.value("slotwarden_gateway_request_seconds_count", route=route)

    before = counted()
    assert owner.ask(method, path.format(api.namespace)).code == code
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 1]


def test_nobody_is_let_in_without_a_token(api: Api, owner: User) -> None:
    answer = owner.ask("GET", LIST.format(api.namespace), headers={"Authorization": "Bearer nobody"})
    assert answer.code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
