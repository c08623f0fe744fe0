"""Where the gateway's certificate comes from: made by whichever replica is first, or read from files."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from slotwarden.gateway.serving import pem
from slotwarden.gateway.serving.certificates import Lives, make
from testbed.clients.kube import core
from testbed.gateway import TLS_SECRET
from testbed.wait import eventually
from tests.gateway.asking import shown
from tests.gateway.support import authority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from testbed.clients.kube import Kube
    from testbed.gateway import Gateway
    from testbed.session import Session


def test_replicas_that_start_at_once_make_one_authority(
    gateway: Callable[..., Gateway], namespace: str, kube: Kube, installed: Session
) -> None:
    since = installed.kube_audit.mark()
    replicas = [gateway(namespace, start=False) for _ in range(3)]
    for each in replicas:
        each.start(wait=False)
    for each in replicas:
        each.wait_ready()
    cadata = authority(kube, namespace)
    leaves = {shown(each.port, cadata, "localhost").serial_number for each in replicas}
    assert len(leaves) == 1
    made = installed.kube_audit.events(since=since, namespace=namespace, resource="secrets", verbs={"create"})
    assert [event["responseStatus"]["code"] for event in made].count(201) == 1
    assert installed.kube_audit.events(since=since, namespace=namespace, resource="secrets", verbs={"patch"}) == []


def test_a_replica_that_starts_later_shows_the_same(
    gateway: Callable[..., Gateway], namespace: str, kube: Kube
) -> None:
    first = gateway(namespace)
    cadata = authority(kube, namespace)
    second = gateway(namespace)
    assert authority(kube, namespace) == cadata
    assert shown(first.port, cadata, "localhost") == shown(second.port, cadata, "localhost")
    first.restart()
    assert shown(first.port, cadata, "localhost") == shown(second.port, cadata, "localhost")


def test_a_secret_that_was_spoiled_or_deleted_is_made_anew(served: Gateway, namespace: str, kube: Kube) -> None:
    before = authority(kube, namespace)
    path = core(namespace, "secrets", TLS_SECRET)
    kube.patch(path, {"data": {"signer.key": base64.b64encode(b"spoiled").decode()}})
    eventually(lambda: authority(kube, namespace) != before)
    spoiled = authority(kube, namespace)
    eventually(lambda: shown(served.port, spoiled, "localhost"))
    kube.delete(path)
    eventually(lambda: authority(kube, namespace) != spoiled)
    eventually(lambda: shown(served.port, authority(kube, namespace), "localhost"))


@pytest.mark.parametrize("like", ["others", "the gateway's"])
def test_a_secret_of_somebody_else_is_left_alone(
    gateway: Callable[..., Gateway], namespace: str, kube: Kube, like: str
) -> None:
    theirs = trustme.CA().issue_cert("localhost")
    data = {
        "tls.crt": base64.b64encode(theirs.cert_chain_pems[0].bytes()).decode(),
        "tls.key": base64.b64encode(theirs.private_key_pem.bytes()).decode(),
    }
    if like == "the gateway's":
        material = pem.data(make(["localhost"], Lives(), datetime.now(UTC)))
        data = {name: base64.b64encode(part.reveal()).decode() for name, part in material.items()}
    manifest = {"metadata": {"name": TLS_SECRET}, "type": "kubernetes.io/tls", "data": data}
    kube.create(core(namespace, "secrets"), manifest)
    made = gateway(namespace, start=False).start(wait=False)

    def told() -> bool:
        code, text = made.readyz()
        assert code == 503
        return f"[-] certificate: the Secret {namespace}/{TLS_SECRET} is not the gateway's" in text

    eventually(told)
    assert kube.get(core(namespace, "secrets", TLS_SECRET))["data"] == data


def test_a_certificate_from_files_is_read_again_when_it_changes(
    gateway: Callable[..., Gateway], namespace: str, kube: Kube, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"

    def write(made: trustme.LeafCert) -> None:
        key.write_bytes(made.private_key_pem.bytes())
        certificate.write_bytes(b"".join(part.bytes() for part in made.cert_chain_pems))

    first, second = trustme.CA(), trustme.CA()
    write(first.create_child_ca().issue_cert("localhost"))
    served = gateway(namespace, "--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    assert shown(served.port, first.cert_pem.bytes().decode(), "localhost")
    certificate.write_bytes(b"half")
    eventually(lambda: "[!] certificate: " in served.readyz()[1])
    assert served.readyz()[0] == 200
    assert shown(served.port, first.cert_pem.bytes().decode(), "localhost")
    write(second.issue_cert("localhost"))
    leaf = eventually(lambda: shown(served.port, second.cert_pem.bytes().decode(), "localhost"))
    end = served.metrics().value("slotwarden_gateway_certificate_end_timestamp_seconds")
    assert end == leaf.not_valid_after_utc.timestamp()
    eventually(lambda: "certificate: ok" in served.readyz()[1])
    assert kube.find(core(namespace, "secrets", TLS_SECRET)) is None


def test_files_that_are_not_there_are_told(gateway: Callable[..., Gateway], namespace: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "tls.crt")
    made = gateway(namespace, "--tls-cert-file", missing, "--tls-key-file", missing, start=False).start(wait=False)
    eventually(lambda: f"[-] certificate: {missing}" in made.readyz()[1])
    with pytest.raises(OSError, match=r"(?i)eof|reset|alert|closed"):
        shown(made.port, trustme.CA().cert_pem.bytes().decode(), "localhost")
    assert '"exception"' not in made.log_text()
