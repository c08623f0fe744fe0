"""Connections: how many, for how long, whom they trust, and what happens when one breaks."""

from __future__ import annotations

import asyncio
import logging
import ssl
import traceback
from typing import TYPE_CHECKING

import pytest
import trustme

from slotwarden.sensitive import Sensitive
from slotwarden.vault.errors import VaultUnavailable
from testbed.wait import eventually_async

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slotwarden.vault.kv import VaultKV
    from tests.unit.vault.server import Server

CANARY = "c4n4ry"


async def test_no_more_requests_run_at_one_time_than_there_may_be_connections(
    server: Server, reach: Callable[..., VaultKV]
) -> None:
    kv = reach(connections=3)
    server.held.clear()
    reads = [asyncio.create_task(kv.read("a")) for _ in range(12)]
    await came(server, 3)
    server.held.set()
    await asyncio.gather(*reads, return_exceptions=True)
    assert (len(server.seen), server.most) == (12, 3)


async def test_waiting_for_a_connection_uses_up_no_time_out(server: Server, reach: Callable[..., VaultKV]) -> None:
    kv = reach(connections=1, request_timeout=0.5)
    server.status = 404
    await kv.read("a")
    server.held.clear()
    first, second = (asyncio.create_task(kv.read("a")) for _ in range(2))
    with pytest.raises(VaultUnavailable, match="did not answer in time"):
        await first
    server.held.set()
    assert await second is None


class Stopped(Exception):
    """Writes may no longer begin."""


async def test_a_write_is_asked_for_right_before_it_is_sent(server: Server, reach: Callable[..., VaultKV]) -> None:
    stopped = False

    def may_write() -> None:
        if stopped:
            raise Stopped

    kv = reach(connections=1, before_write=may_write)
    server.status = 404
    await kv.read("a")
    server.held.clear()
    read = asyncio.create_task(kv.read("a"))
    writes = [
        asyncio.create_task(write)
        for write in (
            kv.write("a", {"x": Sensitive(b"1")}, cas=0),
            kv.write_custom_metadata("a", {}),
            kv.soft_delete("a", [1]),
            kv.undelete("a", [1]),
            kv.destroy("a", [1]),
            kv.purge("a"),
        )
    ]
    await came(server, 2)
    stopped = True
    server.held.set()
    assert await read is None
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Stopped] * len(writes)
    assert await kv.list("a") == []
    assert {method for method, _, _ in server.seen} == {"GET"}


