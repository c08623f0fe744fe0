"""What goes over the wire and what comes back from it, against a server that answers whatever the test says."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING

import pytest

from slotwarden.sensitive import Sensitive
from slotwarden.vault.adapter import Answer
from slotwarden.vault.errors import CasMismatch, VaultError, VaultRejected, VaultUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slotwarden.vault.kv import VaultKV
    from tests.unit.vault.server import Server

CANARY = "c4n4ry"


async def test_nothing_of_the_environment_is_used(
    server: Server, reach: Callable[..., VaultKV], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password p\n")
    (tmp_path / ".netrc").chmod(0o600)
    (tmp_path / ".vault-token").write_text(CANARY)
    for name in ("VAULT_TOKEN", "VAULT_NAMESPACE", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{CANARY}.invalid")
    monkeypatch.setenv("HOME", str(tmp_path))
    server.status, server.headers = 404, {"Set-Cookie": f"a={CANARY}"}
    kv = reach(namespace="team")
    await kv.read("a")
    await kv.read("a")
    for _, path, headers in server.seen:
        assert path == "/v1/secret/data/a"
        assert headers["X-Vault-Token"] == "t0ken"
        assert headers["X-Vault-Namespace"] == "team"
        assert headers["X-Vault-Request"] == "true"
        assert "Authorization" not in headers
        assert "Cookie" not in headers


async def test_a_health_check_carries_no_token_and_no_namespace(server: Server, reach: Callable[..., VaultKV]) -> None:
    kv = reach(namespace="team")
    await kv.health()
    ((_, path, headers),) = server.seen
    assert path.startswith("/v1/sys/health?")
    assert "X-Vault-Token" not in headers
    assert "X-Vault-Namespace" not in headers


async def test_a_list_is_a_plain_get(server: Server, reach: Callable[..., VaultKV]) -> None:
    server.body = b'{"data": {"keys": ["a", "b/"]}}'
    kv = reach()
    assert await kv.list("acme/slots") == ["a", "b/"]
    assert server.seen[0][:2] == ("GET", "/v1/secret/metadata/acme/slots?list=true")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, CANARY, VaultUnavailable),
        (200, f'["{CANARY}"]', VaultUnavailable),
        (200, f'{{"data": {{"data": "{CANARY}"}}}}', VaultRejected),
        (200, f'{{"data": "{CANARY}"}}', VaultRejected),
        (400, f'{{"errors": ["{CANARY}"]}}', VaultRejected),
        (400, f'{{"errors": ["check-and-set parameter {CANARY}"]}}', CasMismatch),
        (404, f"<html>{CANARY}</html>", VaultRejected),
        (404, f'{{"errors": ["no handler for route {CANARY}"]}}', VaultRejected),
        (500, f'{{"errors": ["{CANARY}"], "data": {{"a": "{CANARY}"}}}}', VaultUnavailable),
        (500, f'{{"errors": "{CANARY}"}}', VaultUnavailable),
        (502, f"<html>{CANARY}</html>", VaultUnavailable),
        pytest.param(200, "[" * 5000, VaultUnavailable, id="nested too deep"),
    ],
)
async def test_no_error_holds_anything_of_the_answer(
    server: Server, reach: Callable[..., VaultKV], status: int, body: str, kind: type[VaultError]
) -> None:
    server.status, server.body = status, body.encode()
    kv = reach()
    for request in (kv.read("a"), kv.write("a", {"a": Sensitive.of_text(CANARY)}, cas=0), kv.read_metadata("a")):
        with pytest.raises(kind) as caught:
            await request
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        assert CANARY not in f"{caught.value!r} {vars(caught.value)}"
        assert caught.value.__context__ is None


async def test_a_redirect_is_not_followed(server: Server, reach: Callable[..., VaultKV]) -> None:
    server.status, server.headers = 307, {"Location": f"http://127.0.0.1:{server.server_port}/v1/elsewhere"}
    kv = reach()
    with pytest.raises(VaultUnavailable, match="a standby that redirects"):
        await kv.read("a")
    assert len(server.seen) == 1


def test_an_answer_does_not_show_its_body() -> None:
    assert CANARY not in f"{Answer(200, json.loads(json.dumps({'a': CANARY})))!r}"
