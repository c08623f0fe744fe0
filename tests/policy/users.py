from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testbed.clients.kube import Kube
    from testbed.clients.kubectl import Kubectl, Result

Json = dict[str, Any]
CANARY = "c4naryValue"
SLOTS: Json = {"apiGroups": ["slotwarden.io"], "resources": ["secretslots", "envsecrets"], "verbs": ["*"]}
VALUE: Json = {"apiGroups": ["values.slotwarden.io"], "resources": ["secretslots/value"], "verbs": ["create"]}
REVEAL: Json = {"apiGroups": ["values.slotwarden.io"], "resources": ["secretslots/reveal"], "verbs": ["create"]}
ENV_VALUE: Json = {**VALUE, "resources": ["envsecrets/value"]}
ENV_REVEAL: Json = {**REVEAL, "resources": ["envsecrets/reveal"]}
SECRETS: Json = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
WRITE_SECRETS: Json = {**SECRETS, "verbs": ["update"]}


def slot(spec: Json, name: str = "pull", **metadata: Any) -> Json:
    """A SecretSlot as a user writes it; without a name where it is generated."""
    named = metadata if "generateName" in metadata else {"name": name, **metadata}
    return {"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot", "metadata": named, "spec": spec}


def env(name: str = "url", metadata: Json | None = None, **spec: Any) -> Json:
    """An EnvSecret as a user writes it; the metadata replaces the name."""
    declared = {"project": "shop", "environment": "production", "key": "DATABASE_URL"}
    return {
        "apiVersion": "slotwarden.io/v1beta1",
        "kind": "EnvSecret",
        "metadata": metadata or {"name": name},
        "spec": {**declared, **spec},
    }


def inline(value: str = CANARY, address: str = "ghcr.io") -> Json:
    """A registry with its password inline."""
    return {"registry": {"serverAddress": address, "username": "bot", "password": value}}


def sourced(name: str = "source", key: str = "password") -> Json:
    """A registry with its password in a Secret."""
    source = {"secretKeyRef": {"name": name, "key": key}}
    return {"registry": {"serverAddress": "ghcr.io", "username": "bot", "passwordFrom": source}}


def only(rule: Json, *names: str) -> Json:
    """The rule for objects of these names alone."""
    return {**rule, "resourceNames": list(names)}


def role_of(user: str, *rules: Json) -> list[Json]:
    """A Role of these rules and its binding to a user, both named like the user."""
    group = "rbac.authorization.k8s.io"
    metadata = {"name": user}
    reference = {"apiGroup": group, "kind": "Role", "name": user}
    subjects = [{"kind": "User", "name": user}]
    return [
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": list(rules)},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": reference,
            "subjects": subjects,
        },
    ]


@dataclass(frozen=True)
class User:
    """Somebody in a namespace; every method answers what kubectl said."""

    kubectl: Kubectl
    namespace: str
    name: str

    def create(self, manifest: Json) -> Result:
        return self.kubectl("create", "-f", "-", stdin=manifest, namespace=self.namespace, as_user=self.name)

    def patch(self, patch: str, name: str = "pull", kind: str = "merge", resource: str = "sslot") -> Result:
        words = ("patch", resource, name, f"--type={kind}", "--patch-file=/dev/stdin")
        return self.kubectl(*words, stdin=patch, namespace=self.namespace, as_user=self.name)


@dataclass(frozen=True)
class Users:
    """The users of one namespace. All may do anything with the objects; a test adds the permissions beyond."""

    kube: Kube
    kubectl: Kubectl
    namespace: str

    def may(self, *rules: Json) -> User:
        """A new user with these permissions beside those to the objects."""
        name = f"user-{secrets.token_hex(4)}"
        for resource, item in zip(("roles", "rolebindings"), role_of(name, SLOTS, *rules), strict=True):
            self.kube.create(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}/{resource}", item)
        return User(self.kubectl, self.namespace, name)

    def given(self, spec: Json, **metadata: Any) -> None:
        """A slot that is there already, made by the administrator."""
        self.has(slot(spec, **metadata))

    def has(self, manifest: Json) -> None:
        """An object that is there already, made by the administrator."""
        self.kubectl.apply(manifest, namespace=self.namespace, check=True)
