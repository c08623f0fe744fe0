"""A lean client: the Kubernetes library finds the cluster, authenticates and pools; bodies stay plain JSON.

The library's models cost fifteen times as much to decode as JSON, and its generated methods do not raise on the raw
path; so requests go straight to its transport.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import yaml
from kubernetes.aio import client as library
from kubernetes.aio import config as library_config
from kubernetes.aio.client.rest import RESTClientObject

from slotwarden.cluster import watching
from slotwarden.cluster.errors import Unavailable, from_answer
from slotwarden.fence import Fenced

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

    from slotwarden.cluster.term import Term

Json = dict[str, Any]

MERGE_PATCH: Final = "application/merge-patch+json"
PAGE: Final = 100
REQUESTS_AT_ONCE: Final = 64
TIMEOUT: Final = aiohttp.ClientTimeout(total=30, sock_connect=5)
_METHODS: Final[Mapping[str, str]] = {
    "get": "GET",
    "list": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}
# A page of a list would be compressed, which costs the API server more than the network between it and us gains.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "slotwarden"}
_READS: Final = frozenset({"get", "list"})


class NoCluster(Exception):
    """Neither a ServiceAccount nor a kubeconfig names a cluster."""


async def load_configuration() -> library.Configuration:
    """Where the cluster is and who we are: the pod's ServiceAccount, else KUBECONFIG or its default place.

    Raises:
        NoCluster: says what was looked for.
    """
    configuration = library.Configuration()
    try:
        if os.environ.get("KUBERNETES_SERVICE_HOST") and not os.environ.get("KUBECONFIG"):
            library_config.load_incluster_config(client_configuration=configuration)
        else:
            # Named here, because the library looks at the variable only once, when it is imported.
            await library_config.load_kube_config(
                os.environ.get("KUBECONFIG"), client_configuration=configuration, persist_config=False
            )
    except library_config.ConfigException as error:
        raise NoCluster(f"no cluster: not in a pod, and no usable kubeconfig (set KUBECONFIG): {error}") from None
    except (OSError, ValueError, TypeError, LookupError, AttributeError, yaml.YAMLError) as error:
        # The text of such an error can quote the file.
        raise NoCluster(f"no cluster: the kubeconfig (KUBECONFIG) cannot be read: {type(error).__name__}") from None
    return configuration


class KubeClient:
    """Requests to one API server.

    Args:
        configuration: as `load_configuration` gives it.
        observe: called with verb, resource, status code and seconds after each request.
        term: asked before each write, and again right before it is sent.
        concurrency: how many requests may be in flight.

    Raises:
        NoCluster: the certificates cannot be read.
    """

    def __init__(
        self,
        configuration: library.Configuration,
        observe: Callable[[str, str, str, float], None],
        term: Term,
        concurrency: int = REQUESTS_AT_ONCE,
    ) -> None:
        configuration.connection_pool_maxsize = concurrency
        # With trust_env, aiohttp looks through the whole environment, and for a .netrc, at every request.
        configuration.client_session_kwargs = {"trust_env": False}
        configuration.proxy = configuration.proxy or _proxy(configuration.host)
        self._configuration = configuration
        try:
            self._transport = _Transport(configuration)
        except OSError as error:
            message = f"no cluster: the certificates that the kubeconfig names cannot be read: {error.strerror}"
            raise NoCluster(message) from None
        self._observe = observe
        self._term = term

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def request(
        self,
        verb: str,
        resource: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Json:
        """Send one request and decode the answer.

        Raises:
            KubernetesError: the member of the tree in `errors` that fits.
            NotLeading: a write that may not begin.
        """
        if verb not in _READS:
            self._term.check()
        started = perf_counter()
        status = 0
        try:
            status, raw = await self._send(verb, path, body, query, content_type)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(verb, resource, 0, type(error).__name__) from None
        finally:
            self._observe(verb, resource, str(status or "none"), perf_counter() - started)
        answer = _decode(raw)
        if status >= 300:
            raise from_answer(verb, resource, status, answer)
        return answer

    async def list(
        self, resource: str, path: str, query: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Json, None]:
        """All objects of a collection, page by page, then one item `{"resourceVersion": …}` for the list itself.

        While one page is worked on, the server makes the next.
        """
        parameters = {**(query or {}), "limit": str(PAGE)}
        page = await self.request("list", resource, path, query=parameters)
        while token := (page.get("metadata") or {}).get("continue"):
            following = asyncio.ensure_future(
                self.request("list", resource, path, query={**parameters, "continue": token})
            )
            try:
                # One turn of the loop, in which the request is sent.
                await asyncio.sleep(0)
                for item in page.get("items") or ():
                    yield item
                page = await following
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        for item in page.get("items") or ():
            yield item
        yield {"resourceVersion": (page.get("metadata") or {}).get("resourceVersion", "")}

    async def has_event(self, resource: str, path: str, query: Mapping[str, str]) -> bool:
        """Watch until something happens; False where the server ends the watch before. Whoever calls sets a limit.

        Raises:
            KubernetesError: the watch was refused or broke off.
        """
        try:
            response = await self._open("list", path, None, query, "application/json")
            try:
                if response.status >= 300:
                    raise from_answer("watch", resource, response.status, _decode(await response.read()))
                # Part of an event is enough: a whole one can be longer than a line may be.
                return bool(await response.content.readany())
            finally:
                response.close()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable("watch", resource, 0, type(error).__name__) from None

    @contextlib.asynccontextmanager
    async def watch(
        self, resource: str, path: str, query: Mapping[str, str]
    ) -> AsyncIterator[AsyncGenerator[Json, None]]:
        """The events of a collection, bookmarks among them, as they come; they end when the server ends the watch.

        Raises:
            Expired: what happened since the resourceVersion is known no more: list anew.
            KubernetesError: the watch was refused, broke off, or was silent for longer than a bookmark takes.
        """
        parameters = {**query, "watch": "true", "allowWatchBookmarks": "true"}
        try:
            response = await self._open("list", path, None, parameters, "application/json", watching.TIMEOUT)
            try:
                if response.status >= 300:
                    raise from_answer("watch", resource, response.status, _decode(await response.read()))
                yield watching.events(resource, response.content)
            finally:
                response.close()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable("watch", resource, 0, type(error).__name__) from None

    async def _send(
        self, verb: str, path: str, body: Any, query: Mapping[str, str] | None, content_type: str
    ) -> tuple[int, bytes]:
        response = await self._open(verb, path, body, query, content_type)
        return response.status, await response.read()

    async def _open(
        self,
        verb: str,
        path: str,
        body: Any,
        query: Mapping[str, str] | None,
        content_type: str,
        limits: aiohttp.ClientTimeout = TIMEOUT,
    ) -> aiohttp.ClientResponse:
        headers = {**_HEADERS, "Content-Type": content_type}
        token = await self._configuration.get_api_key_with_prefix("BearerToken")
        if token:
            headers["Authorization"] = token
        url = self._configuration.host + path + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else Fenced(json.dumps(body).encode(), self._term.check)
        return await self._transport.send(_METHODS[verb], url, headers, data, limits)


class _Transport(RESTClientObject):  # type: ignore[misc]
    """The library's connections, over which a body goes as it is given."""

    pool_manager: aiohttp.ClientSession | None

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], data: Fenced | None, limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        if self.pool_manager is None:
            self.pool_manager = self._create_pool_manager()
        response: aiohttp.ClientResponse = await self.pool_manager.request(
            method,
            url,
            headers=headers,
            data=data,
            timeout=limits,
            allow_redirects=False,
            proxy=self.proxy,
            proxy_headers=self.proxy_headers,
            server_hostname=self.configuration.tls_server_name,
        )
        return response


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for a server."""
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)


def _decode(raw: bytes) -> Json:
    """The JSON object in an answer; empty for anything else, such as a proxy's page."""
    try:
        answer = json.loads(raw)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
