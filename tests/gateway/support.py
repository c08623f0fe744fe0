"""What the tests of the gateway share: a client that shows any certificate and sends any headers."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trustme

from testbed.clients.kube import core
from testbed.gateway import TLS_SECRET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from testbed.clients.kube import Kube
    from testbed.gateway import Gateway
    from testbed.pki import Pki

Json = dict[str, Any]
Headers = list[tuple[str, str]]
# More than the gateway may take for a request.
TIMEOUT = 45
ROOT = "/apis/values.slotwarden.io/v1beta1"


@dataclass(frozen=True)
class Answer:
    code: int
    body: Json
    headers: dict[str, str]


def authority(kube: Kube, namespace: str) -> str:
    """The authorities of the gateway's own certificate, as its Secret tells them."""
    secret = kube.get(core(namespace, "secrets", TLS_SECRET))
    return base64.b64decode(secret["data"]["ca.crt"]).decode()


def context(cadata: str, client: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """What a client believes and shows."""
    made = ssl.create_default_context(cadata=cadata)
    if client is not None:
        client.configure_cert(made)
    return made


def front_proxy_context(cadata: str, pki: Pki) -> ssl.SSLContext:
    """What the API server believes and shows."""
    made = ssl.create_default_context(cadata=cadata)
    made.load_cert_chain(pki.front_proxy_cert, pki.front_proxy_key)
    return made


def front_proxy_authority(pki: Pki) -> trustme.CA:
    """The authority of the testbed's front proxies."""
    return trustme.CA.from_pem(pki.front_proxy_ca.read_bytes(), pki.front_proxy_ca_key.read_bytes())


def ask(
    gateway: Gateway,
    tls: ssl.SSLContext,
    path: str = ROOT,
    headers: Sequence[tuple[str, str]] = (),
    body: Json | None = None,
) -> Answer:
    """One request on a connection of its own; with a body it is a POST. Raises OSError."""
    connection = http.client.HTTPSConnection("localhost", gateway.port, context=tls, timeout=TIMEOUT)
    try:
        raw = None if body is None else json.dumps(body).encode()
        connection.putrequest("GET" if raw is None else "POST", path)
        for name, value in headers:
            connection.putheader(name, value)
        if raw is not None:
            connection.putheader("Content-Length", str(len(raw)))
        connection.endheaders(raw)
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, json.loads(response.read()), told)
    finally:
        connection.close()


def bearer(token: str) -> tuple[str, str]:
    return ("Authorization", f"Bearer {token}")


def user(name: str, *groups: str) -> Headers:
    """What a front proxy says of a user."""
    return [("X-Remote-User", name), *(("X-Remote-Group", group) for group in groups)]


def who(gateway: Gateway, tls: ssl.SSLContext, namespace: str, headers: Headers) -> str:
    """Whom the gateway takes the sender for, by what it refuses them; empty where it is nobody."""
    path = f"{ROOT}/namespaces/{namespace}/secretslots/not-there/versions"
    answer = ask(gateway, tls, path, headers)
    if answer.code == 401:
        return ""
    assert answer.code == 403, answer
    return str(answer.body["message"]).partition('User "')[2].partition('"')[0]
