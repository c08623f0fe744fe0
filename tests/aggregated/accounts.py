"""ServiceAccounts with permissions, and both their ways to a value: kubectl, and a token at the gateway itself."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from testbed.clients.kube import core
from testbed.gateway import user_token
from testbed.servers.apiserver import write_kubeconfig
from testbed.wait import eventually
from tests.aggregated.users import ROOT
from tests.gateway.support import Answer, ask, authority, bearer, context

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.clients.kubectl import Kubectl, Result
    from testbed.gateway import Gateway
    from tests.e2e.support import Organization

Json = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"
WAYS: Final = ("kubectl", "token")


@dataclass(frozen=True)
class Said:
    """An answer: the reason of a refusal, which is empty for a success, and all of the text."""

    reason: str
    text: str

    @property
    def body(self) -> Json:
        found: Json = json.loads(self.text)
        return found


@dataclass(frozen=True)
class Account:
    """A ServiceAccount in the organization's namespace."""

    org: Organization
    gateway: Gateway
    name: str
    kubectl: Kubectl

    @classmethod
    def made(
        cls,
        org: Organization,
        gateway: Gateway,
        folder: Path,
        *rules: Json,
        everywhere: bool = False,
        label: str = "sa",
    ) -> Self:
        """A new one with these permissions, once they hold; `everywhere` makes them those of a ClusterRole."""
        name = f"{label}-{secrets.token_hex(3)}"
        kube, kubectl = org.kube, org.session.kubectl
        kube.create(core(org.namespace, "serviceaccounts"), {"metadata": {"name": name}})
        if rules:
            kubectl.apply(
                _roles(org.namespace, name, rules, everywhere=everywhere), namespace=org.namespace, check=True
            )
        # Of its own, as a Pod would get one: for every audience of the API server.
        token = kube.create(f"{core(org.namespace, 'serviceaccounts', name)}/token", {"spec": {}})["status"]["token"]
        own = write_kubeconfig(folder / f"{name}.kubeconfig", kube.server, kube.ca, token, name)
        found = cls(org, gateway, name, kubectl.as_in(own))
        for rule in rules:
            eventually(lambda rule=rule: found.may(rule), message=f"the permissions of {name} hold")
        return found

    @property
    def user(self) -> str:
        """Its name as a user."""
        return f"system:serviceaccount:{self.org.namespace}:{self.name}"

    def may(self, rule: Json) -> bool:
        """Whether Kubernetes lets it do the first of what a rule says."""
        resource, _, subresource = rule["resources"][0].partition("/")
        attributes = {
            "namespace": self.org.namespace,
            "group": rule["apiGroups"][0],
            "resource": resource,
            "subresource": subresource,
            "verb": rule["verbs"][0],
            "name": rule.get("resourceNames", [""])[0],
        }
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{self.org.namespace}", "system:authenticated"]
        spec = {"user": self.user, "groups": groups, "resourceAttributes": attributes}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        answer = self.org.kube.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
        return bool(answer["status"]["allowed"])

    def ask(self, way: str, what: str, body: Json | None = None) -> Said:
        """Ask for `resource/name/subresource`, by POST where there is a body."""
        return self.at(way, f"{ROOT}/namespaces/{self.org.namespace}/{what}", body)

    def at(self, way: str, path: str, body: Json | None = None) -> Said:
        """Ask for a path."""
        return self.raw(path, body) if way == "kubectl" else self.direct(path, body)

    def raw(self, path: str, body: Json | None = None) -> Said:
        """Ask through the API server."""
        if body is None:
            return _said(self.kubectl("get", "--raw", path))
        return _said(self.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body)))

    def direct(self, path: str, body: Json | None = None) -> Said:
        """Ask the gateway."""
        answer = self.answer(path, body)
        return Said(answer.body.get("reason", "") if answer.code >= 400 else "", json.dumps(answer.body))

    def answer(self, path: str, body: Json | None = None, token: str = "") -> Answer:
        """The gateway's own answer, with its headers."""
        tls = context(authority(self.org.kube, self.org.namespace))
        return ask(self.gateway, tls, path, [bearer(token or self.token())], body)

    def token(self) -> str:
        """One for the gateway."""
        return user_token(self.org.kube, self.org.namespace, self.name)


def _roles(namespace: str, name: str, rules: tuple[Json, ...], *, everywhere: bool) -> list[Json]:
    """A role of these rules, and its binding to a ServiceAccount, both named like that."""
    prefix, metadata = ("Cluster" if everywhere else ""), {"name": name}
    subject = {"kind": "ServiceAccount", "namespace": namespace, "name": name}
    kind = {"apiVersion": f"{RBAC}/v1", "metadata": metadata}
    reference = {"apiGroup": RBAC, "kind": f"{prefix}Role", "name": name}
    return [
        {**kind, "kind": f"{prefix}Role", "rules": list(rules)},
        {**kind, "kind": f"{prefix}RoleBinding", "roleRef": reference, "subjects": [subject]},
    ]


def _said(done: Result) -> Said:
    """What kubectl made of an answer."""
    if not done.code:
        return Said("", done.stdout)
    found = re.match(r"(?:Error from server|error: .*) \((\w+)\)", done.stderr)
    invalid = "Invalid" if " is invalid: " in done.stderr else "?"
    return Said(found[1] if found else invalid, done.stderr)
