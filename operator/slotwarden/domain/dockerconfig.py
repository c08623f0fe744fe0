r"""`.dockerconfigjson`, byte for byte as `kubectl create secret docker-registry` writes it.

Equal bytes mean that a projected Secret compares equal with one made by hand, and that drift is told by comparing.
kubectl marshals a Go struct: keys in the struct's order, `email` left out, map keys sorted by bytes, compact, and
`& < >` U+2028 U+2029 escaped as \u0026 and so on.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, Final

from slotwarden.domain.address import canonical_server
from slotwarden.domain.credentials import InvalidValue, RegistryCredential
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY: Final = ".dockerconfigjson"
SECRET_TYPE: Final = "kubernetes.io/dockerconfigjson"  # noqa: S105 - a type's name

_GO_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "&<>\u2028\u2029"})


def render(entries: Sequence[RegistryCredential]) -> Sensitive:
    """The JSON document for these registries, whatever order they come in.

    Raises:
        ValueError: if two entries have one server.
    """
    by_server = {entry.server_address: entry for entry in entries}
    if len(by_server) != len(entries):
        raise ValueError("two credentials claim one registry")
    auths = {server: _auth(by_server[server]) for server in sorted(by_server, key=str.encode)}
    text = json.dumps({"auths": auths}, ensure_ascii=False, separators=(",", ":"))
    # None of the escaped characters is part of JSON's own syntax, so they stand in strings only.
    return Sensitive.of_text(text.translate(_GO_ESCAPES))


def parse(document: Sensitive) -> dict[str, RegistryCredential]:
    """The credentials in a document that anyone may have written, by canonical server.

    `auth`, padded or not, overrides `username` and `password`, as in kubelet. Entries without a credential (those
    left to a credential helper) are passed over.

    Raises:
        ValueError: without any content, where the document or one of its entries is malformed, or where two entries
            mean one registry.
    """
    try:
        auths = json.loads(document.reveal())["auths"].items()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("not a dockerconfigjson document") from None
    found: dict[str, RegistryCredential] = {}
    for server, entry in auths:
        if not isinstance(entry, dict):
            raise ValueError("an entry of the dockerconfigjson document is no object")  # noqa: TRY004 - content, not type
        credential = _credential(server, entry)
        if credential is None:
            continue
        if credential.server_address in found:
            raise ValueError("two entries of the dockerconfigjson document mean one registry")
        found[credential.server_address] = credential
    return found


def is_canonical(document: Sensitive) -> bool:
    """Whether a document is what `render` gives for its own content."""
    try:
        return render(list(parse(document).values())) == document
    except ValueError:
        return False


def _auth(entry: RegistryCredential) -> dict[str, str]:
    password = entry.password.reveal_text()
    pair = base64.b64encode(f"{entry.username}:{password}".encode()).decode()
    return {"username": entry.username, "password": password, "auth": pair}


def _credential(server: str, entry: dict[str, Any]) -> RegistryCredential | None:
    username, password = entry.get("username") or "", entry.get("password") or ""
    auth = entry.get("auth")
    try:
        if auth:
            username, password = _split(auth)
        if not username and not password:
            return None
        return RegistryCredential(username, Sensitive.of_text(password), canonical_server(server))
    except (ValueError, TypeError, AttributeError, InvalidValue):
        raise ValueError("an entry of the dockerconfigjson document is malformed") from None


def _split(auth: str) -> tuple[str, str]:
    padded = auth.rstrip("=")
    padded += "=" * (-len(padded) % 4)
    try:
        text = base64.b64decode(padded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("auth is not base64 of text") from None
    username, colon, password = text.partition(":")
    if not colon:
        raise ValueError("auth holds no colon")
    return username, password
