"""A slot declared before its value: a plain state, that ends when somebody writes the value to Vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.support import auths, condition, data, encoded, git, has_condition, registry

if TYPE_CHECKING:
    from tests.e2e.support import Organization


def test_a_slot_without_a_value_waits_quietly(org: Organization) -> None:
    mark = org.mark()
    org.create("pull", registry(username=None))
    slot = org.told("pull", "AwaitingValue")
    ready = condition(slot)
    assert ready["status"] == "False"
    assert ready["message"]
    assert condition(slot, "ValueStored")["status"] == "False"
    assert condition(slot, "Projected")["status"] == "False"
    assert not has_condition(slot, "Stalled")
    assert not has_condition(slot, "Reconciling")
    assert slot["status"]["hasValue"] is False
    assert "vault" not in slot["status"]
    (projection,) = slot["status"]["projections"]
    assert (projection["secretName"], projection["reason"]) == ("pull", "AwaitingValue")
    # An event of a slot that came later is there: none is on its way.
    org.create("bad", git("ends with a newline\n"))
    org.event("bad", "InvalidValue")
    assert org.events("pull") == []
    assert org.find_secret("pull") is None
    assert org.calls(mark, "secrets") == []
    assert org.vault.metadata(org.entry("pull")) is None


def test_a_refresh_is_answered_without_a_value_too(org: Organization) -> None:
    org.create("pull", registry())
    org.told("pull", "AwaitingValue")
    assert condition(org.refreshed("pull"))["reason"] == "AwaitingValue"


def test_a_value_written_by_hand_is_taken_at_the_refresh_that_is_asked_for(org: Organization) -> None:
    org.create("pull", registry(username=None))
    org.create("token", git(username=None))
    org.told("pull", "AwaitingValue")
    org.told("token", "AwaitingValue")
    org.vault.write(org.entry("pull"), {"username": "eve", "password": "one", "server_address": "ghcr.io"})
    org.vault.write(org.entry("token"), {"username": "eve", "token": "one", "url": "https://github.com"})
    pull, token = org.refreshed("pull"), org.refreshed("token")
    assert condition(pull)["status"] == condition(token)["status"] == "True"
    assert pull["status"]["hasValue"] is True
    assert pull["status"]["createdAt"] == pull["status"]["vault"]["createdTime"]
    assert auths(org.secret("pull")) == {"ghcr.io": {"username": "eve", "password": "one", "auth": encoded("eve:one")}}
    assert data(org.secret("token")) == {"username": "eve", "password": "one"}
    owner = (org.vault.metadata(org.entry("pull")) or {})["custom_metadata"]
    assert owner["slotwarden.io/object-uid"] == pull["metadata"]["uid"]
    assert org.vault.version(org.entry("pull")) == 1


def test_a_value_written_by_hand_is_found_at_the_refresh_interval(org: Organization) -> None:
    org.create("pull", registry(refreshInterval="1s"))
    org.told("pull", "AwaitingValue")
    org.vault.write(org.entry("pull"), {"username": "eve", "password": "one", "server_address": "ghcr.io"})
    org.ready("pull")
    # The user name that the spec declares goes before the stored one.
    assert auths(org.secret("pull"))["ghcr.io"]["username"] == "bot"


def test_a_value_written_before_the_slot_is_declared_is_taken_at_once(org: Organization) -> None:
    org.vault.write(org.entry("pull"), {"username": "eve", "password": "one", "server_address": "ghcr.io"})
    org.made("pull", registry(username=None))
    assert auths(org.secret("pull"))["ghcr.io"]["username"] == "eve"
