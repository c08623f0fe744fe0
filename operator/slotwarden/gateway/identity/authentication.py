"""Who speaks: a user whom the API server's front proxy names, else the owner of a Bearer token, else nobody."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from slotwarden.gateway.identity.caller import CALLER
from slotwarden.gateway.identity.frontproxy import NotTrusted
from slotwarden.gateway.serving.tls import Peer
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from slotwarden.gateway.identity.caller import Caller
    from slotwarden.gateway.identity.frontproxy import Trust
    from slotwarden.gateway.identity.tokens import Tokens

_log = logging.getLogger(__name__)


class Authenticator:
    """Finds the caller of a request.

    Args:
        trust: the present trust in front proxies; None: there is none.
    """

    def __init__(self, trust: Callable[[], Trust | None], tokens: Tokens) -> None:
        self._trust = trust
        self._tokens = tokens

    @web.middleware
    async def middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Put the caller on the request, or answer 401."""
        caller = self._by_certificate(request) or await self._by_token(request)
        if caller is None:
            raise web.HTTPUnauthorized(headers={hdrs.WWW_AUTHENTICATE: "Bearer"})
        request[CALLER] = caller
        return await handler(request)

    def _by_certificate(self, request: web.Request) -> Caller | None:
        peer = request.transport.get_extra_info("ssl_object") if request.transport else None
        trust = self._trust()
        if not isinstance(peer, Peer) or not peer.chain or trust is None or not trust.has_user(request.headers):
            return None
        try:
            trust.verify(peer.chain)
            return trust.caller(request.headers)
        except NotTrusted as error:
            _log.info("headers that name a user count for nothing: %s", error)
            return None

    async def _by_token(self, request: web.Request) -> Caller | None:
        token = bearer(request.headers.getall(hdrs.AUTHORIZATION, ()))
        return await self._tokens.caller(token) if token is not None else None


def bearer(given: Sequence[str]) -> Sensitive | None:
    """The token of a request, from all that it gives as its authorization; None where there is no telling."""
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip() or not token.isascii():
        return None
    return Sensitive.of_text(token.strip())
