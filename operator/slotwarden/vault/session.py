"""A token that is always good: login, renewal before it ends, and one new login when it was revoked.

A connection belongs to one token. A new token makes a new connection, which is swapped in; requests on the old one end
as they may. Logins are single-flight, however many requests find the token invalid at once.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotwarden.sensitive import Sensitive
from slotwarden.vault.adapter import Answer, Connection
from slotwarden.vault.errors import Failure, Operation, VaultDenied, VaultError, VaultRejected, explain
from slotwarden.vault.http import Http

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from slotwarden.vault.config import VaultConfig

    Request = Callable[[Connection], Awaitable[Answer]]
    Observe = Callable[[str, str, float], None]

LOOKUP: Final = "auth/token/lookup-self"
RENEW: Final = "auth/token/renew-self"
MIN_DELAY: Final = 1.0
MAX_BACKOFF: Final = 60.0


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a token lives: seconds from now, 0 for ever."""

    ttl: float
    renewable: bool


class Session:
    """Requests to Vault with a valid token. Belongs to one event loop; made without any request.

    Args:
        config: how Vault is reached.
        observe: called after each request with operation, HTTP status (or `timeout`, `tls`, `unreachable`) and seconds.
        sleep: the clock that renewal waits on.
        rand: uniform in [0, 1), for jitter.
        connect: makes the connection of a token; None is an anonymous one.
        before_write: called right before a write is sent; what it raises keeps that from being sent.

    Attributes:
        refused: why there is no valid token, where not by an outage; empty where there is one.
    """

    def __init__(
        self,
        config: VaultConfig,
        *,
        observe: Observe | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rand: Callable[[], float] = random.random,
        connect: Callable[[Sensitive | None], Connection] | None = None,
        before_write: Callable[[], object] = lambda: None,
    ) -> None:
        self._config = config
        self._observe = observe
        self._sleep = sleep
        self._rand = rand
        self._http = Http(config, before_write)
        self._connect = connect or (lambda token: Connection(config, self._http, token))
        self._current: Connection | None = None
        self._login: asyncio.Task[Connection | None] | None = None
        self._renewal: asyncio.Task[None] | None = None
        self.refused = ""

    async def call(self, operation: Operation, path: str, request: Request, *, creates: bool = False) -> Answer:
        """Send one request, with one new login where the token turns out to be invalid.

        Cancelling cuts the connection: a write may have happened or not.

        Raises:
            VaultError: see `slotwarden.vault.errors`.
        """
        connection = self._current or await self._replace(None)
        if connection is None:
            raise AssertionError("a first login gives a connection or raises")
        try:
            answer = await self._attempt(operation, path, connection, request, creates=creates)
        except VaultDenied:
            fresh = await self._replace(connection)
            if fresh is None:
                raise
        else:
            # The old token may be good again.
            self.refused = ""
            return answer
        return await self._attempt(operation, path, fresh, request, creates=creates)

    async def health(self) -> Answer:
        """Vault's own health, asked without a token."""
        return await self._attempt(Operation.HEALTH, "sys/health", self._connect(None), lambda c: c.health())

    async def close(self) -> None:
        """End renewal, let running requests end, and close the connections."""
        tasks = [task for task in (self._login, self._renewal) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._http.close()

    async def _attempt(
        self, operation: Operation, path: str, connection: Connection, request: Request, *, creates: bool = False
    ) -> Answer:
        start, code = time.monotonic(), "cancelled"
        failure: Failure | None = None
        try:
            answer = await request(connection)
            code = str(answer.status)
        except Failure as caught:
            failure, code = caught, caught.code
        finally:
            if self._observe is not None:
                self._observe(operation.value, code, time.monotonic() - start)
        if failure is not None:
            # Raised here and not above, so that the error does not drag the answer's frames along as its context.
            raise explain(failure, operation, path, creates=creates)
        return answer

    async def _replace(self, stale: Connection | None, *, force: bool = False) -> Connection | None:
        """A connection better than the stale one; None where that one's token is still valid."""
        if self._current is not stale:
            return self._current
        if self._login is None or self._login.done():
            self._login = asyncio.create_task(self._log_in(stale, force=force))
            # Whoever waits gets the error; where all of them were cancelled, nobody misses it.
            self._login.add_done_callback(self._note)
        return await asyncio.shield(self._login)

    def _note(self, task: asyncio.Task[Connection | None]) -> None:
        if not task.cancelled():
            error = task.exception()
            self.refused = str(error) if isinstance(error, VaultDenied | VaultRejected) else ""

    async def _log_in(self, stale: Connection | None, *, force: bool) -> Connection | None:
        if stale is not None and not force and await self._is_valid(stale):
            return None
        lease: Lease | None = None
        if self._config.auth == "kubernetes":
            token, lease = await self._kubernetes_login()
        else:
            token = self._config.token or await self._read_file(self._config.token_file, LOOKUP)
            if stale is not None and token == stale.token:
                message = (
                    f"Vault answered 403 at {LOOKUP}: the token is no longer valid (it has expired or was revoked), "
                    "or its policy lacks `read` there"
                )
                raise VaultDenied(Operation.LOOKUP, LOOKUP, message)
        self._current = connection = self._connect(token)
        if self._renewal is not None:
            self._renewal.cancel()
        self._renewal = asyncio.create_task(self._keep(connection, lease))
        return connection

    async def _is_valid(self, connection: Connection) -> bool:
        try:
            await self._attempt(Operation.LOOKUP, LOOKUP, connection, lambda c: c.lookup())
        except VaultDenied:
            return False
        return True

    async def _kubernetes_login(self) -> tuple[Sensitive, Lease]:
        config, path = self._config, f"auth/{self._config.auth_mount}/login"
        jwt = await self._read_file(config.jwt_path, path)
        role = config.role or ""
        answer = await self._attempt(
            Operation.LOGIN, path, self._connect(None), lambda c: c.login(role, jwt, config.auth_mount)
        )
        try:
            auth = answer.body["auth"]
            return Sensitive.of_text(auth["client_token"]), _lease(auth, "lease_duration")
        except (KeyError, TypeError, AttributeError):
            message = f"Vault answered {answer.status} to a login at {path}: no Kubernetes auth method is mounted there"
            raise VaultRejected(Operation.LOGIN, path, message) from None

    async def _read_file(self, file: Path | None, path: str) -> Sensitive:
        """A token from a file, without the newline that editors leave."""
        try:
            content = await asyncio.to_thread(file.read_bytes) if file is not None else b""
        except OSError as error:
            message = f"no login to Vault: {file} cannot be read ({error.strerror})"
            raise VaultDenied(Operation.LOGIN, path, message) from None
        words = content.split()
        if len(words) != 1:
            message = f"no login to Vault: {file} {'holds more than a token' if words else 'is empty'}"
            raise VaultDenied(Operation.LOGIN, path, message)
        return Sensitive(words[0])

    async def _keep(self, connection: Connection, lease: Lease | None) -> None:
        """Keep the token alive until it is replaced; a token that never ends needs nothing."""
        failures, wait, term = 0, 0.0, 0.0
        if lease is not None:
            wait, term = self._two_thirds(lease), lease.ttl
        while lease is None or lease.ttl > 0:
            await self._sleep(wait)
            try:
                lease = await (self._look_up(connection) if lease is None else self._extend(connection, lease, term))
            except VaultError as error:
                if isinstance(error, VaultDenied) and self._config.auth == "token":
                    # Nothing to log in with: the next request tells whoever waits for it.
                    return
                failures += 1
                wait = min(MAX_BACKOFF, MIN_DELAY * 2**failures) * (0.5 + 0.5 * self._rand())
            else:
                failures, wait, term = 0, self._two_thirds(lease), max(term, lease.ttl)

    async def _look_up(self, connection: Connection) -> Lease:
        answer = await self._attempt(Operation.LOOKUP, LOOKUP, connection, lambda c: c.lookup())
        return _lease(answer.body.get("data"), "ttl")

    async def _extend(self, connection: Connection, lease: Lease, term: float) -> Lease:
        """Renew; log in anew where that gives less than half of the full term, as it does near the maximal TTL."""
        by_login = self._config.auth == "kubernetes"
        if lease.renewable:
            try:
                answer = await self._attempt(Operation.RENEW, RENEW, connection, lambda c: c.renew())
            except VaultDenied:
                if not by_login:
                    raise
            else:
                renewed = _lease(answer.body.get("auth"), "lease_duration")
                if not by_login or renewed.ttl >= term / 2:
                    return renewed
        if not by_login:
            return Lease(0, renewable=False)
        # Where this succeeds, the task that runs here is cancelled: the new token has one of its own.
        await self._replace(connection, force=True)
        return lease

    def _two_thirds(self, lease: Lease) -> float:
        """Seconds until renewal, spread over the tenth before two thirds, so that replicas do not renew together."""
        return max(MIN_DELAY, lease.ttl * 2 / 3 * (0.9 + 0.1 * self._rand()))


def _lease(properties: object, field: str) -> Lease:
    """The lease in an answer; one that cannot be read is looked at again in a minute."""
    if not isinstance(properties, dict) or not isinstance(properties.get(field), int | float):
        return Lease(60, renewable=True)
    return Lease(properties[field], renewable=bool(properties.get("renewable")))
