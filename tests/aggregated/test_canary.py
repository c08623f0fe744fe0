"""Known values go through every door of the values API, the wrong ones too, and are then looked for everywhere."""

from __future__ import annotations

import base64
import http.client
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.aggregated.accounts import WAYS, Account
from tests.aggregated.kinds import KINDS, body_of, declare, of_kind
from tests.aggregated.users import ROOT, rule
from tests.e2e.places import all_places
from tests.e2e.support import registry
from tests.gateway.support import authority, bearer, context
from tests.support.leaks import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testbed.gateway import Gateway
    from tests.e2e.support import Json, Organization

WHAT = ("value", "reveal", "rollback", "versions")


def canary() -> str:
    return f'c"&<ü/+ Canary{secrets.token_hex(12)} ~\\>z'


@pytest.fixture
def everyone(org: Organization, gateway: Gateway, tmp_path: Path) -> Account:
    """Somebody who may do all that there is to do with values."""
    resources = [f"{kind}/{what}" for kind in KINDS for what in WHAT]
    return Account.made(org, gateway, tmp_path, rule(*resources, verbs=("create", "get")), label="everyone")


def test_no_value_is_left_by_any_door(org: Organization, gateway: Gateway, everyone: Account) -> None:
    values: list[str] = []

    def value() -> str:
        values.append(canary())
        return values[-1]

    org.barrier()
    kube, vault = org.mark(), org.session.vault_audit.mark()
    for kind in KINDS:
        for way in WAYS:
            path = f"{kind}/canary-{way}"
            declare(org, kind, f"canary-{way}")
            for _ in range(2):
                assert everyone.ask(way, f"{path}/value", body_of(kind, value())).reason == ""
            # These are the doors that a value comes out of.
            assert find(values[-1], {"": everyone.ask(way, f"{path}/reveal", {}).text})
            assert everyone.ask(way, f"{path}/rollback", {"version": 1}).reason == ""
            assert everyone.ask(way, f"{path}/versions").reason == ""
            assert everyone.ask(way, f"{path}/value?dryRun=All", body_of(kind, value())).reason == ""
    encoded = base64.b64encode(value().encode()).decode()
    assert everyone.ask("token", "envsecrets/canary-token/value", {"valueBase64": encoded}).reason == ""
    said = wrong(org, everyone, value())
    for kind in KINDS:
        for way in WAYS:
            of_kind(org, kind).ready(f"canary-{way}")
    org.barrier()
    places = {**all_places(of_kind(org, "secretslots"), kube, vault, set(), set()), **process(gateway), **said}
    assert any("secretslots/canary-kubectl/value" in place for place in places)
    assert any(place.endswith("/envsecrets/canary-token") for place in places)
    assert any("/events/" in place for place in places)
    assert '"logger": "slotwarden.audit"' in str(places["the gateway's log"])
    assert [leak for each in values for leak in find(each, places)] == []


def wrong(org: Organization, everyone: Account, value: str) -> dict[str, str]:
    """What is said to values in wrong places; all of it is refused."""
    declare(org, "envsecrets", "wrong")
    org.create("wrong", registry())
    said: dict[str, str] = {}
    for kind in KINDS:
        for number, body in enumerate(wrong_bodies(kind, value)):
            for way in WAYS:
                answer = everyone.ask(way, f"{kind}/wrong/value", body)
                assert answer.reason in ("BadRequest", "Invalid"), (kind, number, way, answer.reason)
                said[f"{kind}, body {number}, {way}"] = answer.text
    for number, (method, path, headers, raw) in enumerate(wrong_requests(org, value)):
        code, text = send(everyone, method, path, headers, raw)
        assert 400 <= code < 500, (number, code, text)
        said[f"request {number}"] = text
    said["no HTTP"] = speak(everyone, f"{value}\r\n\r\n".encode())
    return said


