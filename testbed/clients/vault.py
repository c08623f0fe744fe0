"""Vault as its administrator sees it: entries of the KV engine, policies, tokens, the Kubernetes auth method."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests

from testbed.clients.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Json = dict[str, Any]
TIMEOUT = 30


class VaultAdmin:
    """A client with one token; paths of entries are relative to the mount. Raises RefusedError."""

    def __init__(
        self, address: str, token: str, ca: Path | str | None, mount: str = "secret", transit: str = "transit"
    ) -> None:
        self.address = address.rstrip("/")
        self.mount = mount
        self.transit = transit
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(ca) if ca else True
        self._session.headers.update({"X-Vault-Token": token, "X-Vault-Request": "true"})

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Json:
        """Any call under /v1/; an empty answer is {}."""
        response = self._session.request(method, f"{self.address}/v1/{path}", json=body, timeout=TIMEOUT)
        if not response.ok:
            raise RefusedError(response.status_code, response.text.strip())
        return dict(response.json()) if response.content else {}

    def read(self, path: str, version: int | None = None) -> Json | None:
        """The data of the newest version, or of one; None where there is none or it is deleted."""
        query = f"?version={version}" if version else ""
        answer = self._find(f"{self.mount}/data/{path}{query}")
        return answer["data"] if answer else None

    def version(self, path: str) -> int:
        """The current version of an entry, deleted or not; 0 where there is no entry."""
        found = self.metadata(path)
        return int(found["current_version"]) if found else 0

    def metadata(self, path: str) -> Json | None:
        """current_version, versions, custom_metadata, … of an entry; None where there is none."""
        return self._find(f"{self.mount}/metadata/{path}")

    def write(self, path: str, data: Mapping[str, Any], cas: int | None = None) -> int:
        """Write a version and return its number; `cas` as Vault's."""
        options = {} if cas is None else {"cas": cas}
        body = {"data": dict(data), "options": options}
        return int(self.request("POST", f"{self.mount}/data/{path}", body)["data"]["version"])

    def set_custom_metadata(self, path: str, values: Mapping[str, str]) -> None:
        """Replace an entry's custom metadata."""
        self.request("POST", f"{self.mount}/metadata/{path}", {"custom_metadata": dict(values)})

    def list(self, path: str) -> list[str]:
        """The names under a folder; [] where there is none."""
        answer = self._find(f"{self.mount}/metadata/{path}?list=true")
        return list(answer["keys"]) if answer else []

    def soft_delete(self, path: str, versions: Sequence[int] | None = None) -> None:
        """Delete the newest version, or these, so that they can be undeleted."""
        if versions is None:
            self.request("DELETE", f"{self.mount}/data/{path}")
        else:
            self.request("POST", f"{self.mount}/delete/{path}", {"versions": list(versions)})

    def undelete(self, path: str, versions: Sequence[int]) -> None:
        """Take a soft deletion back."""
        self.request("POST", f"{self.mount}/undelete/{path}", {"versions": list(versions)})

    def destroy(self, path: str, versions: Sequence[int]) -> None:
        """Destroy the data of versions for good."""
        self.request("POST", f"{self.mount}/destroy/{path}", {"versions": list(versions)})

    def purge(self, path: str) -> None:
        """Remove an entry with all its versions and metadata."""
        self.request("DELETE", f"{self.mount}/metadata/{path}")

    def purge_folder(self, path: str) -> None:
        """Remove everything under a folder."""
        for name in self.list(path):
            child = f"{path}/{name}"
            if name.endswith("/"):
                self.purge_folder(child.rstrip("/"))
            else:
                self.purge(child)

    def write_policy(self, name: str, rules: str) -> None:
        """Make or replace an ACL policy (HCL)."""
        self.request("PUT", f"sys/policies/acl/{name}", {"policy": rules})

    def create_token(self, policies: Sequence[str], ttl: str = "1h", **options: Any) -> str:
        """A token with these policies that no other's revocation ends; `options` as auth/token/create-orphan's."""
        body = {"policies": list(policies), "ttl": ttl, **options}
        return str(self.request("POST", "auth/token/create-orphan", body)["auth"]["client_token"])

    def revoke_token(self, token: str) -> None:
        """End a token at once."""
        self.request("POST", "auth/token/revoke", {"token": token})

    def enable_kubernetes_auth(self, path: str, host: str, ca: str, reviewer: str) -> None:
        """Enable the Kubernetes auth method at `path` for the API server `host`; `reviewer` may create TokenReviews."""
        self.request("POST", f"sys/auth/{path}", {"type": "kubernetes"})
        config = {
            "kubernetes_host": host,
            "kubernetes_ca_cert": ca,
            "token_reviewer_jwt": reviewer,
            "disable_local_ca_jwt": True,
        }
        self.request("POST", f"auth/{path}/config", config)

    def write_kubernetes_role(self, path: str, role: str, account: tuple[str, str], **options: Any) -> None:
        """A role for one (namespace, ServiceAccount); `options` as the role's: token_policies, token_ttl, audience."""
        bound = {"bound_service_account_namespaces": account[0], "bound_service_account_names": account[1]}
        self.request("POST", f"auth/{path}/role/{role}", {**bound, **options})

    def metrics(self) -> str:
        """The server's metrics in Prometheus' format."""
        response = self._session.get(f"{self.address}/v1/sys/metrics?format=prometheus", timeout=TIMEOUT)
        if not response.ok:
            raise RefusedError(response.status_code, response.text.strip())
        return response.text

    def _find(self, path: str) -> Json | None:
        try:
            found: Json = self.request("GET", path)["data"]
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        else:
            return found
