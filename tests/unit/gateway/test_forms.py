"""In whose form a request is refused: that of the API whose path it is, whatever its parts are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from slotwarden.gateway.aggregated import status
from slotwarden.gateway.forms import Forms
from slotwarden.gateway.observing import ID
from slotwarden.gateway.published import apis
from slotwarden.gateway.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.test_utils import BaseTestServer

SLOTS = {"code", "message", "details"}
PLAIN = {"error", "code"}
REPOSITORIES = {"error_code", "message", "request_id", "details"}
KUBERNETES = {"kind", "apiVersion", "metadata", "status", "message", "reason", "code"}
NOBODY = cast("Any", None)


@web.middleware
async def named(request: web.Request, handler: Any) -> web.StreamResponse:
    request[ID] = "r-1"
    return cast("web.StreamResponse", await handler(request))


@web.middleware
async def refusing(request: web.Request, handler: Any) -> web.StreamResponse:
    """Lets nobody in; what no route fits is told by the router."""
    if request.match_info.http_exception is None:
        raise Refusal(401, "nobody")
    return cast("web.StreamResponse", await handler(request))


@pytest.fixture
async def client() -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application(middlewares=[named, Forms(apis.FORMS, status.of_request).middleware, refusing])
    app.add_routes([*apis.routes(NOBODY, NOBODY, ""), web.get("/apis/values.slotwarden.io", named)])
    server: BaseTestServer[web.Request] = TestServer(app)
    async with TestClient(server) as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path", "code", "form"),
    [
        ("GET", "/v1/ignite/secrets", 401, SLOTS),
        ("PUT", "/v1/ignite/secrets", 405, SLOTS),
        ("GET", "/v1/ignite", 404, SLOTS),
        ("GET", "/v1/core_instances/x/secrets", 401, PLAIN),
        ("GET", "/v1/core_instances", 404, PLAIN),
        ("PUT", "/repos/id:x/secrets/TOKEN", 401, REPOSITORIES),
        ("GET", "/repos/id:x/secrets/TOKEN", 405, REPOSITORIES),
        ("GET", "/repos", 404, REPOSITORIES),
        ("GET", "/o/p/envs/e/secrets", 401, PLAIN),
        ("PATCH", "/o/p/envs/e/secrets", 405, PLAIN),
        ("GET", "/o/p/envs", 404, PLAIN),
        ("GET", "/o/p/envs/", 404, PLAIN),
        ("GET", "/apis/values.slotwarden.io", 401, KUBERNETES),
        ("PUT", "/apis/values.slotwarden.io", 405, KUBERNETES),
        ("GET", "/nothing/here", 404, KUBERNETES),
        # An organization, a project or a core instance can be called like what another API begins with.
        ("GET", "/v1/ignite/envs/e/secrets", 401, PLAIN),
        ("PATCH", "/v1/ignite/envs/e/secrets", 405, PLAIN),
        ("GET", "/v1/ignite/envs", 404, PLAIN),
        ("GET", "/repos/id:x/envs/e/secrets/TOKEN", 401, PLAIN),
        ("GET", "/repos/p/envs", 404, PLAIN),
        ("PUT", "/repos/id:x/secrets/envs", 401, REPOSITORIES),
        ("GET", "/v1/ignite/secrets/envs", 401, SLOTS),
    ],
)
async def test_an_error_has_the_form_of_the_api_whose_path_it_is(
    client: TestClient[web.Request, web.Application], method: str, path: str, code: int, form: set[str]
) -> None:
    response = await client.request(method, path)
    assert (response.status, set(await response.json())) == (code, form)
