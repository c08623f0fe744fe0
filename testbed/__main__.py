"""`python -m testbed`: bring the testbed up and down from the command line."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from testbed import kind
from testbed.binaries import TOOLS, BinaryUnavailableError, Resolver
from testbed.binaries.catalog import TOOLS_OF_TESTS
from testbed.cluster import Testbed
from testbed.progress import Reporter, elapsed
from testbed.servers.base import ServerError

folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".testbed"),
    show_default=True,
    help="The testbed's folder; two in different folders do not collide.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A real Kubernetes control plane and a real Vault on loopback, without a container engine."""


@main.command()
@folder_option
def up(folder: Path) -> None:
    """Start it, and write FOLDER/env."""
    reporter = Reporter()
    testbed = Testbed(folder, reporter)
    began = time.monotonic()
    if testbed.start():
        reporter.say(f"the testbed is up after {elapsed(time.monotonic() - began)}")
    else:
        reporter.say(f"the testbed in {folder} runs already")
    reporter.say(f"Kubernetes {testbed.apiserver.url}   Vault {testbed.vault.url}   logs {folder}/*.log")
    reporter.say(f"go on with: [bold]. {folder}/env && kubectl get namespaces[/bold]")


@main.command()
@folder_option
def down(folder: Path) -> None:
    """End exactly what was started; the logs stay."""
    reporter = Reporter()
    if not Testbed(folder, reporter).stop():
        reporter.say(f"no testbed runs in {folder}")
    else:
        reporter.say(f"the testbed in {folder} is down")


@main.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(TOOLS)))
def binaries(names: tuple[str, ...]) -> None:
    """Find, download or build the programs (all that the tests need), and print where they are."""
    for name, path in Resolver(Reporter()).resolve_all(names or TOOLS_OF_TESTS).items():
        click.echo(f"{name}\t{path}")


@main.command("kind-tests")
@click.argument("arguments", nargs=-1)
def kind_tests(arguments: tuple[str, ...]) -> None:
    """Run the tests on a kind cluster; ARGUMENTS are pytest's."""
    sys.exit(kind.run_tests(Reporter(), arguments))


if __name__ == "__main__":
    try:
        main(prog_name="python -m testbed")
    except (BinaryUnavailableError, ServerError, kind.NoContainerEngineError, kind.SetupFailedError) as problem:
        sys.exit(f"error: {problem}")
