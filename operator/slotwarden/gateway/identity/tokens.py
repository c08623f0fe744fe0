"""Bearer tokens: whose they are, by TokenReview, asked once in a while and not at every request."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Final

from slotwarden.gateway.identity.caller import Caller
from slotwarden.gateway.identity.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotwarden.cluster.reviews import Reviews
    from slotwarden.sensitive import Sensitive

SECONDS: Final = 10.0
REFUSED_SECONDS: Final = 1.0
_ROOM: Final = 4096
_LONGEST: Final = 16 * 1024


class Tokens:
    """Whose tokens they are, by TokenReview. Answers are remembered shortly, under a digest that only we can make.

    Args:
        clock: seconds that never go back.
        now: seconds since 1970, which the end of a token is told in.
    """

    def __init__(
        self, reviews: Reviews, audiences: Sequence[str], clock: Callable[[], float], now: Callable[[], float]
    ) -> None:
        self._reviews = reviews
        self._audiences = audiences
        self._now = now
        self._salt = secrets.token_bytes(32)
        self._known: Memory[bytes, Caller] = Memory(clock, _ROOM)
        # Apart, so that a flood of bad tokens does not make the good ones forgotten.
        self._refused: Memory[bytes, bool] = Memory(clock, _ROOM)

    async def caller(self, token: Sensitive) -> Caller | None:
        """The owner; None where the token is not good.

        Raises:
            KubernetesError: the API server does not say.
        """
        if len(token) > _LONGEST:
            return None
        digest = hashlib.blake2b(token.reveal(), key=self._salt).digest()
        if known := self._known.get(digest):
            return known
        end = _end(token)
        left = SECONDS if end is None else min(SECONDS, end - self._now())
        if left <= 0 or self._refused.get(digest):
            return None
        user = await self._reviews.token(token, self._audiences)
        if user is None or not user.name:
            self._refused.put(digest, True, REFUSED_SECONDS)
            return None
        caller = Caller(user.name, user.uid, user.groups, user.extra, "token")
        self._known.put(digest, caller, left)
        return caller


def _end(token: Sensitive) -> float | None:
    """When a token says that it ends, in seconds since 1970; None where it does not say. Nothing of it is believed."""
    parts = token.reveal().split(b".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + b"=="))
    except (ValueError, RecursionError):
        return None
    end = claims.get("exp") if isinstance(claims, dict) else None
    # Larger ones are no dates, and too large for a float.
    return float(end) if isinstance(end, int | float) and abs(end) < 2**53 else None
