"""An outage is told with its cause, also while nothing is to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slotwarden.cluster import health as cluster_health
from slotwarden.cluster.errors import Forbidden, Unavailable
from slotwarden.reconcile.keys import Key, SlotKey
from slotwarden.reconcile.outage import Outage
from slotwarden.vault import health as vault_health
from slotwarden.vault.kv import Health
from testbed.wait import eventually_async

if TYPE_CHECKING:
    from slotwarden.reconcile.outage import Ask

KEY = SlotKey("acme", "one", "slot")


def told_by(ask: Ask) -> tuple[Outage, list[bool], list[Key]]:
    """An outage, what it tells, and the keys that it wakes."""
    told: list[bool] = []
    woken: list[Key] = []
    return Outage("Vault", ask, woken.append, lambda: None, told.append), told, woken


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (Health(sealed=False, initialized=False, standby=False, reachable=False), ""),
        (Health(sealed=True, initialized=True, standby=True, reachable=True), "Vault is sealed"),
        (Health(sealed=False, initialized=False, standby=False, reachable=True), "Vault is not initialised"),
        (Health(sealed=False, initialized=True, standby=False, reachable=True), None),
    ],
)
async def test_what_vault_says(health: Health, said: str | None) -> None:
    async def ask() -> Health:
        return health

    assert await vault_health.asking(ask)() == said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unavailable("get", "apiresources", 0, ""), "the API server could not be reached"),
        (Unavailable("get", "apiresources", 429, ""), "the API server answers 429"),
        (Forbidden("get", "apiresources", 403, ""), None),
        (None, None),
    ],
)
async def test_what_the_api_server_says(error: Exception | None, said: str | None) -> None:
    async def served() -> bool:
        if error is not None:
            raise error
        return True

    assert await cluster_health.asking(served)() == said


async def test_an_outage_is_told_although_nothing_is_to_be_done() -> None:
    said: str | None = "Vault is sealed"

    async def ask() -> str | None:
        return said

    vault, told, _ = told_by(ask)
    vault.start()
    await eventually_async(lambda: vault.cause == "Vault is sealed")
    said = None
    await eventually_async(lambda: told == [False, True])
    assert vault.cause == ""
    await vault.stop()


async def test_the_cause_is_that_of_whoever_met_it() -> None:
    said: str | None = ""

    async def ask() -> str | None:
        return said

    vault, told, woken = told_by(ask)
    vault.start()
    await eventually_async(lambda: vault.cause == "Vault does not answer")
    vault.wait(KEY, RuntimeError("it did not answer in time for a read"))
    await eventually_async(lambda: vault.cause == "it did not answer in time for a read")
    said = None
    await eventually_async(lambda: woken == [KEY])
    assert told == [False, True]
    await vault.stop()
