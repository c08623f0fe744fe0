"""A client in another language, generated from the proto by its own tools, does all that the contract says."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from testbed.binaries.errors import SourceFailedError
from tests.gateway.support import authority
from tests.published import goclient
from tests.published.slots import Slot, git, registry
from tests.published.support import canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.published.support import Api, User


@pytest.fixture(scope="module")
def client() -> Path:
    try:
        return goclient.built()
    except (SourceFailedError, OSError) as error:
        pytest.skip(f"no client in Go: {error}")


@pytest.mark.timeout(900)
def test_a_client_in_go(client: Path, api: Api, owner: User, tmp_path: Path) -> None:
    slot, value, ca = Slot.new(api, "Go_{}"), canary(), tmp_path / "ca.crt"
    ca.write_text(authority(api.kube, api.namespace))
    env = {
        "SLOT_TARGET": f"localhost:{api.gateway.grpc_port}",
        "SLOT_CA": str(ca),
        "SLOT_TOKEN": owner.token,
        "SLOT_NAME": slot.name,
        "SLOT_VALUE": value,
    }
    done = subprocess.run([client], env={**os.environ, **env}, capture_output=True, text=True, check=True, timeout=120)
    steps: list[dict[str, Any]] = json.loads(done.stdout)
    assert [(step["call"], step["code"]) for step in steps] == [
        ("create", "OK"),
        ("get", "OK"),
        ("create", "OK"),
        ("get", "OK"),
        ("list", "OK"),
        ("delete", "OK"),
        ("delete", "OK"),
        ("get", "NotFound"),
        ("create", "InvalidArgument"),
        ("create", "InvalidArgument"),
        ("create", "Unauthenticated"),
    ]
    made, first, again, second, listed, gone, none = (step["body"] for step in steps[:7])
    assert made["metadata"]["type"] == "registry_secret"
    assert first == {"name": slot.name, "value": registry(value), "metadata": made["metadata"]}
    assert again["metadata"]["type"] == "git_secret"
    assert second == {"name": slot.name, "value": git(value), "metadata": again["metadata"]}
    assert again["metadata"] in listed["secrets"]
    assert (gone, none) == ({"deleted": True}, {"deleted": False})
