"""The form in which an error is told: each API has its own, and the route tells whose a request is.

Where only the method is wrong it is the route that has the path. What no route fits is told of too: by the path.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from slotwarden.gateway.answers import NEVER_KEPT, json_answer
from slotwarden.gateway.refusals import WORDS, Refusal, refusal

if TYPE_CHECKING:
    import re
    from collections.abc import Awaitable

Form = Callable[[web.Request, Refusal], Mapping[str, object]]
"""Makes the content of the answer to a request that is not done."""


class Own(NamedTuple):
    """The form of one API.

    Attributes:
        api: what the names of its routes begin with, before a dot.
        paths: which paths are most likely meant for it, where no route has them.
    """

    api: str
    paths: re.Pattern[str]
    form: Form


_log = logging.getLogger("slotwarden.gateway")


class Forms:
    """The forms of all APIs.

    Args:
        forms: of several that a path could be meant for, the first has it.
        otherwise: for all other routes and paths.
    """

    def __init__(self, forms: Sequence[Own], otherwise: Form) -> None:
        self._forms = forms
        self._otherwise = otherwise

    def answer(self, request: web.Request, refused: Refusal) -> web.Response:
        """The answer to a request that is not done."""
        headers = NEVER_KEPT | ({"Retry-After": str(refused.retry)} if refused.retry else {})
        return json_answer(self._form(request)(request, refused), code=refused.code, headers=headers)

    def _form(self, request: web.Request) -> Form:
        resource = request.match_info.route.resource or _resource(request)
        if resource is None:
            return next((own.form for own in self._forms if own.paths.match(request.path)), self._otherwise)
        api = (resource.name or "").partition(".")[0]
        return next((own.form for own in self._forms if own.api == api), self._otherwise)

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


def _resource(request: web.Request) -> web.AbstractResource | None:
    """What has the path of a request, for other methods than its own."""
    path = request.rel_url.path_safe
    for resource in request.app.router.resources():
        told = resource.get_info()
        if told.get("path") == path or ("pattern" in told and told["pattern"].fullmatch(path)):
            return resource
    return None
