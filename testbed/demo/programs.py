"""The demo's scene for programs: one call to a published API, with a token of a ServiceAccount, makes a whole slot."""

from __future__ import annotations

import base64
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

import requests

from testbed.clients.kube import core
from testbed.demo.stage import ACME, SYSTEM
from testbed.gateway import TLS_SECRET, user_token
from testbed.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.demo.stage import Stage

ACCOUNT: Final = "ci"
SLOT: Final = "ci-push"
PATH: Final = "/v1/ignite/secrets"
AUTHORITY: Final = "gateway-ca.crt"
RULES: Final = (
    {"apiGroups": ["slotwarden.io"], "resources": ["secretslots"], "verbs": ["create", "list"]},
    {"apiGroups": ["values.slotwarden.io"], "resources": ["secretslots/value"], "verbs": ["create"]},
)
TIMEOUT: Final = 30


class Program:
    """A program with a ServiceAccount, which may make slots and list them, and never read a value."""

    def __init__(self, stage: Stage) -> None:
        self._kube = stage.session.kube
        self._url = f"https://localhost:{stage.gateway_port}{PATH}"
        self._authority = authority(stage)
        self._authority.write_bytes(
            base64.b64decode(self._kube.get(core(SYSTEM, "secrets", TLS_SECRET))["data"]["ca.crt"])
        )

    def admit(self) -> None:
        """Make the ServiceAccount and what it may do."""
        self._kube.create(core(ACME, "serviceaccounts"), {"metadata": {"name": ACCOUNT}})
        rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{ACME}"
        self._kube.create(f"{rbac}/roles", {"metadata": {"name": ACCOUNT}, "rules": list(RULES)})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT}
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": ACME}
        self._kube.create(
            f"{rbac}/rolebindings", {"metadata": {"name": ACCOUNT}, "roleRef": role, "subjects": [subject]}
        )

    def make_slot(self, timeout: float) -> float:
        """Make a slot; seconds from the call until its Secret is there. Raises AssertionError."""
        login = {"username": "acme-bot", "password": secrets.token_urlsafe(24), "serverAddress": "ghcr.io"}
        began = time.monotonic()
        answer = self._ask("POST", "", {"name": SLOT, "value": {"registrySecret": login}})
        if answer.status_code != requests.codes.ok:
            raise AssertionError(f"{ACCOUNT} may make a slot: {answer.status_code}")
        eventually(
            lambda: self._kube.find(core(ACME, "secrets", SLOT)),
            timeout,
            interval=0.005,
            message=f"Secret {SLOT} is made",
        )
        return time.monotonic() - began

    def read_back(self) -> int:
        """The code of the answer to one who asks for the value."""
        return self._ask("GET", f"/{SLOT}").status_code

    def _ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {user_token(self._kube, ACME, ACCOUNT)}"}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, self._url + path, json=body, headers=headers, verify=str(self._authority), timeout=TIMEOUT
            )


def authority(stage: Stage) -> Path:
    """The file with the authority of the gateway's certificate."""
    return stage.folder / AUTHORITY


def to_list(url: str, file: str) -> str:
    """A command that lists the slots as the program does."""
    token = f"$(kubectl -n {ACME} create token {ACCOUNT} --audience slotwarden)"
    return f'curl --cacert {file} -H "Authorization: Bearer {token}" {url}{PATH}'
