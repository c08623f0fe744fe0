"""What is asked, and noted, where the object of a key is not what the catalog knows."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.domain.names import env_object_name
from slotwarden.gateway.catalog.catalog import Catalog
from slotwarden.gateway.declarations import Exists
from slotwarden.gateway.identity.caller import Caller
from slotwarden.gateway.published.coreinstances import PROJECT, CoreInstances
from slotwarden.gateway.refusals import Refusal
from slotwarden.sensitive import Sensitive
from slotwarden.telemetry.metrics import GatewayMetrics
from tests.unit.gateway.raws import env

REF = EnvRef("acme", PROJECT, "one", "TOKEN")
CALLER = Caller("system:serviceaccount:acme:bot", "", (), {}, "token")


async def test_the_permissions_are_those_for_what_is_made_and_nothing_made_is_not_noted_as_made(
    caplog: pytest.LogCaptureFixture,
) -> None:
    catalog, done = Catalog(), []
    raw = env("TOKEN", name="by-hand")
    raw["spec"] |= {"project": PROJECT, "environment": "one"}
    catalog.took(raw)

    async def admit(_caller: Caller, permission: Any, _resource: str, _namespace: str, name: str) -> None:
        done.append((permission.verb, name))

    async def nothing(*_: Any) -> None:
        return None

    async def make(*_: Any) -> None:
        done.append(("made", ""))
        raise Exists({})

    parts: Any = SimpleNamespace(
        catalog=catalog,
        metrics=GatewayMetrics(),
        permissions=SimpleNamespace(admit=admit),
        reader=SimpleNamespace(key_to_set=nothing, place=nothing),
        doors=SimpleNamespace(begin=lambda _: None),
        declarations=SimpleNamespace(make_env=make),
    )
    with caplog.at_level(logging.INFO, "slotwarden.audit"), pytest.raises(Refusal, match="deleted at the same moment"):
        await CoreInstances(parts).create(CALLER, REF, EnvValue(Sensitive.of_text("x")), "r")
    name = env_object_name(REF)
    assert done == [("create", "by-hand"), ("create", name), ("create", name), ("made", "")]
    told: list[Any] = [getattr(line, "fields") for line in caplog.records]  # noqa: B009
    assert [(line["name"], line["outcome"], line["code"]) for line in told] == [(name, "refused", 409)] * 2
