"""hvac shapes the requests, the event loop sends them.

hvac's API classes return what their adapter returns; this one returns an awaitable, so neither threads nor requests are
needed. hvac's own exceptions carry the answer's text; here an answer is read and classified before anyone sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from json import dumps, loads
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from hvac.adapters import RawAdapter
from hvac.api.auth_methods import Kubernetes
from hvac.api.auth_methods import Token as TokenMethod
from hvac.api.secrets_engines.kv_v2 import KvV2
from hvac.api.secrets_engines.transit import Transit

from slotwarden.vault.errors import Failure, VaultUnavailable, classify

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from slotwarden.sensitive import Sensitive
    from slotwarden.vault.config import VaultConfig
    from slotwarden.vault.http import Http

# With these a health check answers 200 in every state, and the body tells which.
_HEALTH: Final = "/v1/sys/health?standbycode=200&perfstandbyok=true&drsecondarycode=200&sealedcode=200&uninitcode=200"


@dataclass(frozen=True, slots=True)
class Answer:
    """A success, a 404, or a batch that failed item by item; `body` is the JSON object, empty where there is none.

    Never logged: it can hold data.
    """

    status: int
    body: dict[str, Any]

    def __repr__(self) -> str:
        return f"Answer(status={self.status})"


class _Adapter(RawAdapter):  # type: ignore[misc]
    """Raises `Failure` where hvac would raise, and gives hvac's callers an awaitable `Answer`."""

    def __init__(self, http: Http, address: str, headers: Mapping[str, str]) -> None:
        # hvac's own would make a session of requests.
        self._http = http
        self._address = address.rstrip("/")
        self._headers = {"X-Vault-Request": "true", **headers}

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        wrap_ttl: None = None,  # hvac passes it on where it renews a token
    ) -> Answer:
        if method == "list":
            # The plain form of LIST, which proxies know.
            method, params = "get", {"list": "true"}
        query = f"?{urlencode(params)}" if params else ""
        headers, body = self._headers, None
        if json is not None:
            kind = "application/merge-patch+json" if method == "patch" else "application/json"
            # As UTF-8: an escape for each letter beyond ASCII would make long texts longer than Vault takes.
            text = dumps(json, ensure_ascii=False)
            headers, body = {**headers, "Content-Type": kind}, text.encode(errors="surrogatepass")
        # A token's own business is no write.
        writes = method != "get" and not url.startswith("/v1/auth/")
        return _read(*await self._http.send(method, f"{self._address}{url}{query}", headers, body, writes=writes))


class Connection:
    """One token's view of Vault; what its methods return raises `Failure` when awaited."""

    def __init__(self, config: VaultConfig, http: Http, token: Sensitive | None) -> None:
        self.token = token
        headers = {"X-Vault-Token": token.reveal_text()} if token is not None else {}
        # Only the root namespace has the path of health, and nobody is asked there for a token.
        self._root = _Adapter(http, config.address, {})
        if config.namespace:
            headers["X-Vault-Namespace"] = config.namespace
        self.adapter = _Adapter(http, config.address, headers)
        self.kv = KvV2(adapter=self.adapter)
        self.transit = Transit(adapter=self.adapter)

    def login(self, role: str, jwt: Sensitive, mount: str) -> Awaitable[Answer]:
        """Log in by the Kubernetes method."""
        answer: Awaitable[Answer] = Kubernetes(adapter=self.adapter).login(
            role=role, jwt=jwt.reveal_text(), use_token=False, mount_point=mount
        )
        return answer

    def lookup(self) -> Awaitable[Answer]:
        """Our own token's properties."""
        answer: Awaitable[Answer] = TokenMethod(adapter=self.adapter).lookup_self()
        return answer

    def renew(self) -> Awaitable[Answer]:
        """Renew our own token by its own period."""
        answer: Awaitable[Answer] = TokenMethod(adapter=self.adapter).renew_self()
        return answer

    def health(self) -> Awaitable[Answer]:
        """Vault's state; answers 200 whatever it is."""
        answer: Awaitable[Answer] = self._root.get(_HEALTH)
        return answer


def _read(status: int, content: bytes) -> Answer:
    body: Any = {}
    if content:
        try:
            body = loads(content)
        except (ValueError, RecursionError):
            # The exception holds the text, and a proxy's error page has a status that says enough.
            body = None
    errors = body.get("errors") if isinstance(body, dict) else None
    texts = [text for text in errors if isinstance(text, str)] if isinstance(errors, list) else []
    # A 404 may hold what is known of a deleted version, a 400 what is wrong with each item of a batch.
    told = isinstance(body, dict) and not any(texts) and (status == 404 or (status == 400 and bool(body.get("data"))))
    if status not in (200, 204) and not told:
        raise classify(status, texts)
    if not isinstance(body, dict):
        raise Failure(VaultUnavailable, "garbled")
    return Answer(status, body)
