"""What is no request, or hardly one, over HTTP: an answer, never a failure, and nothing of it told or logged."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.published.support import EVERYTHING, Api, User
from tests.published.there import KEY, There
from tests.published.wire import PATIENCE, Fuzz
from tests.support.mutants import bodies, mutated

if TYPE_CHECKING:
    from testbed.gateway import Gateway
    from testbed.operator import Operator
    from testbed.session import Session

EXAMPLES: Final = 60
VALUES: Final = "/apis/values.slotwarden.io/v1beta1"
JSON: Final = (b"Content-Type", b"application/json")
TYPES: Final = [
    *(b"application/json", b"application/json; charset=utf-16", b"application/json; charset=$", b"text/plain", b""),
    *(b"application/json;;;", b"application/x-www-form-urlencoded", b'multipart/form-data; boundary="', b"\xff/\xff"),
]
ENCODINGS: Final = [b"gzip", b"deflate", b"br", b"zstd", b"identity", b"gzip, gzip", b"\xff", b"aes128gcm"]


@pytest.fixture(scope="module")
def somebody(installed: Session, namespace_of_all: str, process: Operator, replica: Gateway) -> User:
    """One who may do everything."""
    api = Api(installed, namespace_of_all, process, replica)
    return User.made(api, f"u-{secrets.token_hex(4)}", EVERYTHING, namespace_of_all)


@pytest.fixture
def fuzz(somebody: User) -> Fuzz:
    return Fuzz(somebody)


@pytest.fixture
def there(somebody: User) -> There:
    return There(somebody, "s3cret-of-the-bed")


def bodies_of(operation: str, fuzz: Fuzz, there: There) -> tuple[str, str, list[Any]]:
    """The method and path of a call with a body, and bodies that are right or nearly so."""
    mark, encoded = fuzz.mark, fuzz.encoded
    aim = there.aim({"values": "slots.get"}.get(operation.partition(".")[0], operation))
    slot = f"{VALUES}/namespaces/{there.namespace}/secretslots/{aim.path.get('name')}"
    secret = "/{o}/{p}/envs/{envName}/secrets".format_map({"o": "", "p": "", "envName": "", **aim.path})
    login = {"username": "bot", "password": mark, "serverAddress": "ghcr.io"}
    described = {"kind": "Secret", "name": KEY, "description": "what it is for"}
    match operation:
        case "slots.create":
            kinds = [{"gitSecret": {"username": "bot", "token": mark}}, {"registrySecret": login}]
            return "POST", "/v1/ignite/secrets", [{**aim.body, "value": kind} for kind in kinds]
        case "environments.create":
            return "POST", secret, [{"kind": "Secret", "name": "NEW"}, {"kind": mark, "name": mark}]
        case "environments.describe":
            return "PUT", f"{secret}/{KEY}", [described, {"kind": "Secret", "name": mark}]
        case "environments.set-value":
            return "PUT", f"{secret}/{KEY}/value", [{"value": mark}]
        case "core-instances.create":
            path = f"/v1/core_instances/{uuid.uuid4()}/secrets"
            return "POST", path, [{"key": KEY, "value": encoded}, {"key": mark, "value": mark, "encrypted": True}]
        case "repositories.put":
            path = f"/repos/id:{aim.path['repo_id']}/secrets/{KEY}?secret_group={aim.query['secret_group']}"
            return "PUT", path, [{"value": encoded}, {"value": mark}]
        case "values.value":
            sent = {"kind": "Value", "username": "acme-bot", "token": mark, "expectedVersion": 1, "requestID": "r-1"}
            return "PUT", f"{slot}/value", [sent, {"password": mark, "requestID": mark}]
        case "values.rollback":
            return "POST", f"{slot}/rollback", [{"version": 1, "requestID": mark}]
        case _:
            return "POST", f"{slot}/reveal", [{"version": 1}, {"kind": mark}]


@pytest.mark.parametrize(
    "operation",
    [
        *("slots.create", "environments.create", "environments.describe", "environments.set-value"),
        *("core-instances.create", "repositories.put", "values.value", "values.rollback", "values.reveal"),
    ],
)
def test_a_body_that_is_none(fuzz: Fuzz, there: There, operation: str) -> None:
    method, path, right = bodies_of(operation, fuzz, there)

    @given(
        body=bodies(right, fuzz.mark),
        kind=st.just(TYPES[0]) | st.sampled_from(TYPES),
        encoding=st.none() | st.none() | st.sampled_from(ENCODINGS),
        chunks=st.booleans(),
    )
    def answers(body: bytes, kind: bytes, encoding: bytes | None, chunks: bool) -> None:
        more = [(b"Content-Type", kind)] + ([(b"Content-Encoding", encoding)] if encoding is not None else [])
        framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunks and body else body
        length = (b"Transfer-Encoding", b"chunked") if chunks and body else (b"Content-Length", b"%d" % len(body))
        raw = f"{method} {path} HTTP/1.1\r\n".encode() + fuzz.headers(length, *more) + b"\r\n" + framed
        told = fuzz.exchange(raw)
        # One whose head cannot be read may be lost with what was still on its way.
        assert told is not None or encoding is not None
        if told is not None:
            fuzz.checked(told)

    fuzz.run(answers, EXAMPLES)


ODD: Final = [
    *(
        b"%",
        b"%zz",
        b"%0",
        b"%00",
        b"%2e%2e",
        b"%2F",
        b"%5c",
        b"%ff",
        b"%c0%af",
        b"%ed%a0%80",
        b"%u0041",
        b"%25",
        b"%0d%0a",
    ),
    *(
        b"..",
        b".",
        b"//",
        b";a=b",
        b"?",
        b"??",
        b"#",
        b"\\",
        b"|",
        b"{name}",
        b"[::1]",
        b"@",
        b":",
        b"&=&",
        b"+",
        b"%20",
    ),
    *("ä".encode(), b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\x7f", b"\x01", b"a" * 9000, b"~", b"*", b"'\""),
]
METHODS: Final = ["GET", "GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "get", "M-SEARCH"]
QUERIES: Final = [b"last", b"before", b"secret_group", b"dryRun", b"fieldManager", b"%6cast", b""]


def test_a_target_that_is_none(fuzz: Fuzz) -> None:
    segments = [
        [b"v1", b"ignite", b"secrets", b"x"],
        [fuzz.user.namespace.encode(), b"shop", b"envs", b"production", b"secrets", b"A", b"value"],
        [b"v1", b"core_instances", str(uuid.uuid4()).encode(), b"secrets"],
        [b"repos", b"id:r1", b"secrets", b"A", b"operations", str(uuid.uuid4()).encode()],
        [VALUES[1:].encode(), b"namespaces", fuzz.user.namespace.encode(), b"secretslots", b"x", b"versions"],
        [b"openapi", b"published", b"slots.json"],
        [b"docs", b"slots"],
    ]
    texts = st.builds(
        lambda held, parts: held + b"".join(parts),
        st.sampled_from([b"", fuzz.mark.encode(), fuzz.encoded.encode()]),
        st.lists(st.sampled_from(ODD), max_size=3),
    )

    @given(data=st.data())
    def answers(data: st.DataObject) -> None:
        path = list(data.draw(st.sampled_from(segments)))
        for _ in range(data.draw(st.integers(0, 2))):
            path[data.draw(st.integers(0, len(path) - 1))] = data.draw(texts)
        pairs = data.draw(st.lists(st.tuples(st.sampled_from(QUERIES), texts), max_size=2))
        query = b"&".join(b"%s=%s" % pair for pair in pairs)
        before = data.draw(st.sampled_from([b"", b"", b"https://localhost", b"http://[", b"//", b"https://u:p@"]))
        method = data.draw(st.sampled_from(METHODS))
        target = before + b"/" + b"/".join(path) + (b"?" + query if query else b"")
        raw = b"%s %s HTTP/1.1\r\n%s\r\n" % (method.encode(), target, fuzz.headers((b"Content-Length", b"0")))
        told = fuzz.exchange(raw, method)
        assert told is not None
        fuzz.checked(told)

    fuzz.run(answers, 4 * EXAMPLES)


HEADERS: Final = [
    *(
        b"Authorization",
        b"X-Request-Id",
        b"X-Slotwarden-Organization",
        b"Host",
        b"Content-Length",
        b"Transfer-Encoding",
    ),
    *(b"Connection", b"Expect", b"Range", b"If-None-Match", b"Accept-Encoding", b"Accept", b"Cookie", b"Upgrade"),
    *(
        b"X-Remote-User",
        b"X-Forwarded-For",
        b"Forwarded",
        b"X-HTTP-Method-Override",
        b"Trailer",
        b"TE",
        b"Content-Type",
    ),
    *(b"Sec-WebSocket-Key", b"HTTP2-Settings", b"Proxy-Authorization", b"Content-Encoding", b"Date", b"x" * 300),
]
TEXTS: Final = [
    *(b"", b" ", b"chunked", b"gzip, chunked", b"chunked, chunked", b"100-continue", b"0", b"-1", b"1e3", b"9" * 30),
    *(b"close", b"keep-alive", b"upgrade", b"websocket", b"h2c", b"bytes=0-", b"Bearer ", b"Bearer\t", b"Basic YTpi"),
    *(b"\xff\xfe", "ä".encode(), b"\x01", b"\x7f", b"\0", b"\r", b"a\r\n b", b"x" * 9000, b"%00", b"..", b"acme", b","),
]


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/ignite/secrets"), ("PUT", "/repos/id:r1/secrets/A")])
def test_headers_that_are_none(fuzz: Fuzz, method: str, path: str) -> None:
    texts = st.lists(st.sampled_from([*TEXTS, fuzz.mark.encode(), fuzz.encoded.encode()]), min_size=1, max_size=3)

    @given(more=st.lists(st.tuples(st.sampled_from(HEADERS), texts.map(b"".join)), min_size=1, max_size=3))
    def answers(more: list[tuple[bytes, bytes]]) -> None:
        head = f"{method} {path} HTTP/1.1\r\n".encode() + fuzz.headers(*more)
        # Whatever is taken for the body's length, it ends.
        told = fuzz.exchange(head + b"\r\n" + b'{"value": 1}\r\n\r\n', timeout=PATIENCE)
        if told is not None:
            fuzz.checked(told)

    fuzz.run(answers, 2 * EXAMPLES)


def test_what_is_no_http(fuzz: Fuzz) -> None:
    body = b'{"name": "a", "value": {"gitSecret": {"username": "bot", "token": "%s"}}}' % fuzz.mark.encode()
    head = b"POST /v1/ignite/secrets HTTP/1.1\r\n" + fuzz.headers(JSON, (b"X-Request-Id", fuzz.mark.encode()))
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)

    @given(raw=mutated(whole) | mutated(chunked) | st.binary(max_size=200).map(lambda some: some + fuzz.mark.encode()))
    def answers(raw: bytes) -> None:
        # What follows ends whatever the server waits for.
        told = fuzz.exchange(raw + b"\r\n\r\n" + b"x" * 4096 + b"\r\n\r\n", timeout=PATIENCE)
        if told is not None:
            fuzz.checked(told)

    fuzz.run(answers, 4 * EXAMPLES)
