"""How the program is told what to do, and how it says what it was told wrong."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from slotwarden.main import main
from slotwarden.telemetry import logs
from testbed.operator import Operator
from testbed.program import PROGRAM
from tests.e2e.support import Organization, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from testbed.session import Session

COMMAND = main.commands["operator"]
OPTIONS = [option for option in COMMAND.params if isinstance(option, click.Option) and option.name != "help"]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.opts[0])
def test_an_option_has_the_variable_of_its_name(option: click.Option, monkeypatch: pytest.MonkeyPatch) -> None:
    flag = option.opts[0]
    assert flag.startswith("--")
    monkeypatch.setenv("SLOTWARDEN_" + flag.removeprefix("--").replace("-", "_").upper(), "7")
    parent = click.Context(main, info_name="slotwarden", auto_envvar_prefix="SLOTWARDEN")
    context = COMMAND.make_context("operator", [], parent=parent, resilient_parsing=True)
    assert option.resolve_envvar_value(context) == "7"


def test_no_option_takes_a_secret() -> None:
    """The arguments of a process can be read by others."""
    assert not {"--vault-token", "--vault-jwt", "--token"} & {flag for option in OPTIONS for flag in option.opts}


def test_variables_alone_are_enough(
    installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str, tmp_path: Path
) -> None:
    """Ours win over those of Vault's own client."""
    env = dict(operator(namespace, start=False).env)
    own = {
        "NAMESPACE": namespace,
        "VAULT_ADDRESS": env.pop("VAULT_ADDR"),
        "VAULT_TOKEN": env.pop("VAULT_TOKEN"),
        "VAULT_MOUNT": installed.vault.mount,
        "VAULT_PREFIX": vault_prefix,
        "CLUSTER_ID": "named",
        "LOG_FORMAT": "console",
        "LOG_LEVEL": "debug",
    }
    if ca := env.pop("VAULT_CACERT", None):
        own["VAULT_CA"] = ca
    theirs = {"VAULT_ADDR": "https://127.0.0.1:1", "VAULT_TOKEN": "wrong", "VAULT_CACERT": os.devnull}
    variables = {f"SLOTWARDEN_{name}": value for name, value in own.items()}
    user = f"system:serviceaccount:{namespace}:slotwarden"
    running = Operator([], {**env, **theirs, **variables}, tmp_path / "operator", user)
    try:
        org = Organization(installed, namespace, vault_prefix, running.start())
        org.made("git", git("token"))
    finally:
        running.stop()
    metadata = org.vault.metadata(org.entry("git"))
    assert metadata is not None
    assert metadata["custom_metadata"]["slotwarden.io/cluster"] == "named"


def kubeconfig(folder: Path, **cluster: str) -> Path:
    path = folder / "kubeconfig"
    config = {
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": "https://127.0.0.1:1", **cluster}}],
        "users": [{"name": "it", "user": {"token": "c4n4ry"}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }
    path.write_text(json.dumps(config))
    return path


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        ([], {"VAULT_TOKEN": ""}, "--vault-token-file, SLOTWARDEN_VAULT_TOKEN or VAULT_TOKEN"),
        (["--vault-address", "vault:8200"], {}, "--vault-address: the address of Vault must be https://host[:port]"),
        ([], {"VAULT_ADDR": "ftp://vault"}, "--vault-address: "),
        (["--vault-auth", "kubernetes"], {}, "--vault-role: "),
        (["--vault-auth", "ldap"], {}, "'--vault-auth'"),
        (["--vault-mount", "a/../b"], {}, "--vault-mount: "),
        (["--transit-mount", "a/../b"], {}, "--transit-mount: "),
        (["--vault-prefix", "../other"], {}, "--vault-prefix: "),
        (["--vault-ca", "/does/not/exist"], {}, "--vault-ca: "),
        (["--namespace", "Not_One"], {}, "--namespace: 'Not_One' is not a namespace's name"),
        (["--sweep-grace", "soon"], {}, "'--sweep-grace'"),
        (["--port-file", "/does/not/exist/ports"], {}, "--port-file: cannot write"),
        ([], {"KUBECONFIG": "missing"}, "KUBECONFIG"),
        ([], {"KUBECONFIG": "broken"}, "KUBECONFIG"),
        ([], {"KUBECONFIG": "no-ca"}, "kubeconfig"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_setting_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], env: dict[str, str], said: str
) -> None:
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    files = {"missing": tmp_path / "missing", "broken": tmp_path / "broken"}
    files["broken"].write_text("{token: c4n4ry")
    files["no-ca"] = kubeconfig(tmp_path, **{"certificate-authority": "/does/not/exist"} if "KUBECONFIG" in env else {})
    base = {"KUBECONFIG": "no-ca", "VAULT_TOKEN": "token", "VAULT_ADDR": None, "VAULT_CACERT": None, **env}
    base["KUBECONFIG"] = str(files[str(base["KUBECONFIG"])])
    flags = ["operator", "--health-port", "0", "--metrics-port", "0", *arguments]
    done = CliRunner().invoke(main, flags, env=base)
    assert done.exit_code not in (0, None)
    assert isinstance(done.exception, SystemExit)
    assert "c4n4ry" not in done.output
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert said in line


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        base = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "VAULT_TOKEN": "t"}
        done = subprocess.run(
            [str(PROGRAM), "operator", "--metrics-port", port, "--health-port", "0"],
            env={**base, "KUBECONFIG": str(kubeconfig(tmp_path))},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode
    assert "Traceback" not in done.stderr
    assert f"Error: --metrics-port: cannot listen on 127.0.0.1:{port}" in done.stderr
