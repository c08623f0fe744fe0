"""The trust in front proxies follows what the API server publishes, without a restart."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from testbed.clients.kube import core
from testbed.gateway import make_gateway, user_token
from testbed.install import install_shared
from testbed.pki import FRONT_PROXY
from testbed.progress import Reporter
from testbed.session import Endpoints, Session
from testbed.wait import eventually
from tests.gateway.support import ask, authority, bearer, context, front_proxy_context, user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testbed.cluster import Testbed
    from testbed.gateway import Gateway

NAMESPACE = "acme"
PUBLISHED = core("kube-system", "configmaps", "extension-apiserver-authentication")


@pytest.fixture(scope="module")
def own(own_testbed: Testbed) -> Session:
    """The module's own servers: what is changed here holds for all of a cluster."""
    session = Session(Endpoints.of(own_testbed), own_testbed.folder, Reporter(quiet=True), own_testbed)
    install_shared(session)
    session.kube.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    session.kube.create(core(NAMESPACE, "serviceaccounts"), {"metadata": {"name": "client"}})
    return session


@pytest.fixture(scope="module")
def served(own: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway, which is never started again."""
    made = make_gateway(own, NAMESPACE, NAMESPACE, tmp_path_factory.mktemp("gateway")).start()
    yield made
    made.stop()


def publish(own: Session, **changes: Any) -> None:
    """Add to what the API server publishes; it keeps that, and adds its own again."""
    data = {f"requestheader-{key.replace('_', '-')}": each for key, each in changes.items()}
    own.kube.patch(PUBLISHED, {"data": data})


def test_an_authority_and_a_name_are_taken_as_they_are_published(own: Session, served: Gateway) -> None:
    theirs = trustme.CA()
    cadata = authority(own.kube, NAMESPACE)
    good = context(cadata, theirs.issue_cert(common_name=FRONT_PROXY))
    named = context(cadata, theirs.issue_cert(common_name="another-proxy"))
    assert ask(served, good, headers=user("dana")).code == 401
    present = own.kube.get(PUBLISHED)["data"]["requestheader-client-ca-file"]
    publish(own, client_ca_file=present + theirs.cert_pem.bytes().decode())
    eventually(lambda: ask(served, good, headers=user("dana")).code == 200)
    assert ask(served, named, headers=user("dana")).code == 401
    publish(own, allowed_names=json.dumps([FRONT_PROXY, "another-proxy"]))
    eventually(lambda: ask(served, named, headers=user("dana")).code == 200)
    # The API server's own proxy is believed as before.
    assert ask(served, front_proxy_context(cadata, own.testbed.pki), headers=user("dana")).code == 200
    publish(own, client_ca_file=present, allowed_names=json.dumps([FRONT_PROXY]))
    eventually(lambda: ask(served, good, headers=user("dana")).code == 401)
    eventually(lambda: ask(served, named, headers=user("dana")).code == 401)


def test_a_connection_that_was_trusted_is_not_for_ever(own: Session, served: Gateway) -> None:
    theirs = trustme.CA()
    tls = context(authority(own.kube, NAMESPACE), theirs.issue_cert(common_name=FRONT_PROXY))
    present = own.kube.get(PUBLISHED)["data"]["requestheader-client-ca-file"]
    publish(own, client_ca_file=present + theirs.cert_pem.bytes().decode())
    eventually(lambda: ask(served, tls, headers=user("dana")).code == 200)
    connection = http.client.HTTPSConnection("localhost", served.port, context=tls, timeout=20)

    def code() -> int:
        connection.request("GET", "/apis", headers=dict(user("dana")))
        answer = connection.getresponse()
        answer.read()
        return answer.status

    assert code() == 200
    opened = connection.sock
    publish(own, client_ca_file=present)
    eventually(lambda: code() == 401)
    assert connection.sock is opened


def test_nobody_is_trusted_while_it_may_not_be_read(own: Session, served: Gateway) -> None:
    tls = front_proxy_context(authority(own.kube, NAMESPACE), own.testbed.pki)
    assert ask(served, tls, headers=user("dana")).code == 200
    bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings"
    name = f"slotwarden-gateway.{NAMESPACE}.authentication-reader"
    binding = own.kube.get(f"{bindings}/{name}")
    own.kube.delete(f"{bindings}/{name}")

    def told() -> bool:
        code, text = served.readyz()
        assert code == 503
        return "[-] trust: the API server answered 403 to list configmaps" in text

    # The watch that is open goes on until it ends by itself.
    eventually(told, 60)
    assert ask(served, tls, headers=user("dana")).code == 401
    token = user_token(own.kube, NAMESPACE, "client")
    assert ask(served, tls, headers=[*user("dana"), bearer(token)]).code == 200
    metadata = {"name": name}
    own.kube.create(bindings, {"metadata": metadata, "roleRef": binding["roleRef"], "subjects": binding["subjects"]})
    eventually(lambda: ask(served, tls, headers=user("dana")).code == 200)
    assert served.readyz()[0] == 200


def test_what_was_published_holds_while_the_api_server_is_started_again(
    own: Session, own_testbed: Testbed, served: Gateway
) -> None:
    tls = front_proxy_context(authority(own.kube, NAMESPACE), own.testbed.pki)
    own_testbed.apiserver.stop()
    try:
        eventually(lambda: "[!] trust: the API server answered nothing" in served.readyz()[1])
        assert served.readyz()[0] == 200
        # Discovery needs no answer of the API server.
        assert ask(served, tls, headers=user("dana")).code == 200
        path = f"/apis/values.slotwarden.io/v1beta1/namespaces/{NAMESPACE}/secretslots/one/versions"
        away = ask(served, tls, path, user("dana"))
        assert (away.code, away.body["reason"]) == (503, "ServiceUnavailable")
        assert int(away.headers["retry-after"]) > 0
    finally:
        own_testbed.apiserver.start()
    eventually(lambda: served.readyz() == (200, "[+] certificate: ok\n[+] catalog: ok\n[+] trust: ok\n"), 60)
    assert '"exception"' not in served.log_text()
