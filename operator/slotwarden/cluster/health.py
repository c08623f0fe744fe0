"""How the API server is, in words that can be told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from slotwarden.cluster.errors import KubernetesError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


_PATIENCE: Final = 5.0


def asking(served: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[str | None]]:
    """Ask the API server: None where it is well, else why not. Any answer but that it cannot answer now will do."""

    async def ask() -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await served()
        except Unavailable as error:
            return f"the API server answers {error.status}" if error.status else "the API server could not be reached"
        except TimeoutError:
            return "the API server does not answer in time"
        except KubernetesError:
            return None
        return None

    return ask
