"""The curl examples of the published reference, typed as they stand: only host and token are others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.gateway.support import authority

if TYPE_CHECKING:
    from tests.published.support import Api, User

EXAMPLES: Final = (Path(__file__).parent / "reference_slots.txt").read_text()
HOST: Final = "https://api.dev.dodil.io"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on PATH")
def test_the_examples(api: Api, owner: User, tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_text(authority(api.kube, api.namespace))

    def typed(command: str) -> Any:
        command = command.replace(HOST, f"https://localhost:{api.gateway.port}")
        env = {**os.environ, "DODIL_TOKEN": owner.token, "CURL_CA_BUNDLE": str(ca)}
        done = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, check=True, timeout=60)
        return json.loads(done.stdout)

    made, got, listed, deleted = map(typed, EXAMPLES.strip().split("\n\n"))
    metadata = made["metadata"]
    assert made == {"metadata": metadata}
    assert set(metadata) == {"name", "type", "createdAtMs", "updatedAtMs"}
    assert (metadata["name"], metadata["type"]) == ("ghcr-pull", "registry_secret")
    login = {"username": "acme-bot", "password": "ghp_xxx", "serverAddress": "ghcr.io"}
    assert got == {"name": "ghcr-pull", "value": {"registrySecret": login}, "metadata": metadata}
    assert metadata in listed["secrets"]
    assert deleted == {"deleted": True}
