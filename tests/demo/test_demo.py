"""The demo as a user runs it, in a folder of its own, and what it says where it cannot converge."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from testbed.binaries import Resolver
from testbed.demo import stage
from testbed.demo.__main__ import main
from testbed.install import ROOT
from testbed.progress import Reporter
from testbed.wait import eventually
from tests.docs.pages import blocks, missing

# One after the other: each has a control plane and a Vault of its own.
pytestmark = pytest.mark.xdist_group("demo")

COMMAND = [sys.executable, "-m", "testbed.demo"]
SHOWN = (
    "until its 3 slots are Ready",
    "Vault holds the 3 values, and the Secrets hold the same",
    "values that were given inline are gone from their objects",
    "DATABASE_URL of shop/production is declared: AwaitingValue, no Secret",
    "sam sets it by kubectl create --raw: shop-production-env has it",
    "sam cannot read it back, nor rita, who may get, list and watch all slots",
    "ci posts ci-push to /v1/ignite/secrets: slot and Secret are there",
    "ci gets no value: it may neither read what is known of slots nor reveal",
    "ghcr-source has a new password: stored in Vault, ghcr-pull follows",
    "github-token is written to Vault by hand: it follows on a refresh",
    "Secret github-token edited: made right",
    "Secret docker-hub deleted: made anew",
    "All of it converged",
)
ROWS = (
    r"^xdockerhubx\.ulllllull +registry +True +Ready +docker-hub ",
    r"^docker-hub +kubernetes\.io/basic-auth +xdockerhubx\.ulllllull$",
    r"^ghcr-pull +kubernetes\.io/dockerconfigjson +ghcr-pull$",
    r"^shop +production +DATABASE_URL +True +Ready +shop-production-env$",
    r"^shop-production-env +Opaque +shop/production$",
    r"^slots/DockerHub +1 +password, server_address, username$",
    r"^slots/github-token +2 +token, url, username$",
    r"^env/shop/production/DATABASE_URL +1 +value$",
)


def leftovers(folder: Path) -> list[str]:
    """The command lines of processes that work in a folder."""
    shown = subprocess.run(["ps", "-ewwo", "args="], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in shown if str(folder) in line and "testbed.demo" not in line]


def example_values() -> set[str]:
    """Every value in examples/."""
    texts = [path.read_text() for path in (ROOT / "examples").glob("*.yaml")]
    return set(re.findall(r"^ +(?:token|password): (\S+)$", "\n".join(texts), re.MULTILINE))


def test_shows_everything_once_and_exits_by_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--once", "--dir", str(tmp_path / "demo")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for line in SHOWN:
        assert line in done.stdout
    (in_readme,) = (block for block in blocks("README.md") if not block.language)
    assert missing(in_readme.text.splitlines(), done.stdout) == []
    for row in ROWS:
        assert re.search(row, done.stdout, re.MULTILINE), row
    assert "\x1b" not in done.stdout
    assert not [value for value in example_values() if value in done.stdout + done.stderr]
    assert "postgres://" not in done.stdout + done.stderr
    assert leftovers(tmp_path) == []


def test_stays_up_until_it_is_interrupted(tmp_path: Path) -> None:
    folder, said = tmp_path / "demo", tmp_path / "said"
    with said.open("w") as out:
        demo = subprocess.Popen([*COMMAND, "--dir", str(folder)], cwd=ROOT, stdout=out, stderr=out)
    try:
        eventually(lambda: "Up until Ctrl-C" in said.read_text(), 180, message="the demo is up")
        again = subprocess.run(
            [*COMMAND, "--once", "--dir", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert again.returncode == 1
        assert f"a demo is up in {folder} (pid {demo.pid})" in again.stderr
        environment = f". {folder}/env && printenv KUBECONFIG VAULT_ADDR"
        lines = subprocess.run(["sh", "-c", environment], capture_output=True, text=True, check=True).stdout.split()
        assert yaml.safe_load(Path(lines[0]).read_text())["clusters"]
        (listing,) = re.findall(r"^  (curl .*/v1/ignite/secrets)$", said.read_text(), re.MULTILINE)
        tools = f"PATH=$PATH:{Resolver(Reporter(quiet=True)).resolve('kubectl').parent}"
        script = f". {folder}/env && {tools} && {listing}"
        listed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, cwd=ROOT).stdout
        assert "ci-push" in [each["name"] for each in json.loads(listed)["secrets"]]
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
    finally:
        demo.terminate()
        demo.wait(60)
    assert leftovers(tmp_path) == []


@pytest.mark.long
def test_a_killed_demo_is_cleaned_up_by_the_next(tmp_path: Path) -> None:
    folder, said = tmp_path / "demo", tmp_path / "said"
    with said.open("w") as out:
        demo = subprocess.Popen([*COMMAND, "--dir", str(folder)], cwd=ROOT, stdout=out, stderr=out)
    try:
        eventually(lambda: "starting the operator" in said.read_text(), 180, message="the programs are up")
    finally:
        demo.kill()
        demo.wait()
        left = leftovers(tmp_path)
        stage.Stage(folder, Reporter(quiet=True)).claim()
    assert any("slotwarden operator" in line for line in left)
    assert any("slotwarden gateway" in line for line in left)
    assert any("kube-apiserver" in line for line in left)
    assert leftovers(tmp_path) == []


@pytest.mark.long
def test_an_operator_that_vault_refuses_fails_the_demo_with_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token_only = 'path "auth/token/lookup-self" {\n  capabilities = ["read"]\n}\n'
    monkeypatch.setattr(stage, "vault_rules", lambda *_, **__: token_only)
    done = CliRunner().invoke(main, ["--once", "--timeout", "15", "--dir", str(tmp_path / "demo")])
    assert done.exit_code == 1
    assert "The demo did not converge: every slot in acme is Ready" in done.output
    assert re.search(r"SecretSlot github-token: VaultDenied: Vault answered 403 to a \w+ at secret/", done.output)
    assert "The operator's last lines" in done.output
    assert "The gateway's last lines" in done.output
    assert "All of it converged" not in done.output
    assert not [value for value in example_values() if value in done.output]
    assert leftovers(tmp_path) == []
