"""Requests over aiohttp with bodies that are made beforehand, so that whoever measures takes little of the machine."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

MERGE: Final = "application/merge-patch+json"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=60)
_ENDLESS: Final = aiohttp.ClientTimeout(total=None, sock_connect=5)


class AnswerError(Exception):
    """A server refused; `status` is the HTTP code."""

    def __init__(self, method: str, path: str, status: int, text: str) -> None:
        super().__init__(f"{method} {path}: {status} {text[:500]}")
        self.status = status


class Api:
    """One server, one identity, a bounded pool of connections; for use with `async with`."""

    def __init__(self, server: str, ca: str | Path | None, headers: Mapping[str, str], connections: int) -> None:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        self._server = server.rstrip("/")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=context),
            # A server on this machine would take longer to compress a list than to send it.
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **headers},
            timeout=_TIMEOUT,
        )

    @classmethod
    def of_kubeconfig(cls, path: Path, connections: int) -> Api:
        """The API server as the user of a kubeconfig that the testbed wrote."""
        config = json.loads(path.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        headers = {"Authorization": f"Bearer {user['token']}"}
        return cls(cluster["server"], cluster["certificate-authority"], headers, connections)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def send(self, method: str, path: str, body: bytes | None = None, content: str = "application/json") -> bytes:
        """The answer's body. Raises AnswerError."""
        headers = {"Content-Type": content} if body is not None else None
        async with self._session.request(method, self._server + path, data=body, headers=headers) as response:
            raw = await response.read()
            if response.status >= 300:
                raise AnswerError(method, path, response.status, raw.decode(errors="replace"))
            return raw

    async def get(self, path: str) -> dict[str, Any]:
        """A JSON object. Raises AnswerError."""
        found: dict[str, Any] = json.loads(await self.send("GET", path))
        return found

    async def lines(self, path: str) -> AsyncIterator[bytes]:
        """The lines of an answer that goes on, as a watch does. Raises AnswerError."""
        async with self._session.get(self._server + path, timeout=_ENDLESS) as response:
            if response.status >= 300:
                raise AnswerError("GET", path, response.status, await response.text())
            async for line in response.content:
                yield line
