from __future__ import annotations

import gc
import secrets
import socket
import ssl
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import trustme

from testbed.wait import eventually
from tests.unit.gateway.serving import LOOPS, client_context, connect, pair, post, read_all, serving

if TYPE_CHECKING:
    from pathlib import Path

AUTHORITY = trustme.CA()
STRANGERS = trustme.CA()

pytestmark = pytest.mark.parametrize("kind", sorted(LOOPS))


def test_without_a_certificate_a_request_is_served(kind: str) -> None:
    with serving(kind, pair(AUTHORITY)) as server:
        assert post(connect(server.port, client_context(AUTHORITY)), b"").endswith(b"\r\n\r\nok")
        assert [*server.seen[0].chain] == []
        assert server.seen[0].getpeercert() is None


def test_a_certificate_that_nobody_knows_reaches_the_request_with_its_chain(kind: str) -> None:
    between = STRANGERS.create_child_ca()
    leaf = between.issue_cert(common_name="stranger")
    with serving(kind, pair(AUTHORITY)) as server:
        assert post(connect(server.port, client_context(AUTHORITY, leaf)), b"").endswith(b"ok")
        first, second = server.seen[0].chain
        assert first.subject.rfc4514_string().startswith("CN=stranger")
        assert first.issuer == second.subject
        assert server.seen[0].getpeercert() == {}


def test_a_certificate_that_cannot_be_read_is_none(kind: str, tmp_path: Path) -> None:
    stranger = STRANGERS.issue_cert(common_name="stranger")
    certificate = ssl.PEM_cert_to_DER_cert(stranger.cert_chain_pems[0].bytes().decode())
    # OpenSSL reads an X.509 of a version that does not exist; `cryptography` does not.
    third, tenth = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"
    assert third in certificate
    spoiled = ssl.DER_cert_to_PEM_cert(certificate.replace(third, tenth, 1)).encode()
    (tmp_path / "spoiled.pem").write_bytes(stranger.private_key_pem.bytes() + spoiled)
    context = client_context(AUTHORITY)
    context.load_cert_chain(tmp_path / "spoiled.pem")
    with serving(kind, pair(AUTHORITY)) as server:
        assert post(connect(server.port, context), b"").endswith(b"ok")
        assert [*server.seen[0].chain] == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_is_agreed_on(kind: str, version: ssl.TLSVersion) -> None:
    context = client_context(AUTHORITY)
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with serving(kind, pair(AUTHORITY)) as server:
        connection = connect(server.port, context)
        assert connection.version() == {version.TLSv1_2: "TLSv1.2"}.get(version, "TLSv1.3")
        assert connection.selected_alpn_protocol() == "http/1.1"
        cipher = connection.cipher()
        assert post(connection, b"").endswith(b"ok")
        assert server.seen[0].cipher() == cipher


def test_old_versions_are_refused(kind: str) -> None:
    context = client_context(AUTHORITY)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with serving(kind, pair(AUTHORITY)) as server:
        with pytest.raises(OSError, match=r"(?i)protocol|alert|version|eof|reset"):
            connect(server.port, context)
        assert post(connect(server.port, client_context(AUTHORITY)), b"").endswith(b"ok")


def test_large_bodies_go_both_ways_at_once(kind: str) -> None:
    bodies = [secrets.token_bytes(3 * 2**20 + number) for number in range(4)]
    with serving(kind, pair(AUTHORITY)) as server, ThreadPoolExecutor(4) as pool:
        context = client_context(AUTHORITY)
        answers = pool.map(lambda body: post(connect(server.port, context), body), bodies)
        for body, answer in zip(bodies, answers, strict=True):
            assert answer.endswith(body)


def test_a_slow_reader_gets_all_of_it(kind: str) -> None:
    body = secrets.token_bytes(8 * 2**20)
    with serving(kind, pair(AUTHORITY)) as server:
        connection = connect(server.port, client_context(AUTHORITY))
        with ThreadPoolExecutor(1) as pool:
            head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            sent = pool.submit(connection.sendall, head.encode() + body)
            sent.result()
        parts = []
        while part := connection.recv(1024):
            parts.append(part)
        assert b"".join(parts).endswith(body)


def test_many_requests_on_one_connection(kind: str) -> None:
    with serving(kind, pair(AUTHORITY)) as server:
        connection = connect(server.port, client_context(AUTHORITY))
        for number in range(20):
            body = f"body {number}".encode()
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            answer = b""
            while not answer.endswith(body):
                answer += connection.recv(4096)
        assert len(server.seen) == 20


def test_a_client_that_ends_its_side_still_gets_its_answer_or_an_end(kind: str) -> None:
    with serving(kind, pair(AUTHORITY)) as server:
        connection = connect(server.port, client_context(AUTHORITY))
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n12")
        raw = connection.unwrap()
        raw.close()
        assert post(connect(server.port, client_context(AUTHORITY)), b"").endswith(b"ok")
        assert server.failed == []


