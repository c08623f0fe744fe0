"""Logins against a real Vault: plain tokens, and Kubernetes through TokenReview."""

from __future__ import annotations

import asyncio
import base64
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.sensitive import Sensitive
from slotwarden.vault.errors import VaultDenied, VaultRejected
from tests.vault.rules import for_direct_writes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slotwarden.vault.kv import VaultKV
    from testbed.clients.kube import Kube
    from testbed.clients.vault import VaultAdmin

ACCOUNT = "slotwarden"
VALUE = {"a": Sensitive(b"1")}


@pytest.fixture
def entry(vault_prefix: str) -> str:
    return f"{vault_prefix}/acme/slots/a"


async def test_a_revoked_token_is_told(
    make_kv: Callable[..., VaultKV],
    make_token: Callable[..., str],
    vault_admin: VaultAdmin,
    vault_prefix: str,
    entry: str,
) -> None:
    token = make_token(for_direct_writes(vault_admin.mount, vault_prefix))
    kv = make_kv(token)
    await kv.write(entry, VALUE, cas=0)
    vault_admin.revoke_token(token)
    with pytest.raises(VaultDenied, match="the token is no longer valid") as caught:
        await kv.read(entry)
    assert token not in f"{caught.value!r}"


async def test_a_token_file_is_read_again(
    make_kv: Callable[..., VaultKV],
    make_token: Callable[..., str],
    vault_admin: VaultAdmin,
    vault_prefix: str,
    entry: str,
    tmp_path: Path,
) -> None:
    file = tmp_path / "token"
    first, second = (make_token(for_direct_writes(vault_admin.mount, vault_prefix)) for _ in range(2))
    file.write_text(first + "\n")
    kv = make_kv(token_file=file)
    await kv.write(entry, VALUE, cas=0)
    vault_admin.revoke_token(first)
    file.write_text(second + "\n")
    assert await kv.read(entry) is not None


@pytest.fixture
def login(
    kube: Kube, vault_admin: VaultAdmin, namespace: str, vault_prefix: str, tmp_path: Path
) -> Iterator[dict[str, Any]]:
    """The Kubernetes auth method on a mount of its own, with a role for one ServiceAccount."""
    mount = f"kubernetes-{secrets.token_hex(4)}"
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    for name in (ACCOUNT, "reviewer"):
        kube.create(accounts, {"metadata": {"name": name}})
    binding = {
        "metadata": {"name": mount},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": "reviewer"}],
    }
    kube.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)

    def token(name: str) -> str:
        return str(kube.create(f"{accounts}/{name}/token", {"spec": {"expirationSeconds": 3600}})["status"]["token"])

    vault_admin.enable_kubernetes_auth(mount, kube.server, Path(kube.ca).read_text(), token("reviewer"))
    vault_admin.write_policy(mount, for_direct_writes(vault_admin.mount, vault_prefix))
    vault_admin.write_kubernetes_role(
        mount, "operator", (namespace, ACCOUNT), token_policies=[mount], token_no_default_policy=True, token_ttl="1h"
    )
    (tmp_path / "jwt").write_text(token(ACCOUNT))
    (tmp_path / "other").write_text(token("reviewer"))
    yield {"auth": "kubernetes", "role": "operator", "auth_mount": mount, "jwt_path": tmp_path / "jwt"}
    vault_admin.request("DELETE", f"sys/auth/{mount}")
    vault_admin.request("DELETE", f"sys/policies/acl/{mount}")
    kube.delete(f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{mount}")


async def test_a_service_account_logs_in(make_kv: Callable[..., VaultKV], login: dict[str, Any], entry: str) -> None:
    seen: list[tuple[str, str]] = []
    kv = make_kv(observe=lambda operation, code, _: seen.append((operation, code)), **login)
    await kv.write(entry, VALUE, cas=0)
    await asyncio.gather(*[kv.read(entry) for _ in range(10)])
    assert seen.count(("login", "200")) == 1


async def test_revoked_logins_are_made_anew_by_one(
    make_kv: Callable[..., VaultKV], login: dict[str, Any], entry: str, vault_admin: VaultAdmin
) -> None:
    seen: list[tuple[str, str]] = []
    kv = make_kv(observe=lambda operation, code, _: seen.append((operation, code)), **login)
    await kv.write(entry, VALUE, cas=0)
    vault_admin.request("PUT", f"sys/leases/revoke-prefix/auth/{login['auth_mount']}/login")
    found = await asyncio.gather(*[kv.read(entry) for _ in range(10)])
    assert all(one is not None for one in found)
    assert seen.count(("login", "200")) == 2


async def test_a_short_login_outlives_its_terms(
    make_kv: Callable[..., VaultKV], login: dict[str, Any], entry: str, vault_admin: VaultAdmin, namespace: str
) -> None:
    """Renewed at first; near the maximal TTL logged in anew, without a request to wake it."""
    mount = login["auth_mount"]
    role = {"token_policies": [mount], "token_ttl": "6s", "token_max_ttl": "9s"}
    vault_admin.write_kubernetes_role(mount, "operator", (namespace, ACCOUNT), **role)
    seen: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    kv = make_kv(observe=lambda operation, code, _: seen.put_nowait((operation, code)), **login)
    await kv.write(entry, VALUE, cas=0)
    logins = renewals = 0
    async with asyncio.timeout(45):
        while logins < 2 or renewals < 1:
            outcome = await seen.get()
            logins += outcome == ("login", "200")
            renewals += outcome == ("renew", "200")
    assert await kv.read(entry) is not None


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"jwt": "other"}, VaultDenied, "answered 403 to a login at auth/{}/login: the role does not accept"),
        ({"role": "unknown"}, VaultRejected, "answered 400 to a login at auth/{}/login: Vault knows no such role"),
        ({"jwt": "missing"}, VaultDenied, "cannot be read"),
        ({"auth_mount": "nowhere"}, (VaultDenied, VaultRejected), "to a login at auth/nowhere/login"),
    ],
)
async def test_a_refused_login_is_told(
    make_kv: Callable[..., VaultKV],
    login: dict[str, Any],
    entry: str,
    settings: dict[str, str],
    kind: type[Exception],
    message: str,
) -> None:
    wrong: dict[str, Any] = dict(settings)
    if name := wrong.pop("jwt", None):
        wrong["jwt_path"] = login["jwt_path"].with_name(name)
    with pytest.raises(kind, match=message.format(login["auth_mount"])) as caught:
        await make_kv(**{**login, **wrong}).read(entry)
    jwt = login["jwt_path"].read_text()
    assert jwt not in f"{caught.value!r}{caught.value.__cause__!r}"
    assert base64.b64encode(jwt.encode()).decode() not in f"{caught.value!r}"
