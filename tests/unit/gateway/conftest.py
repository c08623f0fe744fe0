from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from slotwarden.gateway.aggregated import status
from slotwarden.gateway.aggregated.api import Aggregated
from slotwarden.gateway.forms import Forms
from slotwarden.gateway.identity.caller import CALLER, Caller
from slotwarden.gateway.objects import ObjectReader
from slotwarden.gateway.observing import Observing
from slotwarden.telemetry import logs
from slotwarden.telemetry.metrics import GatewayMetrics
from tests.unit.gateway.bed import Bed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(autouse=True)
def restored_logs() -> Iterator[None]:
    """Logging as it was, whatever a test configures."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in (*logs._TALKATIVE, "slotwarden", "slotwarden.audit")}
    yield
    root.handlers, root.level = handlers, level
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


@pytest.fixture
def bed() -> Bed:
    return Bed()


@pytest.fixture
async def client(bed: Bed) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    parts: Any = bed
    metrics = GatewayMetrics()
    aggregated = Aggregated(
        parts, ObjectReader(parts, parts), parts, parts, metrics, lambda: datetime(2026, 1, 1, tzinfo=UTC)
    )

    @web.middleware
    async def dana(request: web.Request, handler: Any) -> web.StreamResponse:
        request[CALLER] = Caller("dana", "", (), {}, "token")
        answered: web.StreamResponse = await handler(request)
        return answered

    app = web.Application(middlewares=[Observing(metrics).middleware, Forms((), status.of_request).middleware, dana])
    app.add_routes(aggregated.routes())
    async with TestClient(TestServer(app)) as made:
        yield made
