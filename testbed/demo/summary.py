"""What the demo ends with: the slots, the Secrets, the entries in Vault, how to go on; or what did not converge."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from testbed.demo.programs import authority, to_list
from testbed.demo.scenes import ENV_SECRETS, SECRETS, SLOTS, is_ready, reason_of, secret_of
from testbed.demo.stage import ACME, PREFIX
from testbed.processes import last_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from testbed.demo.stage import Stage
    from testbed.progress import Reporter

FOLDER = f"{PREFIX}/{ACME}"
OURS = "app.kubernetes.io/managed-by=slotwarden"
LOG_LINES = 5
COMMANDS = (
    (f"kubectl -n {ACME} get slots -o wide", "of both kinds, with version and message"),
    (f"kubectl -n {ACME} describe sslot ghcr-pull", "conditions and events"),
    (f"kubectl -n {ACME} delete secret ghcr-pull", "it comes back"),
    (f"kubectl -n {ACME} delete sslot github-token", "Vault keeps the value for 7 days"),
    ("kubectl explain secretslot.spec", "every field"),
)


def tell(stage: Stage, reporter: Reporter) -> None:
    """Four tables without a value in them."""
    kube = stage.session.kube
    slots, declared = kube.list(SLOTS), kube.list(ENV_SECRETS)
    owners = {secret_of(slot): slot["metadata"]["name"] for slot in slots}
    owners |= {secret_of(each): "/".join(_place(each)) for each in declared}
    _section(reporter, "Slots", f"kubectl -n {ACME} get sslot")
    reporter.say(escape(stage.session.kubectl("get", "sslot", namespace=ACME, check=True).stdout.rstrip()))
    _section(reporter, "Environments", f"kubectl -n {ACME} get esec, narrower")
    _table(
        reporter,
        ("PROJECT", "ENVIRONMENT", "KEY", "READY", "REASON", "SECRET"),
        [
            (*_place(each), each["spec"]["key"], str(is_ready(each)), reason_of(each), secret_of(each))
            for each in declared
        ],
    )
    _section(reporter, "Secrets", "what builds and deployments reference by name")
    _table(
        reporter,
        ("NAME", "TYPE", "FROM"),
        [
            (secret["metadata"]["name"], secret["type"], owners[secret["metadata"]["name"]])
            for secret in kube.list(SECRETS, labelSelector=OURS)
        ],
    )
    _section(reporter, "Vault", f"the values are in {stage.session.vault.mount}/{FOLDER}/")
    folders = ["slots", *("/".join(("env", *_place(each))) for each in declared)]
    names = [f"{folder}/{name}" for folder in folders for name in stage.session.vault.list(f"{FOLDER}/{folder}")]
    _table(reporter, ("ENTRY", "VERSION", "KEYS"), [_entry(stage, name) for name in names])


def how_to_go_on(stage: Stage, reporter: Reporter) -> None:
    """Commands to type in another terminal."""
    lines = [(f". {_shown(stage.folder)}/env", "KUBECONFIG and VAULT_*")]
    missing = [name for name in ("kubectl", "vault") if shutil.which(name) is None]
    _section(reporter, "How to go on", "in another terminal, in this folder")
    for folder in dict.fromkeys(stage.programs[name].parent for name in missing):
        reporter.say(f"  PATH=$PATH:{escape(str(folder))}")
    width = max(len(command) for command, _ in COMMANDS)
    for command, what in (*lines, *COMMANDS):
        reporter.say(f"  {escape(command):<{width}}  [dim]# {escape(what)}[/dim]")
    reporter.say(f"  {escape(to_list(f'https://localhost:{stage.gateway_port}', _shown(authority(stage))))}")
    reporter.say(f"  vault kv metadata get {stage.session.vault.mount}/{FOLDER}/slots/ghcr-pull")
    reporter.say(f"  [dim]logs: {escape(_shown(stage.folder))}/*.log, */*.log there[/dim]")


def tell_failure(stage: Stage, reporter: Reporter, cause: str) -> None:
    """What did not converge and why, and what the operator said last."""
    reporter.say(f"\n[bold red]The demo did not converge[/bold red]: {escape(cause)}")
    for slot in _slots(stage):
        if not is_ready(slot):
            condition = next((each for each in _conditions(slot) if each["type"] == "Ready"), None)
            why = f"{condition['reason']}: {condition['message']}" if condition else "nothing was said of it yet"
            reporter.say(f"  {slot['kind']} {slot['metadata']['name']}: {escape(why)}")
    for program, log in stage.logs.items():
        if log.exists():
            reporter.say(f"\n[bold]The {program}'s last lines[/bold] [dim]{escape(_shown(log))}[/dim]")
            reporter.say(escape(last_lines(log, LOG_LINES).replace(" | ", "\n")))


def _place(declared: dict[str, Any]) -> tuple[str, str]:
    """Project and environment."""
    return declared["spec"]["project"], declared["spec"]["environment"]


def _entry(stage: Stage, name: str) -> tuple[str, str, str]:
    vault, path = stage.session.vault, f"{FOLDER}/{name}"
    return name, str(vault.version(path)), ", ".join(vault.read(path) or {})


def _slots(stage: Stage) -> Iterator[dict[str, Any]]:
    """All that is declared, where there is a server that answers; a list leaves out of which kind its objects are."""
    if stage.has_servers:
        for kind, collection in (("SecretSlot", SLOTS), ("EnvSecret", ENV_SECRETS)):
            yield from ({**each, "kind": kind} for each in stage.session.kube.list(collection))


def _conditions(slot: dict[str, Any]) -> list[dict[str, Any]]:
    return list(slot.get("status", {}).get("conditions", ()))


def _shown(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _section(reporter: Reporter, title: str, note: str) -> None:
    reporter.say(f"\n[bold]{title}[/bold]  [dim]{escape(note)}[/dim]")


def _table(reporter: Reporter, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as kubectl prints them, which no width of a terminal folds."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        reporter.say(escape("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()))
