"""The program: `slotwarden operator`, `slotwarden crds`, `slotwarden vault-policy`.

Every option has an environment variable SLOTWARDEN_*; those of Vault's own client are heard where ours are not set.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import click

from slotwarden.cluster.term import LONGEST
from slotwarden.domain.names import is_dns_label
from slotwarden.resources import crd
from slotwarden.sensitive import Sensitive
from slotwarden.values.paths import EntryPaths, UnsafePath
from slotwarden.vault import policy
from slotwarden.vault.config import InvalidSetting, VaultConfig

if TYPE_CHECKING:
    from slotwarden import app

_SETTINGS: Final[dict[str, Any]] = {"auto_envvar_prefix": "SLOTWARDEN", "help_option_names": ["-h", "--help"]}


@click.group(context_settings=_SETTINGS)
@click.version_option(package_name="slotwarden")
def main() -> None:
    """Slotwarden: credentials declared as objects, kept in Vault, projected into Secrets."""


def _vault_options(command: Any) -> Any:
    """Where the entries are: shared by all commands that know of Vault."""
    for option in (
        click.option("--vault-mount", default="secret", show_default=True, help="Where KV version 2 is mounted."),
        click.option("--vault-prefix", default="slotwarden", show_default=True, help="The folder below the mount."),
        click.option(
            "--namespace",
            "namespaces",
            envvar="SLOTWARDEN_NAMESPACE",
            multiple=True,
            help="Work in this namespace only; repeatable. None: in all.",
        ),
    ):
        command = option(command)
    return command


@main.command(context_settings=_SETTINGS)
@_vault_options
@click.option(
    "--vault-address",
    envvar=["SLOTWARDEN_VAULT_ADDRESS", "VAULT_ADDR"],
    default="https://127.0.0.1:8200",
    show_default=True,
    help="https://host[:port] of Vault.",
)
@click.option(
    "--vault-auth",
    type=click.Choice(["token", "kubernetes"]),
    default="token",
    show_default=True,
    help="How to log in. A token comes from SLOTWARDEN_VAULT_TOKEN, VAULT_TOKEN or a file, never from an option.",
)
@click.option("--vault-token-file", type=click.Path(path_type=Path), help="A file that holds the token; read anew.")
@click.option("--vault-role", help="The role to log in to, for --vault-auth kubernetes.")
@click.option("--vault-auth-mount", default="kubernetes", show_default=True, help="Where that method is mounted.")
@click.option(
    "--vault-jwt-file",
    type=click.Path(path_type=Path),
    help="The ServiceAccount token to log in with, if not the pod's.",
)
@click.option("--vault-ca", envvar=["SLOTWARDEN_VAULT_CA", "VAULT_CACERT"], help="A PEM file to trust for Vault.")
@click.option(
    "--vault-namespace", envvar=["SLOTWARDEN_VAULT_NAMESPACE", "VAULT_NAMESPACE"], help="Vault Enterprise's namespace."
)
@click.option(
    "--cluster-id", help="What tells this cluster from others at the same Vault. [default: kube-system's uid]"
)
@click.option(
    "--leader-elect/--no-leader-elect",
    default=True,
    show_default=True,
    help="Whether replicas agree on one that works. Without it there must be only one.",
)
@click.option("--lease-namespace", help="Where their Lease is. [default: the first --namespace, else `default`]")
@click.option("--lease-name", default="slotwarden", show_default=True, help="The name of their Lease.")
@click.option(
    "--lease-duration",
    type=click.FloatRange(min=1.0, max=LONGEST),
    default=15.0,
    show_default=True,
    help="Seconds after which a leader that went silent is succeeded; it stops by itself after two thirds.",
)
@click.option("--listen-address", default="127.0.0.1", show_default=True, help="Where health and metrics listen.")
@click.option("--health-port", default=8080, show_default=True, help="0: a free one, which the log tells.")
@click.option("--metrics-port", default=9090, show_default=True, help="0: a free one, which the log tells.")
@click.option("--port-file", type=click.Path(path_type=Path), help="Where to write both ports, as JSON.")
@click.option("--sweep-grace", default=30.0, show_default=True, help="Seconds between the two looks of a sweep.")
@click.option(
    "--log-format",
    type=click.Choice(["json", "console"]),
    default="console" if sys.stderr.isatty() else "json",
    help="For machines or for people. [default: console on a terminal, else json]",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="Of our own messages; those of libraries stay at info or above.",
)
def operator(**options: Any) -> None:
    """Watch SecretSlots, keep their values in Vault, project them into Secrets."""
    # The libraries of the operator take a second to load, which the other commands do not need to wait for. They stay
    # as long as the process does: to look through them for garbage, now and later, would only take time.
    gc.disable()
    import uvloop

    from slotwarden import app
    from slotwarden.telemetry import logs

    gc.freeze()
    gc.enable()
    logs.configure(options["log_format"], options["log_level"])
    try:
        uvloop.run(_run(_options(options)))
    except click.ClickException:
        raise
    except InvalidSetting as error:
        raise click.ClickException(f"{_option_of(error)}: {error}") from None
    except (app.NoCluster, app.CannotServe) as error:
        raise click.ClickException(str(error)) from None
    except app.LeaseLost:
        # It is in the log; only a new process may stand by again.
        sys.exit(1)
    except Exception:
        # Through the log, so that no text of an error of others is printed as it is.
        logging.getLogger("slotwarden").exception("the operator ended")
        sys.exit(1)


@main.command("crds", context_settings=_SETTINGS)
@click.option("--check", type=click.Path(path_type=Path, file_okay=False), help="Say what differs in this folder.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Write them into this folder.")
def crds(check: Path | None, output: Path | None) -> None:
    """Print the CustomResourceDefinitions, as the models make them."""
    if check is not None:
        problems = crd.check(check)
        for problem in problems:
            click.echo(problem, err=True)
        sys.exit(1 if problems else 0)
    if output is not None:
        for path in crd.write(output):
            click.echo(str(path))
        return
    click.echo("---\n".join(crd.render().values()), nl=False)


@main.command("vault-policy", context_settings=_SETTINGS)
@click.option(
    "--for",
    "role",
    type=click.Choice(get_args(policy.Role)),
    default="operator",
    help="Which of the two programs the policy is for.",
)
@_vault_options
def vault_policy(role: policy.Role, vault_mount: str, vault_prefix: str, namespaces: tuple[str, ...]) -> None:
    """Print the least policy that the operator, or the gateway, needs in Vault."""
    _check_names(vault_prefix, namespaces)
    click.echo(policy.render(vault_mount, vault_prefix, namespaces, role), nl=False)


def _options(options: dict[str, Any]) -> app.Options:
    """The operator's settings from the command line and the environment.

    Raises:
        InvalidSetting, click.ClickException: naming the setting that is wrong.
    """
    from slotwarden import app

    _check_names(options["vault_prefix"], options["namespaces"])
    token = os.environ.get("SLOTWARDEN_VAULT_TOKEN") or os.environ.get("VAULT_TOKEN")
    file = options["vault_token_file"]
    auth: Literal["token", "kubernetes"] = options["vault_auth"]
    jwt = {"jwt_path": options["vault_jwt_file"]} if options["vault_jwt_file"] else {}
    vault = VaultConfig(
        address=options["vault_address"],
        auth=auth,
        token=Sensitive.of_text(token) if token and file is None and auth == "token" else None,
        token_file=file,
        role=options["vault_role"],
        auth_mount=options["vault_auth_mount"],
        ca=options["vault_ca"] or None,
        namespace=options["vault_namespace"] or None,
        mount=options["vault_mount"],
        **jwt,
    )
    return app.Options(
        vault=vault,
        namespaces=options["namespaces"],
        prefix=options["vault_prefix"],
        cluster=options["cluster_id"] or None,
        lease=_lease(options) if options["leader_elect"] else None,
        lease_duration=options["lease_duration"],
        listen=options["listen_address"],
        health_port=options["health_port"],
        metrics_port=options["metrics_port"],
        sweep_grace=options["sweep_grace"],
        port_file=options["port_file"],
    )


def _lease(options: dict[str, Any]) -> tuple[str, str]:
    """Namespace and name of the Lease."""
    namespace = options["lease_namespace"] or next(iter(options["namespaces"]), "default")
    for setting, name in (("--lease-namespace", namespace), ("--lease-name", options["lease_name"])):
        if not is_dns_label(name):
            raise click.ClickException(f"{setting}: {name!r} is not a name of lower-case letters, digits and '-'")
    return namespace, options["lease_name"]


def _check_names(prefix: str, namespaces: tuple[str, ...]) -> None:
    try:
        EntryPaths(prefix)
    except UnsafePath as error:
        raise click.ClickException(f"--vault-prefix: {error}") from None
    for namespace in namespaces:
        if not is_dns_label(namespace):
            raise click.ClickException(f"--namespace: {namespace!r} is not a namespace's name")


def _option_of(error: InvalidSetting) -> str:
    """Where a setting of Vault is given."""
    if error.setting == "token":
        return "--vault-token-file, SLOTWARDEN_VAULT_TOKEN or VAULT_TOKEN"
    return "--vault-" + error.setting.replace(" ", "-")


async def _run(options: app.Options) -> None:
    """Run until SIGTERM or SIGINT; a second one ends at once."""
    from slotwarden import app

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    await app.run(options, stop)


if __name__ == "__main__":
    main()
