"""Users with permissions, and a plain HTTP client."""

from __future__ import annotations

import http.client
import json
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from testbed.clients.kube import core
from testbed.gateway import user_token
from testbed.wait import eventually
from tests.gateway.support import TIMEOUT, authority, context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

    from testbed.clients.audit import Mark
    from testbed.clients.kube import Kube
    from testbed.clients.vault import VaultAdmin
    from testbed.gateway import Gateway
    from testbed.operator import Operator
    from testbed.session import Session

Json = dict[str, Any]
Rule = dict[str, Any]
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/{}"
OBJECTS: Final = "slotwarden.io"
VALUES: Final = "values.slotwarden.io"


def rule(group: str, verbs: str, resources: str, *names: str) -> Rule:
    """A permission, as a Role has it: verbs and resources are separated by blanks."""
    made = {"apiGroups": [group], "verbs": verbs.split(), "resources": resources.split()}
    return made | ({"resourceNames": list(names)} if names else {})


READ: Final = rule(OBJECTS, "get list", "secretslots envsecrets")
WRITE: Final = rule(OBJECTS, "create update delete", "secretslots envsecrets")
SET: Final = rule(VALUES, "create", "secretslots/value envsecrets/value")
REVEAL: Final = rule(VALUES, "create", "secretslots/reveal envsecrets/reveal")
EVERYTHING: Final = (READ, WRITE, SET, REVEAL)


def alike(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of an answer but those that no two answers have alike."""
    return {name: text for name, text in headers.items() if name not in ("date", "x-request-id")}


@dataclass(frozen=True)
class Answer:
    """An answer; the names of headers are in lower case."""

    code: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def compared(self) -> tuple[int, dict[str, str], bytes]:
        """All of it that two equal requests are answered alike."""
        return self.code, alike(self.headers), self.raw


@dataclass(frozen=True)
class Api:
    """One gateway, its operator, and an administrator's way to the objects."""

    session: Session
    namespace: str
    operator: Operator
    gateway: Gateway

    @property
    def kube(self) -> Kube:
        return self.session.kube

    @property
    def vault(self) -> VaultAdmin:
        return self.session.vault

    @property
    def prefix(self) -> str:
        """The folder of all entries in Vault, below the mount."""
        return self.namespace

    def objects(self, resource: str, name: str = "") -> str:
        """The path of the objects of a kind, or of one."""
        path = f"/apis/{OBJECTS}/v1beta1/namespaces/{self.namespace}/{resource}"
        return f"{path}/{name}" if name else path

    def asked(self, kube: Mark, vault: Mark) -> tuple[list[str], list[str]]:
        """What the calls since two marks had the gateway ask: of Kubernetes as verb and resource, of Vault by path.

        Not of what it asks by itself, and of which it knows nothing by any call: it follows what there is, renews its
        login, and reviews the same token once in a while.
        """
        events = self.session.kube_audit.events(since=kube, user=self.gateway.user)
        calls = [f"{event['verb']} {event['objectRef']['resource']}" for event in events if not _by_itself(event)]
        stored = self.session.vault_audit.requests(since=vault, user=self.gateway.vault_user)
        paths = [request["path"] for request in stored if not request["path"].startswith("auth/token/")]
        return sorted(calls), paths

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """What believes the gateway."""
        return context(authority(self.kube, self.namespace))


@dataclass(frozen=True)
class User:
    """A ServiceAccount, and its way to the gateway."""

    api: Api
    namespace: str
    name: str
    token: str = field(repr=False)

    @classmethod
    def made(cls, api: Api, name: str, rules: Sequence[Rule], namespace: str) -> Self:
        """A new one that is allowed this in the APIs' namespace, once it is."""
        kube = api.kube
        kube.create(core(namespace, "serviceaccounts"), {"metadata": {"name": name}})
        if rules:
            role = {"metadata": {"name": name}, "rules": list(rules)}
            kube.create(RBAC.format(api.namespace, "roles"), role)
            binding = {
                "metadata": {"name": name},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
            }
            kube.create(RBAC.format(api.namespace, "rolebindings"), binding)
        user = cls(api, namespace, name, user_token(kube, namespace, name))
        for each in rules:
            eventually(lambda each=each: user.may(each), message=f"the permissions of {name} hold")
        return user

    @property
    def username(self) -> str:
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    def may(self, held: Rule) -> bool:
        """Whether the API server says that they may do the first thing that the rule allows."""
        resource, _, subresource = held["resources"][0].partition("/")
        attributes = {
            "namespace": self.api.namespace,
            "group": held["apiGroups"][0],
            "resource": resource,
            "subresource": subresource,
            "verb": held["verbs"][0],
            "name": held.get("resourceNames", [""])[0],
        }
        spec = {"user": self.username, "resourceAttributes": attributes}
        answer = self.api.kube.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": spec})
        return bool(answer["status"]["allowed"])

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        gateway: Gateway | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own; bytes go as they are. Raises OSError."""
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if raw is not None:
            sent = {"Content-Type": "application/json", **sent}
        to = gateway or self.api.gateway
        connection = http.client.HTTPSConnection("localhost", to.port, context=self.api.tls, timeout=TIMEOUT)
        try:
            connection.request(method, path, raw, sent)
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, response.read())
        finally:
            connection.close()


def _by_itself(event: Json) -> bool:
    """Whether a request follows what there is: a watch, or a list in pages or of the one Secret with a certificate."""
    uri, resource = event["requestURI"], event["objectRef"]["resource"]
    follows = "limit=" in uri or (resource == "secrets" and "fieldSelector=metadata.name" in uri)
    return event["verb"] == "watch" or (event["verb"] == "list" and follows) or resource == "tokenreviews"


def canary() -> str:
    """A value that stands nowhere by chance."""
    return f"c4nary-{secrets.token_hex(16)}"
