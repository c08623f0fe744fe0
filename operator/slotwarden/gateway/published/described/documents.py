"""Where the contracts are served: to everybody, since they tell what this program is and nothing of who uses it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from aiohttp import web

from slotwarden.gateway.published.described import coreinstances, environments, page, repositories, slots

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp.typedefs import Handler, Middleware

CONTRACTS: Final = (slots.CONTRACT, environments.CONTRACT, coreinstances.CONTRACT, repositories.CONTRACT)
_NAMES: Final = "documents."
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=300"}
_OF_A_PAGE: Final = _HEADERS | {"Content-Security-Policy": page.POLICY, "Referrer-Policy": "no-referrer"}


def documents() -> dict[str, str]:
    """The documents in OpenAPI, as they are served, by the contracts' names."""
    return {each.name: f"{json.dumps(each.document(), indent=2)}\n" for each in CONTRACTS}


def routes() -> list[web.RouteDef]:
    """The documents and the pages; all are made once."""
    index = web.get("/docs", _answering(page.index(CONTRACTS), "text/html", _OF_A_PAGE), name=f"{_NAMES}index")
    return [
        index,
        *(
            web.get(
                f"/docs/{each.name}",
                _answering(page.page(each, CONTRACTS), "text/html", _OF_A_PAGE),
                name=f"{_NAMES}page-{each.name}",
            )
            for each in CONTRACTS
        ),
        *(
            web.get(
                f"/openapi/published/{name}.json",
                _answering(text, "application/json", _HEADERS),
                name=f"{_NAMES}openapi-{name}",
            )
            for name, text in documents().items()
        ),
    ]


def but_them(*middlewares: Middleware) -> list[Middleware]:
    """Middlewares that stand before all but the documents, which are for everybody."""
    return [_but_them(each) for each in middlewares]


def _but_them(middleware: Middleware) -> Middleware:
    @web.middleware
    async def chosen(request: web.Request, handler: Handler) -> web.StreamResponse:
        if (request.match_info.route.name or "").startswith(_NAMES):
            return await handler(request)
        return await middleware(request, handler)

    return chosen


def _answering(
    text: str, kind: str, headers: Mapping[str, str]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=kind, charset="utf-8", headers=headers)

    return answer
