"""Secrets compare equal, byte for byte, with what kubectl makes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings

from slotwarden.domain import basicauth, dockerconfig
from slotwarden.domain.credentials import Credential, RegistryCredential
from slotwarden.sensitive import Sensitive
from testbed.binaries import Resolver
from testbed.progress import Reporter

from .strategies import CREDENTIALS, REGISTRIES

if TYPE_CHECKING:
    from pathlib import Path

# One process per example.
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def kubectl() -> str:
    return str(Resolver(Reporter(quiet=True)).resolve("kubectl"))


def made(home: Path, *args: str) -> tuple[str, dict[str, bytes]]:
    """The type and the decoded data of the Secret that kubectl would create."""
    command = [kubectl(), "create", "secret", *args, "--dry-run=client", "--output=json"]
    environment = {"PATH": os.environ["PATH"], "KUBECONFIG": os.devnull, "HOME": str(home)}
    secret = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)
    return secret["type"], {key: base64.b64decode(value) for key, value in secret["data"].items()}


@few
@given(REGISTRIES)
@example(RegistryCredential("foo", Sensitive(b"bar"), "https://index.docker.io/v1/"))
@example(RegistryCredential("_json_key", Sensitive(b'{\n "k": "-----BEGIN\\n&<>"\n}\n'), "europe-docker.pkg.dev"))
def test_docker_registry(tmp_path: Path, credential: RegistryCredential) -> None:
    kind, data = made(
        tmp_path,
        "docker-registry",
        "test",
        f"--docker-username={credential.username}",
        f"--docker-password={credential.password.reveal_text()}",
        f"--docker-server={credential.server_address}",
    )
    assert kind == dockerconfig.SECRET_TYPE
    assert data == {dockerconfig.KEY: dockerconfig.render([credential]).reveal()}


@few
@given(CREDENTIALS)
def test_basic_auth(tmp_path: Path, credential: Credential) -> None:
    # From files: kubectl trims quotes off literals.
    rendered = basicauth.render(credential)
    for key, value in rendered.items():
        (tmp_path / key).write_bytes(value.reveal())
    files = [f"--from-file={key}={tmp_path / key}" for key in ("username", "password")]
    kind, data = made(tmp_path, "generic", "test", "--type=kubernetes.io/basic-auth", *files)
    assert kind == basicauth.SECRET_TYPE
    assert data == {key: value.reveal() for key, value in rendered.items()}
