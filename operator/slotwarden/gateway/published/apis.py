"""The published APIs together: their paths, and the form in which each tells its errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slotwarden.gateway.forms import Own
from slotwarden.gateway.published import coreinstances_rest, environments_rest, repositories_rest, slots_rest
from slotwarden.gateway.published.coreinstances import CoreInstances
from slotwarden.gateway.published.coreinstances_rest import CoreInstancesRest
from slotwarden.gateway.published.environments import Environments
from slotwarden.gateway.published.environments_rest import EnvironmentsRest
from slotwarden.gateway.published.repositories import Repositories
from slotwarden.gateway.published.repositories_rest import RepositoriesRest
from slotwarden.gateway.published.slots_rest import SlotsRest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from slotwarden.gateway.published.parts import Parts
    from slotwarden.gateway.published.slots import Slots

# An organization can be called like what another API begins with; no path of theirs has this third part.
FORMS: Sequence[Own] = (
    Own("environments", re.compile("/[^/]+/[^/]+/envs(/|$)"), environments_rest.error),
    Own("slots", re.compile("/v1/ignite(/|$)"), slots_rest.error),
    Own("core-instances", re.compile("/v1/core_instances(/|$)"), coreinstances_rest.error),
    Own("repositories", re.compile("/repos(/|$)"), repositories_rest.error),
)
"""The forms of their errors."""


def routes(parts: Parts, slots: Slots, public_url: str) -> list[web.RouteDef]:
    """The paths of all of them.

    Args:
        slots: what gRPC serves, too.
        public_url: where clients reach the gateway; that of each request if empty.
    """
    return [
        *SlotsRest(slots).routes(),
        *EnvironmentsRest(Environments(parts)).routes(),
        *CoreInstancesRest(CoreInstances(parts)).routes(),
        *RepositoriesRest(Repositories(parts), public_url).routes(),
    ]
