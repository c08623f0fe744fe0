"""The options that the commands share, and what they mean."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from slotwarden.domain.names import is_dns_label
from slotwarden.sensitive import Sensitive
from slotwarden.values.paths import EntryPaths, UnsafePath
from slotwarden.vault.config import VaultConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotwarden.vault.config import InvalidSetting

SETTINGS: Final[dict[str, Any]] = {"auto_envvar_prefix": "SLOTWARDEN", "help_option_names": ["-h", "--help"]}

_PLACE: Final = (
    click.option("--vault-mount", default="secret", show_default=True, help="Where KV version 2 is mounted."),
    click.option(
        "--transit-mount",
        help="Where Transit is mounted, for values that are to be encrypted in Vault. None: they are refused.",
    ),
    click.option("--vault-prefix", default="slotwarden", show_default=True, help="The folder below the mount."),
    click.option(
        "--namespace",
        "namespaces",
        envvar="SLOTWARDEN_NAMESPACE",
        multiple=True,
        help="Work in this namespace only; repeatable. None: in all.",
    ),
)
_VAULT: Final = (
    click.option(
        "--vault-address",
        envvar=["SLOTWARDEN_VAULT_ADDRESS", "VAULT_ADDR"],
        default="https://127.0.0.1:8200",
        show_default=True,
        help="https://host[:port] of Vault.",
    ),
    click.option(
        "--vault-auth",
        type=click.Choice(["token", "kubernetes"]),
        default="token",
        show_default=True,
        help="How to log in. A token comes from SLOTWARDEN_VAULT_TOKEN, VAULT_TOKEN or a file, never from an option.",
    ),
    click.option("--vault-token-file", type=click.Path(path_type=Path), help="A file that holds the token; read anew."),
    click.option("--vault-role", help="The role to log in to, for --vault-auth kubernetes."),
    click.option("--vault-auth-mount", default="kubernetes", show_default=True, help="Where that method is mounted."),
    click.option(
        "--vault-jwt-file",
        type=click.Path(path_type=Path),
        help="The ServiceAccount token to log in with, if not the pod's.",
    ),
    click.option("--vault-ca", envvar=["SLOTWARDEN_VAULT_CA", "VAULT_CACERT"], help="A PEM file to trust for Vault."),
    click.option(
        "--vault-namespace",
        envvar=["SLOTWARDEN_VAULT_NAMESPACE", "VAULT_NAMESPACE"],
        help="Vault Enterprise's namespace.",
    ),
    click.option(
        "--cluster-id", help="What tells this cluster from others at the same Vault. [default: kube-system's uid]"
    ),
)
_PROCESS: Final = (
    click.option("--listen-address", default="127.0.0.1", show_default=True, help="Where all ports listen."),
    click.option("--health-port", default=8080, show_default=True, help="0: a free one, which the log tells."),
    click.option("--metrics-port", default=9090, show_default=True, help="0: a free one, which the log tells."),
    click.option("--port-file", type=click.Path(path_type=Path), help="Where to write all ports, as JSON."),
    click.option(
        "--log-format",
        type=click.Choice(["json", "console"]),
        default="console" if sys.stderr.isatty() else "json",
        help="For machines or for people. [default: console on a terminal, else json]",
    ),
    click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="Of our own messages; those of libraries stay at info or above.",
    ),
)


def place_options(command: Any) -> Any:
    """Where the entries are."""
    return _with(_PLACE, command)


def vault_options(command: Any) -> Any:
    """Where the entries are, and how Vault is reached."""
    return _with((*_PLACE, *_VAULT), command)


def process_options(command: Any) -> Any:
    """What a process listens on and how it logs."""
    return _with(_PROCESS, command)


def vault_config(options: dict[str, Any]) -> VaultConfig:
    """How Vault is reached, from the command line and the environment.

    Raises:
        InvalidSetting: see `option_of`.
        click.ClickException: naming the option that is wrong.
    """
    token = os.environ.get("SLOTWARDEN_VAULT_TOKEN") or os.environ.get("VAULT_TOKEN")
    file = options["vault_token_file"]
    auth: Literal["token", "kubernetes"] = options["vault_auth"]
    jwt = {"jwt_path": options["vault_jwt_file"]} if options["vault_jwt_file"] else {}
    check_names(options["vault_prefix"], options["namespaces"])
    return VaultConfig(
        address=options["vault_address"],
        auth=auth,
        token=Sensitive.of_text(token) if token and file is None and auth == "token" else None,
        token_file=file,
        role=options["vault_role"],
        auth_mount=options["vault_auth_mount"],
        ca=options["vault_ca"] or None,
        namespace=options["vault_namespace"] or None,
        mount=options["vault_mount"],
        transit_mount=options["transit_mount"] or None,
        **jwt,
    )


def check_names(prefix: str, namespaces: Sequence[str]) -> None:
    """Raises click.ClickException for a prefix or a namespace that cannot be one."""
    try:
        EntryPaths(prefix)
    except UnsafePath as error:
        raise click.ClickException(f"--vault-prefix: {error}") from None
    for namespace in namespaces:
        if not is_dns_label(namespace):
            raise click.ClickException(f"--namespace: {namespace!r} is not a namespace's name")


def name_of(setting: str, name: str) -> str:
    """A name that an option gives. Raises click.ClickException where an object cannot have it."""
    if not is_dns_label(name):
        raise click.ClickException(f"{setting}: {name!r} is not a name of lower-case letters, digits and '-'")
    return name


def option_of(error: InvalidSetting) -> str:
    """Where a setting of Vault is given."""
    if error.setting == "token":
        return "--vault-token-file, SLOTWARDEN_VAULT_TOKEN or VAULT_TOKEN"
    if error.setting == "transit mount":
        return "--transit-mount"
    return "--vault-" + error.setting.replace(" ", "-")


def _with(options: Sequence[Callable[[Any], Any]], command: Any) -> Any:
    for option in reversed(options):
        command = option(command)
    return command
