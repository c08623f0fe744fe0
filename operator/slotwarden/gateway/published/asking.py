"""Under which name RBAC is asked about the object of a key.

RBAC can allow something for an object by its name, and a key's object may have any. So it is asked about the one that
the catalog knows, or else the one that an API would make, which makes a foreign and a missing one cost the same calls;
and once more where the object that is found then has another name, because what was allowed may be for the first alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotwarden.domain.names import env_object_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slotwarden.domain.entries import EnvRef
    from slotwarden.gateway.catalog.catalog import Catalog
    from slotwarden.gateway.journal import Asked


def likely_name(catalog: Catalog, ref: EnvRef) -> str:
    """The name to ask about before anything is looked up."""
    return catalog.env_name(ref) or env_object_name(ref)


async def go_on_with(asked: Asked, name: str, uid: str, admit: Callable[[Asked], Awaitable[None]]) -> None:
    """Go on with the object that was found.

    Args:
        admit: lets the caller pass, and did so for the name that was likely.
    """
    asked.uid = uid
    if asked.name != name:
        asked.name = name
        await admit(asked)
