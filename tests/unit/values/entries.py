"""Metadata of entries as Vault tells it, for the tests of decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from slotwarden.values.ownership import Owner, write
from slotwarden.vault.kv import EntryMetadata, VersionMetadata

NOW = datetime(2026, 1, 8, tzinfo=UTC)
ME = Owner("cluster", "namespace-uid", "object-uid")


def entry(versions: str, owner: Owner | None = ME) -> EntryMetadata:
    """An entry with a version per letter: `v` held, `d` deleted, `D` destroyed, `s` to be deleted soon."""
    made = (NOW - timedelta(days=1)).isoformat()
    gone = {"d": made, "s": (NOW + timedelta(days=1)).isoformat()}
    found = {
        number: VersionMetadata(made, gone.get(letter), destroyed=letter == "D")
        for number, letter in enumerate(versions, 1)
        if letter != "-"
    }
    return EntryMetadata(len(versions), found, write({}, owner) if owner else {}, made)
