"""The gateway as a process: what it tells of itself, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from testbed.ports import free_ports
from testbed.program import PROGRAM
from testbed.wait import eventually
from tests.gateway.support import ROOT, ask, front_proxy_context, user

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.kube import Kube
    from testbed.gateway import Gateway
    from testbed.pki import Pki
    from testbed.session import Session


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_stop_lets_a_running_request_end(served: Gateway, cadata: str, pki: Pki, namespace: str) -> None:
    tls = front_proxy_context(cadata, pki)
    raw = socket.create_connection(("127.0.0.1", served.port), 20)
    connection = tls.wrap_socket(raw, server_hostname="localhost")
    head = (
        f"POST {ROOT}/namespaces/{namespace}/secretslots/not-there/reveal HTTP/1.1\r\nHost: localhost\r\n"
        "X-Remote-User: dana\r\nX-Remote-Group: system:masters\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    connection.sendall(head.encode())
    # The gateway reads the body now: who asks and what they may do is settled.
    assert connection.recv(1024).startswith(b"HTTP/1.1 100")
    connection.sendall(b"{")
    served.signal(signal.SIGTERM)
    port = served.port
    eventually(lambda: refused(port), message="it takes no more connections")
    assert "[-] process: it stops" in served.readyz()[1]
    connection.sendall(b"}")
    answer = b""
    while part := connection.recv(4096):
        answer += part
    assert answer.startswith(b"HTTP/1.1 404")
    assert served.wait_end() == 0
    assert '"exception"' not in served.log_text()


def test_a_stop_does_not_wait_for_idle_connections(served: Gateway, cadata: str, pki: Pki) -> None:
    raw = socket.create_connection(("127.0.0.1", served.port), 20)
    connection = front_proxy_context(cadata, pki).wrap_socket(raw, server_hostname="localhost")
    served.signal(signal.SIGTERM)
    assert served.wait_end(15) == 0
    assert connection.recv(1) == b""


def test_it_counts_its_requests(served: Gateway, cadata: str, pki: Pki) -> None:
    assert ask(served, front_proxy_context(cadata, pki), headers=user("dana")).code == 200
    found = served.metrics()
    assert found.value("slotwarden_kubernetes_requests_total", resource="configmaps") >= 1
    assert found.value("slotwarden_vault_up") == 1
    assert found.value("slotwarden_kubernetes_up") == 1
    assert found.value("slotwarden_gateway_ready") == 1


def test_its_log_is_json_of_one_line_each(served: Gateway) -> None:
    served.stop()
    for line in served.log_text().splitlines():
        assert {"event", "level", "logger", "timestamp"} <= json.loads(line).keys()


def test_it_tells_that_vault_is_away_and_serves_on(
    gateway: Callable[..., Gateway], namespace: str, pki: Pki, kube: Kube
) -> None:
    made = gateway(namespace, start=False)
    made.env["VAULT_ADDR"] = f"https://127.0.0.1:{free_ports(1)[0]}"
    made.start()
    eventually(lambda: "[!] vault: Vault could not be reached" in made.readyz()[1])
    assert made.readyz()[0] == 200
    assert made.metrics().value("slotwarden_vault_up") == 0


def test_it_is_not_ready_while_nobody_can_be_trusted(
    gateway: Callable[..., Gateway], namespace: str, installed: Session
) -> None:
    made = gateway(namespace, start=False)
    good = made.env["KUBECONFIG"]
    config = json.loads(Path(good).read_text())
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{free_ports(1)[0]}"
    Path(f"{good}.away").write_text(json.dumps(config))
    made.env["KUBECONFIG"] = f"{good}.away"
    made.start(wait=False)

    def told() -> bool:
        code, text = made.readyz()
        assert code == 503
        assert "[-] certificate: " in text
        return "[-] trust: the API server answered nothing to list configmaps" in text

    eventually(told)
    assert made.healthz() == (200, "ok\n")
    assert made.metrics().value("slotwarden_gateway_ready") == 0
    made.signal(signal.SIGTERM)
    assert made.wait_end() == 0


def test_a_port_of_grpc_that_is_taken_is_named(gateway: Callable[..., Gateway], namespace: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        # Without the words that ask for a free one.
        made = gateway(namespace, start=False)
        made.ports_asked = tuple(word for word in made.ports_asked if word != "--grpc-port")
        made._arguments += ["--grpc-port", str(port)]
        made.start(wait=False)
        assert made.wait_end() == 1
    assert f"--grpc-port: cannot listen on 127.0.0.1:{port}: the address cannot be had" in made.log_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tls-cert-file", "x"], "--tls-cert-file and --tls-key-file belong together"),
        (["--tls-lifetime", "soon"], "--tls-lifetime: write a duration"),
        (["--service-name", "Not_One"], "--service-name: 'Not_One'"),
        (["--vault-prefix", "../other"], "--vault-prefix: "),
        (["--max-requests", "0"], "--max-requests"),
    ],
)
def test_a_wrong_setting_is_named(arguments: list[str], words: str) -> None:
    env = {"PATH": os.environ["PATH"], "VAULT_TOKEN": "unused", "KUBECONFIG": "/does/not/exist"}
    done = subprocess.run(
        [PROGRAM, "gateway", *arguments], capture_output=True, text=True, check=False, env=env, timeout=30
    )
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
