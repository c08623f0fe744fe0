"""A namespace that the gateway may not look at: what its callers are told, and that nothing is begun there."""

from __future__ import annotations

from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.gateway.catalog.catalog import Catalog
from slotwarden.gateway.identity.caller import Caller
from slotwarden.gateway.published.coreinstances import CoreInstances
from slotwarden.gateway.published.environments import Environments
from slotwarden.gateway.published.repositories import Repositories
from slotwarden.gateway.refusals import Refusal
from slotwarden.sensitive import Sensitive
from slotwarden.telemetry.metrics import GatewayMetrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

REF: Final = EnvRef("acme", "shop", "one", "TOKEN")
CALLER: Final = Caller("system:serviceaccount:acme:bot", "", (), {}, "token")
VALUE: Final = Sensitive.of_text("x")
ACTS: Final[dict[str, Callable[[Any], Awaitable[object]]]] = {
    "environments.get": lambda parts: Environments(parts).get(CALLER, REF),
    "environments.create": lambda parts: Environments(parts).create(CALLER, REF, "", "r"),
    "environments.describe": lambda parts: Environments(parts).describe(CALLER, REF, "a text", "r"),
    "environments.delete": lambda parts: Environments(parts).delete(CALLER, REF, "r"),
    "environments.set-value": lambda parts: Environments(parts).set_value(CALLER, REF, VALUE, "r"),
    "core-instances.create": lambda parts: CoreInstances(parts).create(CALLER, REF, EnvValue(VALUE), "r"),
    "repositories.put": lambda parts: Repositories(parts).put(CALLER, REF, EnvValue(VALUE), "r"),
    "repositories.poll": lambda parts: Repositories(parts).operation(CALLER, REF, "some"),
}


class Lost:
    """A source that told all, and may not look any longer."""

    synced = True
    cause = "forbidden"
    behind = 60.0

    def lost(self, _namespace: str) -> bool:
        return True


def parts(allowed: bool) -> Any:
    """The permissions and the catalog alone: whoever goes on to an object or to Vault fails for want of it."""
    catalog = Catalog()
    catalog.sources.append(Lost())

    async def admit(*_: Any) -> None:
        if not allowed:
            raise Refusal(HTTPStatus.FORBIDDEN, "no")

    async def may(*_: Any) -> bool:
        return allowed

    permissions = SimpleNamespace(admit=admit, admit_to=admit, may=may)
    return SimpleNamespace(catalog=catalog, metrics=GatewayMetrics(), permissions=permissions)


@pytest.mark.parametrize("act", ACTS)
async def test_one_who_may_nothing_is_told_no_more_than_elsewhere(act: str) -> None:
    with pytest.raises(Refusal) as refused:
        await ACTS[act](parts(allowed=False))
    assert refused.value.code == (HTTPStatus.NOT_FOUND if act == "repositories.poll" else HTTPStatus.FORBIDDEN)


@pytest.mark.parametrize("act", ACTS)
async def test_one_who_may_is_told_and_nothing_is_begun(act: str) -> None:
    with pytest.raises(Refusal, match="it has no permission to look at them") as refused:
        await ACTS[act](parts(allowed=True))
    assert refused.value.code == HTTPStatus.SERVICE_UNAVAILABLE
