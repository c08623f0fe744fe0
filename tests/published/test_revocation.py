"""What the gateway remembers of permissions, and how long: no longer than it promises."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from slotwarden.gateway.identity.access import SECONDS
from testbed.wait import eventually
from tests.published.environments import Shop
from tests.published.support import RBAC, READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.published.support import Api, User


def test_a_permission_that_was_taken_back_is_remembered_for_ten_seconds_at_most(
    api: Api, users: Callable[..., User]
) -> None:
    user, shop = users(READ, WRITE), Shop.new(api)
    assert shop.create(user, "TOKEN").code == 201
    assert shop.ask(user, "GET").code == 200
    api.kube.delete(f"{RBAC.format(api.namespace, 'rolebindings')}/{user.name}")
    eventually(lambda: not user.may(READ), message="the API server says no")
    said_no, allowed = monotonic(), []

    def denied() -> bool:
        began = monotonic() - said_no
        answer = shop.ask(user, "GET")
        if answer.code == 200:
            allowed.append(began)
        return answer.code == 403

    eventually(denied, SECONDS + 30, message="the gateway says no")
    # However slow the machine: what is asked later finds nothing remembered any more.
    assert max(allowed, default=0) <= SECONDS
    assert shop.create(user, "OTHER").code == 403
