"""The Kubernetes API by paths: JSON in, JSON out, as the kubeconfig's user."""

from __future__ import annotations

import atexit
import base64
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import yaml

from testbed.clients.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]
TIMEOUT = 30
PATCHES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}


def slots(namespace: str, name: str = "") -> str:
    """The path of the SecretSlots of a namespace, or of one."""
    return _join(f"/apis/slotwarden.io/v1beta1/namespaces/{namespace}/secretslots", name)


def envs(namespace: str, name: str = "") -> str:
    """The path of the EnvSecrets of a namespace, or of one."""
    return _join(f"/apis/slotwarden.io/v1beta1/namespaces/{namespace}/envsecrets", name)


def core(namespace: str, resource: str, name: str = "") -> str:
    """The path of a core resource (`secrets`, `configmaps`, `events`, …) of a namespace, or of one object."""
    return _join(f"/api/v1/namespaces/{namespace}/{resource}", name)


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if name else path


class Kube:
    """A client of one cluster. Every method raises RefusedError with the server's status and message."""

    def __init__(self, kubeconfig: Path) -> None:
        cluster, user = _current(yaml.safe_load(kubeconfig.read_text()))
        self.server = str(cluster["server"]).rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = _file(cluster, "certificate-authority") or True
        if token := user.get("token"):
            self._session.headers["Authorization"] = f"Bearer {token}"
        certificate, key = _file(user, "client-certificate"), _file(user, "client-key")
        if certificate and key:
            self._session.cert = (certificate, key)

    @property
    def ca(self) -> str:
        """The file of the authority that signed the server's certificate."""
        return str(self._session.verify)

    def get(self, path: str, **query: str) -> Json:
        """One object, or whatever the path answers."""
        return self._json("GET", path, query)

    def find(self, path: str) -> Json | None:
        """One object; None where there is none."""
        try:
            return self.get(path)
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def list(self, path: str, **query: str) -> list[Json]:
        """The items of a collection; `labelSelector` and `fieldSelector` narrow it."""
        return list(self.get(path, **query)["items"])

    def create(self, path: str, body: Mapping[str, Any], **query: str) -> Json:
        """POST to a collection or to a subresource."""
        return self._json("POST", path, query, body)

    def replace(self, path: str, body: Mapping[str, Any], **query: str) -> Json:
        """PUT an object."""
        return self._json("PUT", path, query, body)

    def patch(self, path: str, body: Any, kind: str = "merge", **query: str) -> Json:
        """Patch an object; `kind` is `merge`, `json` or `apply` (which needs the query `fieldManager`)."""
        return self._json("PATCH", path, query, body, PATCHES[kind])

    def delete(self, path: str, **options: Any) -> None:
        """Delete an object or a collection; gone already is fine. `options` are DeleteOptions."""
        try:
            self._json("DELETE", path, {}, options or None)
        except RefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def text(self, path: str) -> str:
        """A plain answer, for example `/metrics`."""
        return self._call("GET", path, {}).text

    def _json(
        self, method: str, path: str, query: Mapping[str, str], body: Any = None, content: str = "application/json"
    ) -> Json:
        answer: Json = self._call(method, path, query, body, content).json()
        return answer

    def _call(
        self, method: str, path: str, query: Mapping[str, str], body: Any = None, content: str = "application/json"
    ) -> requests.Response:
        response = self._session.request(
            method, self.server + path, params=query, json=body, headers={"Content-Type": content}, timeout=TIMEOUT
        )
        if not response.ok:
            try:
                said = str(response.json().get("message", response.text))
            except ValueError:
                said = response.text
            raise RefusedError(response.status_code, said)
        return response


def _current(config: Json) -> tuple[Json, Json]:
    """The cluster and the user of the current context."""

    def named(section: str, name: str) -> Json:
        item: Json = next(item for item in config[section] if item["name"] == name)
        return dict(item[section.removesuffix("s")])

    context = named("contexts", config["current-context"])
    return named("clusters", context["cluster"]), named("users", context["user"])


def _file(section: Json, key: str) -> str | None:
    """The file of a setting that may be given as a file or as data."""
    if data := section.get(f"{key}-data"):
        with tempfile.NamedTemporaryFile(prefix="slotwarden-kubeconfig-", delete=False) as handle:
            handle.write(base64.b64decode(data))
        atexit.register(Path(handle.name).unlink, missing_ok=True)
        return handle.name
    value = section.get(key)
    return str(Path(value)) if value else None
