"""The program: `slotwarden operator`, `slotwarden gateway`, `slotwarden crds`, `slotwarden vault-policy`.

Every option has an environment variable SLOTWARDEN_*; those of Vault's own client are heard where ours are not set.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import click

from slotwarden.commands.gateway import gateway
from slotwarden.commands.operator import operator
from slotwarden.commands.options import SETTINGS, check_names, place_options
from slotwarden.resources import crd
from slotwarden.vault import policy


@click.group(context_settings=SETTINGS)
@click.version_option(package_name="slotwarden")
def main() -> None:
    """Slotwarden: credentials declared as objects, kept in Vault, projected into Secrets."""


main.add_command(operator)
main.add_command(gateway)


@main.command("crds", context_settings=SETTINGS)
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


@main.command("vault-policy", context_settings=SETTINGS)
@click.option(
    "--for",
    "role",
    type=click.Choice(get_args(policy.Role)),
    default="operator",
    help="Which of the two programs the policy is for.",
)
@place_options
def vault_policy(
    role: policy.Role, vault_mount: str, transit_mount: str | None, vault_prefix: str, namespaces: tuple[str, ...]
) -> None:
    """Print the least policy that the operator, or the gateway, needs in Vault."""
    check_names(vault_prefix, namespaces)
    click.echo(policy.render(vault_mount, vault_prefix, namespaces, role, transit_mount or None), nl=False)


if __name__ == "__main__":
    main()
