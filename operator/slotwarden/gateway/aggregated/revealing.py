"""The one answer that tells a value: nothing else in the gateway turns one into bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slotwarden.domain.declared import to_vault
from slotwarden.gateway.aggregated.bodies import FIELDS
from slotwarden.gateway.aggregated.group import API_VERSION

if TYPE_CHECKING:
    from slotwarden.gateway.aggregated.bodies import Meta
    from slotwarden.gateway.objects import Found
    from slotwarden.values.doors import ValueDoors
    from slotwarden.values.entries import Stored


async def read(doors: ValueDoors, found: Found, version: int | None) -> Stored:
    """A version of an object's value, the newest where none is named; raises what the door raises."""
    return await doors.reveal(found.declared.entry, found.owner, version)


def told(metadata: Meta, stored: Stored) -> dict[str, Any]:
    """The JSON of the answer."""
    known = {"apiVersion": API_VERSION, "kind": "Value", "metadata": metadata.model_dump()}
    value = {FIELDS[name]: field.reveal_text() for name, field in to_vault(stored.value).items()}
    return known | value | {"version": stored.version.number, "createdTime": stored.version.created_time}
