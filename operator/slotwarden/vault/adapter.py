"""hvac on a transport of our own: one bounded connection pool, nothing read from the environment, no error with a body.

hvac's own exceptions carry the answer's text; here an answer is read and classified before hvac sees it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final

import requests
from hvac.adapters import RawAdapter
from hvac.api.auth_methods import Kubernetes
from hvac.api.auth_methods import Token as TokenMethod
from hvac.api.secrets_engines.kv_v2 import KvV2
from requests.adapters import HTTPAdapter

from slotwarden.vault.errors import Failure, VaultUnavailable, classify

if TYPE_CHECKING:
    from slotwarden.sensitive import Sensitive
    from slotwarden.vault.config import VaultConfig

_TLS_CAUSE = re.compile(r"certificate verify failed: ([A-Za-z0-9 ,.'-]+?) ?\(_ssl|(WRONG_VERSION_NUMBER)")
# With these a health check answers 200 in every state, and the body tells which.
_HEALTH: Final = "/v1/sys/health?standbycode=200&perfstandbyok=true&drsecondarycode=200&sealedcode=200&uninitcode=200"


@dataclass(frozen=True, slots=True)
class Answer:
    """A success or a 404; `body` is the JSON object, empty where there is none. Never logged: it can hold data."""

    status: int
    body: dict[str, Any]

    def __repr__(self) -> str:
        return f"Answer(status={self.status})"


class _Adapter(RawAdapter):  # type: ignore[misc]
    """Raises `Failure` where hvac would raise, and gives hvac's callers an `Answer`."""

    def request(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        raise_exception: bool = True,  # hvac's signature; every failure is raised
        **kwargs: Any,
    ) -> Answer:
        try:
            response = super().request(method, url, headers=headers, raise_exception=False, **kwargs)
            return _read(response)
        except requests.exceptions.Timeout:
            raise Failure(VaultUnavailable, "timeout") from None
        except requests.exceptions.SSLError as error:
            raise Failure(VaultUnavailable, "tls", _tls_cause(error)) from None
        except requests.exceptions.RequestException:
            raise Failure(VaultUnavailable, "unreachable") from None
        except OSError:
            # requests checks the CA file on its own and raises a plain OSError.
            raise Failure(VaultUnavailable, "tls", "the CA file cannot be read") from None


class Connection:
    """One token's view of Vault; all methods block, and raise `Failure`."""

    def __init__(self, config: VaultConfig, session: requests.Session, token: Sensitive | None) -> None:
        self.token = token
        self.adapter = _Adapter(
            base_uri=config.address,
            token=token.reveal_text() if token is not None else None,
            verify=config.ca or True,
            timeout=(config.connect_timeout, config.read_timeout),
            allow_redirects=False,
            session=session,
            namespace=config.namespace,
            strict_http=True,
        )
        self.kv = KvV2(adapter=self.adapter)

    def login(self, role: str, jwt: Sensitive, mount: str) -> Answer:
        """Log in by the Kubernetes method."""
        answer: Answer = Kubernetes(adapter=self.adapter).login(
            role=role, jwt=jwt.reveal_text(), use_token=False, mount_point=mount
        )
        return answer

    def lookup(self) -> Answer:
        """Our own token's properties."""
        answer: Answer = TokenMethod(adapter=self.adapter).lookup_self()
        return answer

    def renew(self) -> Answer:
        """Renew our own token by its own period."""
        answer: Answer = TokenMethod(adapter=self.adapter).renew_self()
        return answer

    def health(self) -> Answer:
        """Vault's state; answers 200 whatever it is."""
        probe = _Adapter.from_adapter(self.adapter)
        # Only the root namespace has this path.
        probe.namespace = None
        answer: Answer = probe.get(_HEALTH)
        return answer


def http_session(config: VaultConfig) -> requests.Session:
    """The connection pool that all tokens share."""
    session = requests.Session()
    # No proxies, no .netrc, no CA bundle from the environment: the configuration says it all.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.verify = config.ca or True
    pool = HTTPAdapter(pool_connections=1, pool_maxsize=config.threads, pool_block=True)
    session.mount("https://", pool)
    session.mount("http://", pool)
    return session


def _read(response: requests.Response) -> Answer:
    status = response.status_code
    body: Any = {}
    if response.content:
        try:
            body = response.json()
        except ValueError:
            # The exception holds the text, and a proxy's error page has a status that says enough.
            body = None
    errors = body.get("errors") if isinstance(body, dict) else None
    texts = [text for text in errors if isinstance(text, str)] if isinstance(errors, list) else []
    if status not in (200, 204) and not (status == 404 and isinstance(body, dict) and not any(texts)):
        raise classify(status, texts)
    if not isinstance(body, dict):
        raise Failure(VaultUnavailable, "garbled")
    return Answer(status, body)


def _tls_cause(error: requests.exceptions.SSLError) -> str:
    match = _TLS_CAUSE.search(str(error))
    if match is None:
        return ""
    return "the address speaks no TLS" if match[2] else match[1]
