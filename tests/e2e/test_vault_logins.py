"""The operator's login to Vault: by its ServiceAccount, with a short lease, and when its token is revoked."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import Organization, condition, git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.operator import Operator
    from testbed.session import Session

ACCOUNT = "slotwarden"
RBAC = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"


class Login:
    """The Kubernetes auth method on a mount of its own, with a role for the operator of one namespace."""

    def __init__(self, session: Session, org: Organization, mount: str) -> None:
        self.org = org
        self.mount = mount
        self._session = session

    def role(self, **options: Any) -> None:
        """Give the operator's ServiceAccount its policy, and nothing else."""
        policies = {"token_policies": [f"slotwarden-operator-{self.org.namespace}"], "token_no_default_policy": True}
        account = (self.org.namespace, ACCOUNT)
        self._session.vault.write_kubernetes_role(self.mount, "operator", account, **policies, **options)

    def logins(self) -> int:
        """How often anybody logged in, by Vault's own record."""
        return sum(r["path"] == f"auth/{self.mount}/login" for r in self._session.vault_audit.requests())


def account_token(session: Session, namespace: str, name: str) -> str:
    path = core(namespace, "serviceaccounts", f"{name}/token")
    return str(session.kube.create(path, {"spec": {"expirationSeconds": 3600}})["status"]["token"])


def readyz(org: Organization) -> str:
    """What it says; that nobody is logged in makes it no less ready."""
    code, text = org.operator.readyz()
    assert code == HTTPStatus.OK
    return text


@pytest.fixture
def login(
    installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str, tmp_path: Path
) -> Iterator[Login]:
    """An operator without a token that is not started yet, and a login for it."""
    mount = f"kubernetes-{secrets.token_hex(4)}"
    jwt = tmp_path / "jwt"
    flags = ["--vault-auth", "kubernetes", "--vault-role", "operator", "--vault-auth-mount", mount]
    made = operator(namespace, *flags, "--vault-jwt-file", str(jwt), start=False)
    del made.env["VAULT_TOKEN"]
    kube = installed.kube
    kube.create(core(namespace, "serviceaccounts"), {"metadata": {"name": "reviewer"}})
    binding = {
        "metadata": {"name": mount},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": "reviewer"}],
    }
    kube.create(RBAC, binding)
    reviewer = account_token(installed, namespace, "reviewer")
    installed.vault.enable_kubernetes_auth(mount, kube.server, Path(kube.ca).read_text(), reviewer)
    jwt.write_text(account_token(installed, namespace, ACCOUNT))
    yield Login(installed, Organization(installed, namespace, vault_prefix, made), mount)
    made.stop()
    installed.vault.request("DELETE", f"sys/auth/{mount}")
    kube.delete(f"{RBAC}/{mount}")


def test_it_logs_in_with_its_service_account_and_again_when_that_is_revoked(login: Login) -> None:
    login.role(token_ttl="1h")
    org = login.org
    org.operator.start()
    org.made("git", git("token"))
    assert login.logins() == 1
    org.vault.request("PUT", f"sys/leases/revoke-prefix/auth/{login.mount}/login")
    org.made("later", git("token"))
    assert login.logins() == 2


def test_a_lease_of_seconds_ends_nothing(login: Login) -> None:
    login.role(token_ttl="3s", token_max_ttl="6s")
    org = login.org
    org.operator.start()
    slot = org.made("git", git("one"))
    for round_ in range(2):
        before = login.logins()
        eventually(lambda before=before: login.logins() > before, 60, message="it logs in anew")
        org.made(f"later-{round_}", git("token"))
    assert org.slot("git")["status"] == slot["status"]


def test_a_role_that_is_not_there_yet_is_told_and_waited_for(login: Login) -> None:
    org = login.org
    org.operator.start()
    org.create("git", git("token"))
    eventually(lambda: "auth/" + login.mount + "/login" in condition(org.slot("git"))["message"])
    assert condition(org.slot("git"))["status"] == "False"
    assert f"[!] vault: Vault answered 400 to a login at auth/{login.mount}/login" in readyz(org)
    login.role(token_ttl="1h")
    org.ready("git")
    assert "[!]" not in readyz(org)


def test_a_revoked_token_is_told_and_a_new_one_is_read_from_its_file(
    installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    made = operator(namespace, "--vault-token-file", str(file), start=False)
    first = made.env.pop("VAULT_TOKEN")
    file.write_text(first + "\n")
    org = Organization(installed, namespace, vault_prefix, made.start())
    known = org.made("known", git("one"))
    installed.vault.revoke_token(first)
    org.create("new", git("new"))
    message = condition(org.told("new", "VaultDenied"))["message"]
    assert "no longer valid" in message
    assert first not in message
    assert "[!] vault: Vault answered 403 at auth/token/lookup-self: the token is no longer valid" in readyz(org)
    assert org.slot("known")["status"] == known["status"]
    file.write_text(installed.vault.create_token([f"slotwarden-operator-{namespace}"], no_default_policy=True))
    org.ready("new")
    assert "[!]" not in readyz(org)
    assert org.vault.version(org.entry("new")) == 1
    assert first not in org.operator.log_text()
