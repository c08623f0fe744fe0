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


def test_nobody_is_let_in_without_a_token(api: Api, owner: User) -> None:
    answer = owner.ask("GET", LIST.format(api.namespace), headers={"Authorization": "Bearer nobody"})
    assert answer.code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
