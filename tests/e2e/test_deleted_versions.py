"""A value deleted in Vault by an administrator: an accident does not take the Secrets along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.e2e.support import condition, encoded, git, has_condition, passwords, registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.support import Json, Organization


def soft_deleted(org: Organization) -> None:
    org.vault.soft_delete(org.entry("pull"))


def destroyed(org: Organization) -> None:
    org.vault.destroy(org.entry("pull"), [org.vault.version(org.entry("pull"))])


def purged(org: Organization) -> None:
    org.vault.purge(org.entry("pull"))


WAYS = pytest.mark.parametrize("delete", [soft_deleted, destroyed, purged])


def lost(org: Organization, delete: Callable[[Organization], None]) -> Json:
    """A slot whose value was deleted in Vault, once it says so; returns the Secret as it was before."""
    org.made("pull", registry("one"))
    before = org.secret("pull")
    delete(org)
    org.refreshed("pull")
    slot = org.told("pull", "VersionDeleted")
    assert condition(slot)["status"] == "False"
    return before


@WAYS
def test_the_secret_stays_and_the_slot_says_so(org: Organization, delete: Callable[[Organization], None]) -> None:
    mark = org.mark()
    before = lost(org, delete)
    org.barrier()
    assert org.secret("pull") == before
    assert org.calls(mark, "secrets", "pull") == ["create"]
    slot = org.slot("pull")
    assert slot["status"]["hasValue"] is False
    assert condition(slot, "ValueStored")["reason"] == "VersionDeleted"
    assert org.event("pull", "VersionDeleted")["type"] == "Warning"


@WAYS
def test_a_value_set_again_heals_in_place(org: Organization, delete: Callable[[Organization], None]) -> None:
    before = lost(org, delete)
    org.edit("pull", registry("two"))
    slot = org.ready("pull")
    assert slot["status"]["hasValue"] is True
    assert passwords(org.secret("pull")) == {"ghcr.io": "two"}
    assert org.secret("pull")["metadata"]["uid"] == before["metadata"]["uid"]


def test_undelete_heals_at_the_refresh_without_a_write(org: Organization) -> None:
    before = lost(org, soft_deleted)
    mark = org.mark()
    org.vault.undelete(org.entry("pull"), [1])
    slot = org.refreshed("pull")
    assert condition(slot)["reason"] == "Ready"
    org.barrier()
    assert org.secret("pull") == before
    assert org.calls(mark, "secrets", "pull") == []
    assert not has_condition(slot, "Stalled")


def test_undelete_heals_by_itself_at_the_refresh_interval(org: Organization) -> None:
    org.made("pull", registry("one", refreshInterval="1s"))
    org.vault.soft_delete(org.entry("pull"))
    org.told("pull", "VersionDeleted")
    org.vault.undelete(org.entry("pull"), [1])
    org.ready("pull")


def test_the_secret_of_a_deleted_version_stays_through_a_restart(org: Organization) -> None:
    before = lost(org, destroyed)
    org.operator.restart()
    org.refreshed("pull")
    org.barrier()
    assert condition(org.slot("pull"))["reason"] == "VersionDeleted"
    assert org.secret("pull") == before


def test_the_same_value_set_again_makes_a_new_version(org: Organization) -> None:
    org.made("token", git("one"))
    org.vault.soft_delete(org.entry("token"))
    org.refreshed("token")
    org.told("token", "VersionDeleted")
    org.edit("token", git("one"))
    slot = org.ready("token")
    assert slot["status"]["vault"]["version"] == 2
    eventually(lambda: org.secret("token")["data"]["password"] == encoded("one"))
