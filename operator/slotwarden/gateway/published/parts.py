"""What the published APIs work with, each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from slotwarden.cluster.objects import Objects
    from slotwarden.gateway.catalog.catalog import Catalog
    from slotwarden.gateway.declarations import Declarations
    from slotwarden.gateway.identity.permissions import Permissions
    from slotwarden.gateway.objects import ObjectReader
    from slotwarden.telemetry.metrics import GatewayMetrics
    from slotwarden.values.doors import ValueDoors


@dataclass(frozen=True, slots=True)
class Parts:
    """Made once, for all of them.

    Args:
        now: the time, in UTC.
    """

    permissions: Permissions
    catalog: Catalog
    declarations: Declarations
    reader: ObjectReader
    objects: Objects
    doors: ValueDoors
    metrics: GatewayMetrics
    now: Callable[[], datetime]
