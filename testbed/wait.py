"""Waiting for what becomes true by itself: polls with a deadline, never a sleep of a guessed length."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING, TypeVar, cast

from testbed.clients.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

DEFAULT_TIMEOUT = 30.0
INTERVAL = 0.1
# What a check may raise while the truth is still on its way.
PASSING = (AssertionError, LookupError, OSError, RefusedError)


class _Attempts:
    """The deadline and the last cause, shared by both forms."""

    def __init__(self, timeout: float, message: str) -> None:
        self._deadline = time.monotonic() + timeout
        self._timeout = timeout
        self._message = message
        self._cause: BaseException | None = None

    def failed(self, cause: BaseException | None) -> None:
        """Note a failed attempt; past the deadline, say what was waited for."""
        self._cause = cause or self._cause
        if time.monotonic() >= self._deadline:
            what = self._message or "the condition"
            last = f"; last: {type(self._cause).__name__}: {self._cause}" if self._cause else ""
            raise AssertionError(f"{what} did not come true within {self._timeout:g} s{last}") from self._cause


def eventually(
    check: Callable[[], T], timeout: float = DEFAULT_TIMEOUT, *, interval: float = INTERVAL, message: str = ""
) -> T:
    """Call `check` until it returns something true without raising, and return that.

    AssertionError, LookupError, RefusedError and OSError (which requests' errors are) count as not yet. Raises
    AssertionError with the last cause when `timeout` seconds are over.
    """
    attempts = _Attempts(timeout, message)
    while True:
        cause: BaseException | None = None
        try:
            result = check()
        except PASSING as error:
            cause = error
        else:
            if result:
                return result
        attempts.failed(cause)
        time.sleep(interval)


async def eventually_async(
    check: Callable[[], T | Awaitable[T]],
    timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - the deadline spans many attempts, and one may be plain code
    *,
    interval: float = INTERVAL,
    message: str = "",
) -> T:
    """The same for asynchronous tests; `check` may be a plain or an asynchronous function."""
    attempts = _Attempts(timeout, message)
    while True:
        cause: BaseException | None = None
        try:
            result = check()
            if inspect.isawaitable(result):
                result = await result
        except PASSING as error:
            cause = error
        else:
            if result:
                return cast("T", result)
        attempts.failed(cause)
        await asyncio.sleep(interval)