def test_the_server_ends_a_connection_in_order(kind: str) -> None:
    with serving(kind, pair(AUTHORITY)) as server:
        connection = connect(server.port, client_context(AUTHORITY))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        # A close_notify, or `recv` would raise.
        assert read_all(connection).endswith(b"ok")


@pytest.mark.parametrize("moment", ["handshake", "headers", "body"])
def test_an_aborted_connection_harms_no_other(kind: str, moment: str) -> None:
    with serving(kind, pair(AUTHORITY)) as server:
        raw = socket.create_connection(("127.0.0.1", server.port))
        if moment != "handshake":
            tls = client_context(AUTHORITY).wrap_socket(raw, server_hostname="localhost")
            tls.sendall(
                b"POST / HTTP/1.1\r\nHost: x\r\n" + (b"Content-Length: 9\r\n\r\n12" if moment == "body" else b"")
            )
            raw = tls
        else:
            raw.sendall(b"\x16\x03\x01")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()
        assert post(connect(server.port, client_context(AUTHORITY)), b"").endswith(b"ok")
        assert server.failed == []


def test_what_is_no_tls_is_ended(kind: str) -> None:
    with serving(kind, pair(AUTHORITY)) as server:
        raw = socket.create_connection(("127.0.0.1", server.port), 20)
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            while raw.recv(1024):
                pass
        except ConnectionError:
            pass
        assert server.seen == []
        assert server.failed == []


def test_a_handshake_that_does_not_go_on_is_ended(kind: str) -> None:
    with serving(kind, pair(AUTHORITY), handshake=0.2) as server:
        raw = socket.create_connection(("127.0.0.1", server.port), 20)
        assert raw.recv(1) == b""
        assert server.seen == []


def test_a_new_certificate_is_for_new_connections(kind: str) -> None:
    other = trustme.CA()
    with serving(kind, pair(AUTHORITY)) as server:
        old = connect(server.port, client_context(AUTHORITY))
        server.context.use(pair(other))
        assert post(connect(server.port, client_context(other)), b"").endswith(b"ok")
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(server.port, client_context(AUTHORITY))
        assert post(old, b"").endswith(b"ok")


def test_a_key_of_another_certificate_is_refused_and_the_last_one_stays(kind: str) -> None:
    good, other = pair(AUTHORITY), pair(AUTHORITY)
    with serving(kind, good) as server:
        with pytest.raises(ValueError, match="the key is not that of the certificate"):
            server.context.use(type(good)(good.certificate, other.key))
        assert post(connect(server.port, client_context(AUTHORITY)), b"").endswith(b"ok")


def test_a_session_is_not_resumed(kind: str) -> None:
    context = client_context(AUTHORITY, STRANGERS.issue_cert(common_name="stranger"))
    with serving(kind, pair(AUTHORITY)) as server:
        first = connect(server.port, context)
        assert post(first, b"").endswith(b"ok")
        raw = socket.create_connection(("127.0.0.1", server.port), 20)
        second = context.wrap_socket(raw, server_hostname="localhost", session=first.session)
        assert not second.session_reused
        assert post(second, b"").endswith(b"ok")
        assert len(server.seen[1].chain) == 1


@pytest.mark.parametrize("sent", [b"", b"no TLS at all"], ids=["silent", "broken"])
def test_connections_that_shake_hands_take_places_as_long_as_they_do(kind: str, sent: bytes) -> None:
    """A protocol hears nothing of a handshake that does not end well: its place must be free again all the same."""
    context = client_context(AUTHORITY)
    with serving(kind, pair(AUTHORITY), connections=3) as server:
        kept = connect(server.port, context)
        waiting = [socket.create_connection(("127.0.0.1", server.port), 20) for _ in range(2)]
        for _ in range(2):
            with pytest.raises(OSError):  # noqa: PT011  # told as an end or as a reset, by either side's timing
                connect(server.port, context)
        for raw in waiting:
            raw.sendall(sent)
            raw.close()

        def served() -> bytes:
            if kind == "asyncio":
                # It leaves them in a cycle, where uvloop, which the gateway runs on, frees them at once.
                gc.collect()
            return post(connect(server.port, context), b"later")

        eventually(served)
        assert post(kept, b"kept").endswith(b"kept")
        assert server.failed == []


def test_a_connection_too_many_is_ended_and_leaves_the_others(kind: str) -> None:
    context = client_context(AUTHORITY)
    with serving(kind, pair(AUTHORITY), connections=2) as server:
        kept = [connect(server.port, context) for _ in range(2)]
        with pytest.raises(OSError):  # noqa: PT011
            connect(server.port, context)
        assert [post(each, b"kept")[-4:] for each in kept] == [b"kept"] * 2
        for each in kept:
            # The server would wait for their end for half a minute.
            each.close()
        eventually(lambda: post(connect(server.port, context), b"later"))
        assert server.failed == []
