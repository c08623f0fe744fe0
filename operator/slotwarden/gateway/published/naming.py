"""What a request over HTTP names, and what is said of a text that cannot be such a name: alike in all of the APIs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from slotwarden.domain.names import ENV_KEY, is_env_key, is_env_segment
from slotwarden.gateway.bodies import fitting
from slotwarden.gateway.identity.caller import CALLER
from slotwarden.gateway.identity.permissions import ORGANIZATION, organization
from slotwarden.gateway.refusals import Cause, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of name.

    Attributes:
        words: what is said of a text that is none; nothing of the text.
    """

    fits: Callable[[str], bool]
    words: str


SEGMENT: Final = Kind(
    is_env_segment, "is not 1 to 64 letters, digits, '-' and '_' that begin and end with a letter or digit"
)
KEY: Final = Kind(is_env_key, "is not 1 to 253 letters, digits, '_', '-' and '.' that begin with a letter or '_'")
Key = Annotated[str, fitting(KEY.fits, KEY.words), Field(json_schema_extra={"pattern": f"^{ENV_KEY}$"})]
"""A key in a body."""


def check(**named: tuple[str, Kind]) -> None:
    """Raise Refusal that tells all names that cannot be, by the parameters of the request that they stand in."""
    wrong = [Cause(parameter, kind.words) for parameter, (text, kind) in named.items() if not kind.fits(text)]
    if wrong:
        raise invalid(*wrong)


def queried(request: web.Request, parameter: str) -> str | None:
    """A parameter of the query; None where there is none.

    Raises:
        Refusal: there are several: which of them was meant, the sender alone knows.
    """
    given = request.query.getall(parameter, [])
    if len(given) > 1:
        raise invalid(Cause(parameter, "stands there more than once"))
    return given[0] if given else None


def organization_of(request: web.Request) -> str:
    """The organization that the caller speaks of. Raises Refusal, 400."""
    return organization(request[CALLER], request.headers.get(ORGANIZATION))
