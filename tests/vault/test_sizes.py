"""The largest values that are taken fit into Vault, whatever they are made of; what would not is refused before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from slotwarden.domain.credentials import MAX_BYTES, InvalidValue, RegistryCredential
from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.sensitive import Sensitive
from slotwarden.values.ownership import Owner
from slotwarden.values.paths import EntryPaths
from slotwarden.values.service import ValueService
from slotwarden.values.store import VaultStore

if TYPE_CHECKING:
    from slotwarden.vault.kv import VaultKV

ME = Owner("cluster", "namespace-uid", "object-uid")
# Of one byte; of several; with an escape of two, of six and of six for three bytes in JSON; no UTF-8.
UNITS = ["x", "é", "\U0001f511", '"', "<", "\0", "\x7f", "\u2028", b"\xff"]


def largest(unit: str | bytes) -> Sensitive:
    one = unit.encode() if isinstance(unit, str) else unit
    return Sensitive(one * (MAX_BYTES // len(one)))


@pytest.fixture
def values(kv: VaultKV, vault_prefix: str) -> ValueService:
    return ValueService(VaultStore(kv, EntryPaths(vault_prefix)), lambda: datetime.now(UTC))


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
async def test_a_value_of_an_environment(values: ValueService, unit: str | bytes) -> None:
    ref = EnvRef("acme", "shop", "live", "KEY")
    stored = await values.settle(ref, ME, EnvValue(largest(unit)))
    assert await values.settle(ref, ME, None) == stored


@pytest.mark.parametrize("unit", ["x", "é", "\U0001f511", "\x7f"], ids=ascii)
async def test_a_password(values: ValueService, unit: str) -> None:
    ref = SlotRef("acme", "a")
    stored = await values.settle(ref, ME, RegistryCredential("bot", largest(unit), "ghcr.io"))
    assert await values.settle(ref, ME, None) == stored


@pytest.mark.parametrize("unit", ['"', "<", "\t", "\u2028"], ids=ascii)
def test_a_password_that_json_makes_too_long(unit: str) -> None:
    with pytest.raises(InvalidValue, match="as JSON"):
        RegistryCredential("bot", largest(unit), "ghcr.io")
