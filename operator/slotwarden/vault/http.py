"""One bounded pool of connections to Vault for all tokens, with nothing read from the environment.

An error of aiohttp's can hold the request's headers or the answer's text, so none of them leaves this module.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

import aiohttp
import certifi
from yarl import URL

from slotwarden.fence import Fenced
from slotwarden.vault.errors import Failure, VaultUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slotwarden.vault.config import VaultConfig

# Seconds; Vault keeps an idle connection for five minutes, most load balancers for one. What is sent on one that they
# have just closed is lost.
_IDLE: Final = 30.0
# How OpenSSL, by version, says that the answer to its greeting was plain text.
_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")


class Http:
    """Sends requests over kept connections. Belongs to one event loop; made without any request.

    Args:
        before_write: called right before a write is sent; what it raises keeps that from being sent.
    """

    def __init__(self, config: VaultConfig, before_write: Callable[[], object] = lambda: None) -> None:
        self._config = config
        self._before_write = before_write
        # Not the connector's own limit: waiting for a connection must not use up the time-out of a request.
        self._turns = asyncio.Semaphore(config.connections)
        self._session: aiohttp.ClientSession | None = None
        self._trusted: ssl.SSLContext | None = None
        self._loading = asyncio.Lock()

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None, *, writes: bool = False
    ) -> tuple[int, bytes]:
        """The status and body of the answer, whatever it says; redirects are not followed.

        Args:
            writes: whether the request changes an entry.

        Raises:
            Failure: there was no whole answer, or no trusted one.
        """
        async with self._turns:
            trusted = (self._trusted or await self._trust()) if url.startswith("https:") else None
            data: bytes | Fenced | None = body
            if writes:
                self._before_write()
                data = Fenced(body or b"", self._before_write)
            try:
                return await self._exchange(method, url, headers, data, trusted)
            except TimeoutError:
                raise Failure(VaultUnavailable, "timeout") from None
            except aiohttp.ClientSSLError as error:
                if self._trusted is trusted:
                    # The CA file may have been replaced since.
                    self._trusted = None
                raise Failure(VaultUnavailable, "tls", _tls_cause(error)) from None
            except (aiohttp.ClientError, OSError, ValueError):
                # A ValueError is a token that cannot be a header.
                raise Failure(VaultUnavailable, "unreachable") from None

    async def close(self) -> None:
        """Let running requests end, and close the connections."""
        for _ in range(self._config.connections):
            await self._turns.acquire()
        if self._session is not None:
            await self._session.close()
        for _ in range(self._config.connections):
            self._turns.release()

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        data: bytes | Fenced | None,
        trusted: ssl.SSLContext | None,
    ) -> tuple[int, bytes]:
        session = self._session = self._session or self._open()
        async with session.request(
            method,
            URL(url, encoded=True),
            headers=headers,
            data=data,
            allow_redirects=False,
            ssl=trusted or True,
            middlewares=(_once,) if method == "delete" else None,
        ) as response:
            return response.status, await response.read()

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE),
            timeout=aiohttp.ClientTimeout(total=self._config.request_timeout, connect=self._config.connect_timeout),
            headers={"User-Agent": "slotwarden"},
            skip_auto_headers=("Accept", "Accept-Encoding"),
            cookie_jar=aiohttp.DummyCookieJar(),
            # No proxies and no .netrc: the configuration says it all.
            trust_env=False,
        )

    async def _trust(self) -> ssl.SSLContext:
        """What certificates are checked against; read once, and again after one was not trusted."""
        async with self._loading:
            if self._trusted is None:
                try:
                    self._trusted = await asyncio.to_thread(_load, self._config.ca or certifi.where())
                except OSError:
                    raise Failure(VaultUnavailable, "tls", "the CA file cannot be read") from None
            return self._trusted


def _load(ca: str) -> ssl.SSLContext:
    # Not ssl.create_default_context, which looks at SSL_CERT_FILE and SSLKEYLOGFILE.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca)
    return context


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a deletion whose answer was lost: by then someone else may have written there."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise aiohttp.ClientConnectionError from None


def _tls_cause(error: aiohttp.ClientSSLError) -> str:
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else error.os_error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    return "the address speaks no TLS" if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS else ""
