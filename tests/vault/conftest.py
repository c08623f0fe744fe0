"""Vault as the operator meets it: over TLS, with a token of the least policy and no default policy."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.sensitive import Sensitive
from slotwarden.values.paths import EntryPaths
from slotwarden.values.service import ValueService
from slotwarden.values.store import VaultStore
from slotwarden.vault.config import VaultConfig
from slotwarden.vault.kv import VaultKV
from slotwarden.vault.policy import render
from slotwarden.vault.transit import VaultTransit
from tests.vault.gateway import Gateway, now
from tests.vault.rules import for_direct_writes
from tests.vault.sealed import Keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from testbed.clients.vault import VaultAdmin
    from testbed.session import Session


@pytest.fixture
def make_config(testbed: Session, vault_admin: VaultAdmin) -> Callable[..., VaultConfig]:
    """`make_config(**settings)`: the testbed's Vault; a token is given as text."""

    def make(token: str | None = None, **settings: Any) -> VaultConfig:
        at = testbed.endpoints
        defaults = {"ca": str(at.vault_ca) if at.vault_ca else None, "mount": vault_admin.mount}
        sensitive = Sensitive.of_text(token) if token is not None else None
        return VaultConfig(at.vault_address, token=sensitive, **{**defaults, **settings})

    return make


@pytest.fixture
def make_token(vault_admin: VaultAdmin) -> Iterator[Callable[..., str]]:
    """`make_token(rules, **options)`: a token with these rules alone; policy and token end with the test."""
    policies: list[str] = []
    tokens: list[str] = []

    def make(rules: str, **options: Any) -> str:
        policies.append(f"test-{secrets.token_hex(6)}")
        vault_admin.write_policy(policies[-1], rules)
        tokens.append(vault_admin.create_token(policies[-1:], no_default_policy=True, **options))
        return tokens[-1]

    yield make
    for token in tokens:
        vault_admin.revoke_token(token)
    for policy in policies:
        vault_admin.request("DELETE", f"sys/policies/acl/{policy}")


@pytest.fixture
async def make_kv(make_config: Callable[..., VaultConfig]) -> AsyncIterator[Callable[..., VaultKV]]:
    """`make_kv(token, observe=…, **settings)`: closed after the test."""
    made: list[VaultKV] = []

    def make(token: str | None = None, *, observe: Any = None, **settings: Any) -> VaultKV:
        made.append(VaultKV(make_config(token, **settings), observe=observe))
        return made[-1]

    yield make
    for kv in made:
        await kv.close()


@pytest.fixture
def kv(
    make_kv: Callable[..., VaultKV], make_token: Callable[..., str], vault_admin: VaultAdmin, vault_prefix: str
) -> VaultKV:
    """The mount, with the rights that the operator has."""
    return make_kv(make_token(for_direct_writes(vault_admin.mount, vault_prefix)))


@pytest.fixture
def gateway(
    make_kv: Callable[..., VaultKV], make_token: Callable[..., str], vault_admin: VaultAdmin, vault_prefix: str
) -> Gateway:
    """The doors, with the rights that the gateway has."""
    happened: list[int | str] = []
    token = make_token(render(vault_admin.mount, vault_prefix, role="gateway", transit=vault_admin.transit))
    kv = make_kv(token, observe=lambda operation, *_: None if operation == "lookup" else happened.append(operation))
    transit = VaultTransit(kv.session, vault_admin.transit)
    return Gateway(VaultStore(kv, EntryPaths(vault_prefix), transit), happened)


@pytest.fixture
def keys(vault_admin: VaultAdmin, vault_prefix: str) -> Keys:
    return Keys(vault_admin, vault_prefix)


@pytest.fixture
def make_store(
    make_kv: Callable[..., VaultKV], make_token: Callable[..., str], vault_admin: VaultAdmin, vault_prefix: str
) -> Callable[..., VaultStore]:
    """`make_store(role, policy)`: entries as the operator or the gateway comes to them."""

    def make(role: Any = "operator", policy: str | None = None) -> VaultStore:
        rules = policy or render(vault_admin.mount, vault_prefix, role=role, transit=vault_admin.transit)
        kv = make_kv(make_token(rules))
        return VaultStore(kv, EntryPaths(vault_prefix), VaultTransit(kv.session, vault_admin.transit))

    return make


@pytest.fixture
def sealing_operator(make_store: Callable[..., VaultStore]) -> ValueService:
    """The operator, to which a Transit mount was given."""
    return ValueService(make_store(), now)
