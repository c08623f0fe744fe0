"""The operator as a real process, with a kubeconfig and a Vault token that allow it what it needs and nothing more."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slotwarden.vault import policy
from testbed.install import account_token, install_rights, uninstall_rights
from testbed.program import Program
from testbed.servers.apiserver import write_kubeconfig

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from slotwarden.vault.policy import Role
    from testbed.install import Account
    from testbed.session import Session


@dataclass(frozen=True, slots=True)
class Identities:
    """What an operator is allowed: its ServiceAccount in the cluster, its token and policy in Vault."""

    account: Account
    vault_policy: str
    vault_token: str

    @property
    def vault_user(self) -> str:
        """The token's display name in Vault's audit log."""
        return f"token-{self.account.namespace}-{self.account.name}"


def make_identities(
    session: Session,
    namespace: str,
    prefix: str,
    values: Mapping[str, Any] | None = None,
    replica: str = "",
    role: Role = "operator",
) -> Identities:
    """Give an operator, or a gateway, its least rights: the chart's RBAC, and the policy that the program prints.

    They are for one namespace, or for those that the chart's `values` name. For `replica` see `install_rights`.
    """
    account = install_rights(session, namespace, prefix, values, replica, role)
    names = (values or {}).get("namespaces", [namespace])
    rules = f"slotwarden-{role}-{namespace}"
    session.vault.write_policy(rules, vault_rules(session, prefix, *names, role=role))
    name = f"{account.namespace}-{account.name}"
    return Identities(account, rules, session.vault.create_token([rules], no_default_policy=True, display_name=name))


def vault_rules(session: Session, prefix: str, *namespaces: str, role: Role = "operator") -> str:
    """The policy in Vault that `slotwarden vault-policy` prints for these namespaces, or for all."""
    return policy.render(session.vault.mount, prefix, namespaces, role, session.vault.transit)


def vault_place(session: Session) -> tuple[str, ...]:
    """The flags that say which engines of the session's Vault are used."""
    return ("--vault-mount", session.vault.mount, "--transit-mount", session.vault.transit)


def remove_identities(session: Session, identities: Identities) -> None:
    """Take the rights back."""
    uninstall_rights(session, identities.account)
    session.vault.revoke_token(identities.vault_token)
    session.vault.request("DELETE", f"sys/policies/acl/{identities.vault_policy}")


class Operator(Program):
    """One operator process."""

    command = "operator"


def operator_env(session: Session, identities: Identities, folder: Path, seconds: int = 3600) -> dict[str, str]:
    """The environment of an operator that is allowed `identities`, and knows nothing of the administrator."""
    kubeconfig = folder / "kubeconfig"
    kube = session.kube
    folder.mkdir(parents=True, exist_ok=True)
    write_kubeconfig(
        kubeconfig, kube.server, kube.ca, account_token(session, identities.account, seconds), identities.account.name
    )
    own = {
        "KUBECONFIG": str(kubeconfig),
        "VAULT_ADDR": session.endpoints.vault_address,
        "VAULT_TOKEN": identities.vault_token,
        "HOME": str(folder),
    }
    if session.endpoints.vault_ca:
        own["VAULT_CACERT"] = str(session.endpoints.vault_ca)
    passed = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return {**passed, **own}
