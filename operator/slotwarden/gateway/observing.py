"""What stands around every request: the name that it goes by in answers, logs and statuses, and its count."""

from __future__ import annotations

import re
import uuid
from time import perf_counter
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from slotwarden.telemetry.metrics import GatewayMetrics

REQUEST_ID: Final = "^[A-Za-z0-9._-]{1,128}$"
HEADER: Final = "X-Request-Id"
ID: Final = web.RequestKey("id", str)
"""Where a request holds its name: `request[ID]`."""
_REQUEST_ID = re.compile(REQUEST_ID.strip("^$"))


def is_request_id(text: str) -> bool:
    """Whether a text can be the name of a request."""
    return _REQUEST_ID.fullmatch(text) is not None


def request_id(given: str | None) -> str:
    """The name that a client gives its request, where it can be one; else one of ours."""
    return given if given is not None and is_request_id(given) else str(uuid.uuid4())


class Observing:
    """Names and counts every request.

    Args:
        metrics: where they are counted.
    """

    def __init__(self, metrics: GatewayMetrics) -> None:
        self._metrics = metrics

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give a request its name; it has to be the outermost, of what turns errors into answers too."""
        request[ID] = request_id(request.headers.get(HEADER))
        started = perf_counter()
        response = await handler(request)
        response.headers[HEADER] = request[ID]
        # By the name of the route, of which there are few: a path is the client's own text.
        route = request.match_info.route.name or "other"
        self._metrics.requests.labels(route, str(response.status)).inc()
        self._metrics.request_seconds.labels(route).observe(perf_counter() - started)
        return response
