"""Reads the value of an object that the catalog knows: one read of Vault's, and no call to the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotwarden.values.entries import NotOwner, NoValue

if TYPE_CHECKING:
    from slotwarden.gateway.catalog.record import Record
    from slotwarden.gateway.published.parts import Parts
    from slotwarden.values.entries import Stored


async def newest(parts: Parts, record: Record) -> Stored:
    """The value that holds. Raises what the door raises, and `Refusal` where there is no such object any more."""
    try:
        return await parts.doors.reveal(record.entry, await parts.reader.known(record))
    except (NotOwner, NoValue):
        # The object may have been made anew since the catalog was told of it.
        found = await parts.reader.read(record.resource, record.namespace, record.name)
        return await parts.doors.reveal(record.entry, found.owner)
