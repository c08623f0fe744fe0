"""`slotwarden gateway`."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotwarden.commands import process
from slotwarden.commands.options import SETTINGS, name_of, process_options, vault_config, vault_options
from slotwarden.resources.duration import parse_duration

if TYPE_CHECKING:
    from slotwarden.gateway.assembly import Options


@click.command(context_settings=SETTINGS)
@vault_options
@click.option(
    "--token-audience",
    "audiences",
    envvar="SLOTWARDEN_TOKEN_AUDIENCE",
    multiple=True,
    default=["slotwarden"],
    show_default=True,
    help="What a Bearer token must be for; repeatable.",
)
@click.option(
    "--aggregation/--no-aggregation",
    default=True,
    show_default=True,
    help="Whether the API server forwards requests: its front proxy is believed, and the APIService kept.",
)
@click.option(
    "--published-apis/--no-published-apis",
    default=True,
    show_default=True,
    help="Whether the published APIs are served, over REST and gRPC. Without, it needs no right to make, change or "
    "delete objects.",
)
@click.option(
    "--service-namespace", default="default", show_default=True, help="Where the Service that leads to it is."
)
@click.option("--service-name", default="slotwarden-gateway", show_default=True, help="The name of that Service.")
@click.option(
    "--tls-name",
    "tls_names",
    envvar="SLOTWARDEN_TLS_NAME",
    multiple=True,
    help="A further DNS name for the certificate; repeatable. Those of the Service are in it.",
)
@click.option(
    "--tls-secret",
    default="slotwarden-gateway-tls",
    show_default=True,
    help="The Secret beside the Service that holds the certificate that the gateway makes for all replicas.",
)
@click.option("--tls-lifetime", default="2160h", show_default=True, help="How long that certificate is good for.")
@click.option("--tls-ca-lifetime", default="8760h", show_default=True, help="How long its authority is good for.")
@click.option(
    "--tls-cert-file",
    type=click.Path(path_type=Path),
    help="A certificate that others look after, instead; read again when it changes. The APIService is left alone.",
)
@click.option("--tls-key-file", type=click.Path(path_type=Path), help="Its key.")
@click.option("--https-port", default=8443, show_default=True, help="0: a free one, which the log tells.")
@click.option("--grpc-port", default=9443, show_default=True, help="0: a free one, which the log tells.")
@click.option(
    "--public-url",
    default="",
    help="Where clients reach it, for example https://secrets.example.com, for the addresses in its answers. Empty: "
    "where each request was sent to.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="How many requests run at once, of one caller a quarter of them; one more is told to come again.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds that running requests get to end when it is stopped.",
)
@process_options
def gateway(**options: Any) -> None:
    """Serve the aggregated API, through the API server or to Bearer tokens."""
    process.run(options, _program)


def _program(options: dict[str, Any]) -> process.Run:
    from slotwarden.gateway import app

    return partial(app.run, _options(options))


def _options(options: dict[str, Any]) -> Options:
    """The gateway's settings. Raises click.ClickException, naming the option that is wrong."""
    from slotwarden.gateway.assembly import Options
    from slotwarden.gateway.serving.certificates import Lives

    files = (options["tls_cert_file"], options["tls_key_file"])
    if any(files) and not all(files):
        raise click.ClickException("--tls-cert-file and --tls-key-file belong together")
    return Options(
        vault=vault_config(options),
        prefix=options["vault_prefix"],
        namespaces=frozenset(options["namespaces"]),
        cluster=options["cluster_id"] or None,
        audiences=options["audiences"],
        aggregated=options["aggregation"],
        published=options["published_apis"],
        service=(
            name_of("--service-namespace", options["service_namespace"]),
            name_of("--service-name", options["service_name"]),
        ),
        names=options["tls_names"],
        files=files if all(files) else None,
        secret=options["tls_secret"],
        lives=Lives(_lifetime(options, "tls_lifetime"), _lifetime(options, "tls_ca_lifetime")),
        public_url=_url(options["public_url"]),
        most=options["max_requests"],
        grace=options["grace"],
        listen=options["listen_address"],
        https_port=options["https_port"],
        grpc_port=options["grpc_port"],
        health_port=options["health_port"],
        metrics_port=options["metrics_port"],
        port_file=options["port_file"],
    )


def _url(text: str) -> str:
    if text and re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", text) is None:
        raise click.ClickException("--public-url: is not a URL as https://secrets.example.com")
    return text


def _lifetime(options: dict[str, Any], name: str) -> timedelta:
    try:
        return timedelta(seconds=parse_duration(options[name]))
    except ValueError as error:
        raise click.ClickException(f"--{name.replace('_', '-')}: {error}") from None
