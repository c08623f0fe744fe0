"""The form in which an error is told: each API has its own, and the path tells whose a request is.

By the path and not by the route, because what no route fits is told of too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from slotwarden.gateway.answers import NEVER_KEPT, json_answer
from slotwarden.gateway.refusals import WORDS, Refusal, refusal

if TYPE_CHECKING:
    import re
    from collections.abc import Awaitable

Form = Callable[[web.Request, Refusal], Mapping[str, object]]
"""Makes the content of the answer to a request that is not done."""
_log = logging.getLogger("slotwarden.gateway")


class Forms:
    """The forms, by paths.

    Args:
        forms: tried one after the other: which paths are an API's, and its form.
        otherwise: for all other paths.
    """

    def __init__(self, forms: Sequence[tuple[re.Pattern[str], Form]], otherwise: Form) -> None:
        self._forms = forms
        self._otherwise = otherwise

    def answer(self, request: web.Request, refused: Refusal) -> web.Response:
        """The answer to a request that is not done."""
        headers = NEVER_KEPT | ({"Retry-After": str(refused.retry)} if refused.retry else {})
        form = next((form for paths, form in self._forms if paths.match(request.path)), self._otherwise)
        return json_answer(form(request, refused), code=refused.code, headers=headers)

    @web.middleware
    async def middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Turn every exception into an answer; it stands outside of all that can raise one."""
        try:
            return await handler(request)
        except web.HTTPException as error:
            made = self.answer(request, refusal(error))
            for name in ("Allow", "WWW-Authenticate"):
                if name in error.headers:
                    made.headers[name] = error.headers[name]
            return made
        except Exception as error:  # noqa: BLE001  # the last place where one could leave with its text
            refused = refusal(error)
            if refused.message == WORDS[500]:
                _log.exception("a request failed")
            return self.answer(request, refused)
