"""`slotwarden operator`."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from slotwarden.cluster.term import LONGEST
from slotwarden.commands import process
from slotwarden.commands.options import SETTINGS, name_of, process_options, vault_config, vault_options

if TYPE_CHECKING:
    import asyncio

    from slotwarden import app


@click.command(context_settings=SETTINGS)
@vault_options
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
@process_options
@click.option("--sweep-grace", default=30.0, show_default=True, help="Seconds between the two looks of a sweep.")
def operator(**options: Any) -> None:
    """Watch SecretSlots and EnvSecrets, keep their values in Vault, project them into Secrets."""
    process.run(options, _program)


def _program(options: dict[str, Any]) -> process.Run:
    from slotwarden import app

    settings = _options(options)
    return partial(_run, app, settings)


async def _run(program: Any, settings: app.Options, stop: asyncio.Event) -> None:
    try:
        await program.run(settings, stop)
    except program.LeaseLost:
        # It is in the log; only a new process may stand by again.
        sys.exit(1)


def _options(options: dict[str, Any]) -> app.Options:
    """The operator's settings. Raises click.ClickException, naming the option that is wrong."""
    from slotwarden import app

    return app.Options(
        vault=vault_config(options),
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
    return name_of("--lease-namespace", namespace), name_of("--lease-name", options["lease_name"])