async def test_a_cancelled_request_leaves_its_place(server: Server, reach: Callable[..., VaultKV]) -> None:
    kv = reach(connections=1)
    server.status = 404
    server.held.clear()
    first = asyncio.create_task(kv.read("a"))
    await came(server, 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    server.held.set()
    assert await kv.read("a") is None


async def test_closing_lets_running_requests_end(server: Server, reach: Callable[..., VaultKV]) -> None:
    kv = reach()
    server.status = 404
    server.held.clear()
    running = asyncio.create_task(kv.read("a"))
    await came(server, 1)
    closing = asyncio.create_task(kv.close())
    for _ in range(10):
        # Turns of the loop, in which a close that does not wait would cut the connection.
        await asyncio.sleep(0)
    server.held.set()
    await closing
    assert running.done()
    assert await running is None


@pytest.mark.parametrize("request_", ["write", "purge"])
async def test_a_write_whose_connection_breaks_is_not_repeated(
    server: Server, reach: Callable[..., VaultKV], request_: str
) -> None:
    kv = reach(connections=1)
    server.status = 404
    await kv.read("a")
    server.seen.clear()
    server.drops = 1
    requests = {
        "write": kv.write("a", {"a": Sensitive(b"1")}, cas=0),
        "purge": kv.purge("a"),
    }
    wanted = requests.pop(request_)
    for other in requests.values():
        other.close()
    with pytest.raises(VaultUnavailable, match="could not be reached"):
        await wanted
    assert len(server.seen) == 1
    assert await kv.read("a") is None


async def test_a_connection_that_closes_after_its_answer_is_not_used_again(
    server: Server, reach: Callable[..., VaultKV]
) -> None:
    kv = reach(connections=1)
    server.status, server.headers = 404, {"Connection": "close"}
    for _ in range(5):
        assert await kv.read("a") is None


async def test_a_token_that_cannot_be_a_header_is_not_shown(server: Server, reach: Callable[..., VaultKV]) -> None:
    with pytest.raises(VaultUnavailable) as caught:
        await reach(token=Sensitive.of_text(f"{CANARY}\r\nX-More: 1")).read("a")
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert server.seen == []


async def test_a_ca_file_is_read_again_when_it_was_replaced(
    server: Server, reach: Callable[..., VaultKV], tmp_path: Path
) -> None:
    authority, other, ca = trustme.CA(), trustme.CA(), tmp_path / "ca.pem"
    speak_tls(server, authority.issue_cert("127.0.0.1"))
    server.status = 404
    other.cert_pem.write_to_path(str(ca))
    kv = reach("https", ca=str(ca))
    with pytest.raises(VaultUnavailable, match=r"was not trusted for .*: unable to get local issuer certificate$"):
        await kv.read("a")
    authority.cert_pem.write_to_path(str(ca))
    assert await kv.read("a") is None
    assert await kv.read("a") is None


async def test_a_certificate_for_another_name_is_told(
    server: Server, reach: Callable[..., VaultKV], tmp_path: Path
) -> None:
    authority = trustme.CA()
    speak_tls(server, authority.issue_cert("vault.example"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with pytest.raises(VaultUnavailable, match=r"IP address mismatch, certificate is not valid for '127.0.0.1'"):
        await reach("https", ca=str(tmp_path / "ca.pem")).read("a")


async def test_authorities_of_the_environment_are_not_trusted(
    server: Server, reach: Callable[..., VaultKV], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    speak_tls(server, authority.issue_cert("127.0.0.1"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    with pytest.raises(VaultUnavailable, match="was not trusted"):
        await reach("https").read("a")
    assert not (tmp_path / "keys").exists()


async def test_an_address_without_tls_is_told(reach: Callable[..., VaultKV]) -> None:
    with pytest.raises(VaultUnavailable, match="the address speaks no TLS"):
        await reach("https").read("a")


@pytest.mark.parametrize("content", [None, "", "no certificate"])
async def test_an_unreadable_ca_file_is_told(
    reach: Callable[..., VaultKV], tmp_path: Path, content: str | None
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("")
    kv = reach("https", ca=str(ca))
    if content is None:
        ca.unlink()
    else:
        ca.write_text(content)
    with pytest.raises(VaultUnavailable, match="the CA file cannot be read"):
        await kv.read("a")


async def test_no_log_holds_a_value_or_token(
    server: Server, reach: Callable[..., VaultKV], caplog: pytest.LogCaptureFixture
) -> None:
    """Even where everything is logged and the loop debugs."""
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    value = {"a": Sensitive.of_text(CANARY)}
    server.body = b'{"data": {"version": 1, "created_time": "now"}}'
    kv = reach(request_timeout=0.5)
    await kv.write("a", value, cas=0)
    server.drops = 1
    with pytest.raises(VaultUnavailable):
        await kv.write("a", value, cas=0)
    server.held.clear()
    with pytest.raises(VaultUnavailable):
        await kv.write("a", value, cas=0)
    assert [body for body in server.bodies if CANARY.encode() not in body] == []
    assert CANARY not in caplog.text
    assert "t0ken" not in caplog.text


async def came(server: Server, requests: int) -> None:
    await eventually_async(lambda: len(server.seen) >= requests, interval=0.01)


def speak_tls(server: Server, certificate: trustme.LeafCert) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
