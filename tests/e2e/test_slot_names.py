"""A slot's name that cannot be an object's name is encoded in it, and stands as it is in Vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.support import passwords, projected, registry

if TYPE_CHECKING:
    from tests.e2e.support import Organization


def test_a_slot_is_stored_under_its_own_name(org: Organization) -> None:
    slot = org.made("xa-bx.usl", registry("one", slotName="A_b"))
    assert slot["status"]["vault"]["path"] == f"{org.vault.mount}/{org.entry('A_b')}"
    stored = org.vault.read(org.entry("A_b")) or {}
    assert stored["password"] == "one"
    assert org.vault.list(f"{org.prefix}/{org.namespace}/slots") == ["A_b"]
    assert passwords(org.secret("xa-bx.usl")) == {"ghcr.io": "one"}


def test_names_that_differ_in_case_or_underscore_live_side_by_side(org: Organization) -> None:
    names = {"a-b": "a-b", "xa-bx.usl": "A_b", "xa-bx.lsl": "a_b", "xa-bx.ulu": "A-B"}
    for number, (name, slot) in enumerate(names.items()):
        org.create(name, registry(f"p{number}", slotName=slot, **projected(f"secret-{number}")))
    for number, (name, slot) in enumerate(names.items()):
        org.ready(name)
        assert (org.vault.read(org.entry(slot)) or {})["password"] == f"p{number}"
        assert passwords(org.secret(f"secret-{number}")) == {"ghcr.io": f"p{number}"}
    assert set(org.vault.list(f"{org.prefix}/{org.namespace}/slots")) == set(names.values())