def wrong_bodies(kind: str, value: str) -> Iterator[Json]:
    """Values where they do not belong."""
    for field in ("apiVersion", "kind", "expectedVersion", "requestID", value):
        yield {**body_of(kind, "x"), field: value}
    yield {"metadata": {"annotations": {"a": value}}, **body_of(kind, "x")}
    yield {"value": {"value": value}, "password": [value]}
    if kind == "secretslots":
        for field in ("token", "value", "valueBase64", "serverAddress", "url"):
            yield {**body_of(kind, "x"), field: value}
        yield {"username": value, "password": value}
        yield {"username": "bot", "password": f"{value}\n"}
    else:
        yield {"valueBase64": value}
        yield {"value": value, "valueBase64": value}
        yield {"password": value, "username": value}


def wrong_requests(org: Organization, value: str) -> Iterator[tuple[str, str, list[tuple[str, str]], bytes]]:
    """Values in paths, queries, headers and bodies that are no JSON, at the gateway itself."""
    quoted = "".join(f"%{byte:02X}" for byte in value.encode())
    namespace = f"{ROOT}/namespaces/{org.namespace}"
    path, good = f"{namespace}/envsecrets/wrong/value", b'{"value":"x"}'
    named = value.encode().decode("latin-1")
    for tried in (f"{namespace}/envsecrets/{quoted}/value", f"{namespace}/envsecrets/wrong/{quoted}", f"/{quoted}"):
        yield "POST", tried, [], good
    yield "POST", f"{ROOT}/namespaces/{quoted}/envsecrets/wrong/value", [], good
    yield "POST", f"{path}?dryRun={quoted}", [], good
    yield "GET", f"{path}?value={quoted}", [], b""
    for name in ("Content-Type", "Content-Encoding"):
        yield "POST", path, [(name, named)], good
    yield "POST", path, [("Expect", named)], good
    for text in (value, f'{{"value":"{value}', f'["{value}"]', f'"{value}"', f'{{"value":"{value}"}} {value}'):
        yield "POST", path, [], text.encode()
    yield "POST", path, [], b'{"value":"\xff' + value.encode("utf-16") + b'"}'


def send(everyone: Account, method: str, path: str, headers: list[tuple[str, str]], raw: bytes) -> tuple[int, str]:
    """Code and all of an answer, with its headers."""
    org = everyone.org
    tls = context(authority(org.kube, org.namespace))
    connection = http.client.HTTPSConnection("localhost", everyone.gateway.port, context=tls, timeout=20)
    try:
        connection.putrequest(method, path)
        for name, text in (bearer(everyone.token()), *headers, ("Content-Length", str(len(raw)))):
            connection.putheader(name, text.encode("latin-1"))
        connection.endheaders(raw)
        response = connection.getresponse()
        return response.status, f"{response.reason} {response.getheaders()} {response.read().decode()}"
    finally:
        connection.close()


def speak(everyone: Account, raw: bytes) -> str:
    """What is answered to bytes that are no HTTP."""
    org = everyone.org
    tls = context(authority(org.kube, org.namespace))
    with (
        socket.create_connection(("127.0.0.1", everyone.gateway.port), 20) as plain,
        tls.wrap_socket(plain, server_hostname="localhost") as made,
    ):
        made.sendall(raw)
        return made.recv(65536).decode(errors="replace")


def process(gateway: Gateway) -> dict[str, Any]:
    """What the gateway's process shows to the outside."""
    pid = gateway.pid
    return {
        "the gateway's log": gateway.log_text(),
        "the gateway's metrics": gateway.metrics().text,
        "the gateway's readyz": gateway.readyz()[1],
        "the gateway's arguments": Path(f"/proc/{pid}/cmdline").read_bytes(),
        "the gateway's environment": Path(f"/proc/{pid}/environ").read_bytes(),
    }


def test_what_the_gateway_tells_would_be_found(org: Organization, gateway: Gateway, everyone: Account) -> None:
    """The name of a user is told, where a value would be too."""
    declare(org, "envsecrets", "told")
    assert everyone.ask("kubectl", "envsecrets/told/value", {"value": "first"}).reason == ""
    assert {leak.where for leak in find(everyone.user, process(gateway))} == {"the gateway's log"}
