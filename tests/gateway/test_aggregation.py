"""Through the real aggregation layer: who the API server says it is, and certificates that change under requests."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import trustme

from testbed.clients.kube import core
from testbed.gateway import API_SERVICE, API_SERVICES, TLS_SECRET
from testbed.wait import eventually
from tests.gateway.asking import Asking, bundle
from tests.gateway.support import ROOT, authority

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.kube import Kube
    from testbed.clients.kubectl import Kubectl
    from testbed.gateway import Gateway


def test_the_api_server_finds_and_serves_it(
    served: Gateway, aggregate: Callable[[Gateway, str], None], namespace: str, kube: Kube, kubectl: Kubectl
) -> None:
    aggregate(served, namespace)
    assert bundle(kube) == authority(kube, namespace)
    raw = kubectl("get", "--raw", ROOT, check=True).json()
    assert {"secretslots/value", "envsecrets/reveal"} <= {item["name"] for item in raw["resources"]}
    path = f"{ROOT}/namespaces/{namespace}/secretslots/not-there/versions"
    refused = kubectl("get", "--raw", path, as_user="dana")
    assert refused.code == 1
    assert "(NotFound)" in kubectl("get", "--raw", path).stderr
    ready = served.readyz()
    assert ready == (200, "[+] certificate: ok\n[+] catalog: ok\n[+] trust: ok\n")


def test_a_bundle_that_was_changed_is_put_right(
    served: Gateway, aggregate: Callable[[Gateway, str], None], namespace: str, kube: Kube
) -> None:
    aggregate(served, namespace)
    good = bundle(kube)
    other = base64.b64encode(trustme.CA().cert_pem.bytes()).decode()
    kube.patch(f"{API_SERVICES}/{API_SERVICE}", {"spec": {"caBundle": other}})
    eventually(lambda: bundle(kube) == good, 40)


def test_certificate_and_authority_change_under_requests(
    gateway: Callable[..., Gateway], aggregate: Callable[[Gateway, str], None], namespace: str, kube: Kube
) -> None:
    lives = ("--tls-lifetime", "12s", "--tls-ca-lifetime", "36s")
    replicas = [gateway(namespace, *lives) for _ in range(2)]
    first = authority(kube, namespace)
    aggregate(replicas[0], namespace)
    started = [each.pid for each in replicas]
    with Asking(kube, replicas, namespace) as asking:

        def changed() -> bool:
            assert not asking.failed
            return len(asking.signers) >= 2 and first not in bundle(kube)

        eventually(changed, 90, message="a new authority signs, and the old one is gone")
    assert asking.failed == []
    assert asking.count > 20
    assert len(asking.leaves) >= 3
    assert [each.pid for each in replicas] == started
    # Both replicas show what the Secret holds.
    held = kube.get(core(namespace, "secrets", TLS_SECRET))
    assert held["type"] == "kubernetes.io/tls"
    for each in replicas:
        assert each.running
        assert '"exception"' not in each.log_text()
        assert "PRIVATE KEY" not in each.log_text()


def test_an_api_service_that_leads_elsewhere_is_left_alone(
    served: Gateway,
    gateway: Callable[..., Gateway],
    aggregate: Callable[[Gateway, str], None],
    namespace: str,
    make_namespace: Callable[..., str],
    kube: Kube,
) -> None:
    aggregate(served, namespace)
    good = bundle(kube)
    other = make_namespace()
    gateway(other)
    first = authority(kube, other)
    # It sees that only after it would have told its own.
    kube.delete(core(other, "secrets", TLS_SECRET))
    eventually(lambda: authority(kube, other) not in (first, good))
    assert bundle(kube) == good
