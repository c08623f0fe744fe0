"""A value goes only where it was meant to go: an address that changed needs the value again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import core
from tests.e2e.support import auths, condition, data, encoded, git, has_condition, passwords, registry

if TYPE_CHECKING:
    from tests.e2e.support import Json, Organization


@dataclass(frozen=True)
class Kind:
    """A kind of slot, its address, and another."""

    name: str
    old: str
    new: str

    def spec(self, address: str, value: str | None = None) -> Json:
        return registry(value, server=address) if self.name == "registry" else git(value, url=address)


KINDS = pytest.mark.parametrize(
    "kind",
    [Kind("registry", "ghcr.io", "evil.example"), Kind("git", "https://github.com", "https://evil.example")],
    ids=lambda kind: kind.name,
)


def moved(org: Organization, kind: Kind) -> Json:
    """A slot whose address was changed after its value was stored; returns its Secret."""
    org.made("pull", kind.spec(kind.old, "one"))
    secret = org.secret("pull")
    org.edit("pull", kind.spec(kind.new))
    slot = org.told("pull", "AddressMismatch")
    assert condition(slot)["status"] == "False"
    return secret


@KINDS
def test_a_changed_address_gets_nothing_and_the_condition_names_both(org: Organization, kind: Kind) -> None:
    mark = org.mark()
    before = moved(org, kind)
    org.barrier()
    assert org.calls(mark, "secrets", "pull") == ["create"]
    assert org.secret("pull") == before
    slot = org.slot("pull")
    message = condition(slot)["message"]
    assert kind.old in message
    assert kind.new in message
    assert condition(slot, "Stalled")["message"] == message
    assert org.event("pull", "AddressMismatch")["type"] == "Warning"
    assert org.vault.version(org.entry("pull")) == 1


@KINDS
def test_setting_the_value_again_heals(org: Organization, kind: Kind) -> None:
    before = moved(org, kind)
    org.edit("pull", kind.spec(kind.new, "two"))
    slot = org.ready("pull")
    after = org.secret("pull")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert not has_condition(slot, "Stalled")
    if kind.name == "registry":
        assert passwords(after) == {kind.new: "two"}
    else:
        assert data(after) == {"username": "bot", "password": "two"}


@KINDS
def test_changing_the_address_back_heals_without_a_write(org: Organization, kind: Kind) -> None:
    before = moved(org, kind)
    mark = org.mark()
    org.edit("pull", kind.spec(kind.old))
    slot = org.ready("pull")
    org.barrier()
    assert not has_condition(slot, "Stalled")
    assert org.secret("pull") == before
    assert org.calls(mark, "secrets", "pull") == []


@KINDS
def test_a_value_written_to_vault_for_the_new_address_heals_at_the_refresh(org: Organization, kind: Kind) -> None:
    before = moved(org, kind)
    field, address = ("password", "server_address") if kind.name == "registry" else ("token", "url")
    org.vault.write(org.entry("pull"), {"username": "bot", field: "two", address: kind.new})
    org.refreshed("pull")
    org.ready("pull")
    assert org.secret("pull")["metadata"]["uid"] == before["metadata"]["uid"]
    assert org.secret("pull")["data"] != before["data"]


def test_an_address_in_vault_that_was_changed_by_hand_is_not_projected(org: Organization) -> None:
    org.made("pull", registry("one"))
    before = org.secret("pull")
    org.vault.write(org.entry("pull"), {"username": "bot", "password": "two", "server_address": "evil.example"})
    org.refreshed("pull")
    slot = org.told("pull", "AddressMismatch")
    assert "evil.example" in condition(slot)["message"]
    assert org.secret("pull") == before


def test_a_source_brings_its_value_for_a_changed_address(org: Organization) -> None:
    source = {"metadata": {"name": "source"}, "data": {"key": encoded("one")}}
    org.kube.create(core(org.namespace, "secrets"), source)
    reference = {"secretKeyRef": {"name": "source", "key": "key"}}
    org.made("pull", {"registry": {"serverAddress": "ghcr.io", "username": "bot", "passwordFrom": reference}})
    org.edit("pull", {"registry": {"serverAddress": "quay.io"}})
    org.ready("pull")
    assert passwords(org.secret("pull")) == {"quay.io": "one"}


def test_addresses_that_mean_the_same_are_the_same(org: Organization) -> None:
    org.made("hub", registry("one", server=""))
    before = org.secret("hub")
    org.edit("hub", registry(server="docker.io"))
    org.ready("hub")
    assert list(auths(org.secret("hub"))) == ["https://index.docker.io/v1/"]
    assert org.secret("hub") == before


@KINDS
def test_a_user_name_changed_in_the_spec_is_projected(org: Organization, kind: Kind) -> None:
    org.made("pull", kind.spec(kind.old, "one"))
    before = org.secret("pull")
    org.edit("pull", {kind.name: {"username": "robot"}})
    org.ready("pull")
    after = org.secret("pull")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    if kind.name == "registry":
        expected = {"username": "robot", "password": "one", "auth": encoded("robot:one")}
        assert auths(after) == {"ghcr.io": expected}
    else:
        assert data(after) == {"username": "robot", "password": "one"}


def test_a_value_for_no_url_in_particular_is_not_one_for_a_url(org: Organization) -> None:
    org.made("pull", {"git": {"username": "bot", "token": "one"}})
    before = org.secret("pull")
    assert data(before) == {"username": "bot", "password": "one"}
    assert "url" not in org.vault.read(org.entry("pull"))
    org.edit("pull", {"git": {"url": "https://github.com"}})
    slot = org.told("pull", "AddressMismatch")
    assert "git without a URL" in condition(slot)["message"]
    org.edit("pull", {"git": {"url": None}})
    org.ready("pull")
    assert org.secret("pull") == before
