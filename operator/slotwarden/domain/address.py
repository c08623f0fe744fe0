"""Addresses as consumers compare them: the registry key of a dockerconfigjson, and the URL of a git server.

`canonical_server` reads whatever people and other tools wrote; `is_server_address` is the narrow form that a spec may
have, mirrored by the CRD's CEL rule.
"""

from __future__ import annotations

import re
from typing import Final

DOCKER_HUB: Final = "https://index.docker.io/v1/"
MAX_SERVER: Final = 253

_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOST = rf"({_LABEL}(\.{_LABEL})*|\[[0-9a-f]{{0,4}}(:[0-9a-f]{{0,4}}){{2,7}}\])"
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
SERVER: Final = f"{_HOST}(:{_PORT})?"
_SERVER = re.compile(SERVER)
_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_API_PATH = re.compile(r"/(v[12]/?)?")
_GIT_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;:@=-]+)*/?")
_DEFAULT_PORT = {"https": ":443", "http": ":80"}


def is_server_address(text: str) -> bool:
    """Whether a spec may give this as its server: empty or `DOCKER_HUB`, else a bare lower-case `host[:port]`."""
    return text in ("", DOCKER_HUB) or _is_host(text)


def canonical_server(text: str | None) -> str:
    """The key that a registry has in a dockerconfigjson: lower-case `host[:port]`, or `DOCKER_HUB`.

    A scheme, a trailing slash and the API paths `/v1/` and `/v2/` are dropped, as kubelet drops them. Any other path
    is refused: without it the password would go to more repositories than it was meant for.

    Raises:
        ValueError: saying what to write.
    """
    if not text:
        return DOCKER_HUB
    host, slash, path = _SCHEME.sub("", text, count=1).lower().partition("/")
    if slash and not _API_PATH.fullmatch(slash + path):
        raise ValueError("has a path: write the registry's host[:port] alone")
    if host in _HUB_HOSTS:
        return DOCKER_HUB
    if not _is_host(host):
        raise ValueError("is no registry address: write host[:port], or leave it empty for Docker Hub")
    return host


def canonical_git_url(text: str) -> str:
    """A git server's URL: `https://host[:port][/path]`, host in lower case, without a default port or a final slash.

    `http` is kept as it is, for servers inside a network. User names, queries and fragments are refused.

    Raises:
        ValueError: saying what to write.
    """
    scheme, sep, rest = text.partition("://")
    scheme = scheme.lower()
    if not sep or scheme not in _DEFAULT_PORT:
        raise ValueError("has no scheme: write https://host[/path]")
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        raise ValueError("holds a user name: write https://host[/path], and the user name in its own field")
    host = authority.lower().removesuffix(_DEFAULT_PORT[scheme])
    segments = path.split("/")
    if not _is_host(host) or not _GIT_PATH.fullmatch(slash + path) or not {".", ".."}.isdisjoint(segments):
        raise ValueError("is no git address: write https://host[/path]")
    return f"{scheme}://{host}{slash}{path}".removesuffix("/")


def _is_host(text: str) -> bool:
    return len(text) <= MAX_SERVER and _SERVER.fullmatch(text) is not None
