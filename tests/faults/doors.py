"""What the tests of faults at the gateway share: values come in by gateways whose way to the servers is spoiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from testbed.clients.kube import core
from testbed.gateway import user_token
from tests.e2e.environments import Environment
from tests.gateway.support import ROOT, Answer, ask, authority, bearer, context
from tests.policy.users import role_of

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from testbed.gateway import Gateway
    from testbed.proxy import Proxy

Json = dict[str, Any]
SUBRESOURCES = ["envsecrets/value", "envsecrets/reveal", "envsecrets/versions", "envsecrets/rollback"]
RULES: list[Json] = [
    {"apiGroups": ["values.slotwarden.io"], "resources": SUBRESOURCES, "verbs": ["create", "get"]},
]


@dataclass(frozen=True)
class Doors(Environment):
    """An environment with gateways that reach the API server and Vault through proxies; the operator does not.

    Attributes:
        gateways: replicas; the first is asked where a test says nothing else.
        executor: runs requests that a test does not wait for.
    """

    gateways: tuple[Gateway, ...]
    to_kube: Proxy
    to_vault: Proxy
    token: str = field(repr=False)
    executor: ThreadPoolExecutor

    def ask(self, what: str, body: Json | None = None, by: int = 0) -> Answer:
        """Ask for `name/subresource`. Raises OSError where the gateway ends."""
        path = f"{ROOT}/namespaces/{self.namespace}/envsecrets/{what}"
        tls = context(authority(self.kube, self.namespace))
        return ask(self.gateways[by], tls, path, [bearer(self.token)], body)

    def set(self, name: str, value: str, request: str = "", by: int = 0) -> Answer:
        """Set a value."""
        return self.ask(f"{name}/value", {"value": value, **({"requestID": request} if request else {})}, by)

    def begin(self, name: str, value: str, request: str = "", by: int = 0) -> Future[Answer]:
        """Set a value without waiting for the answer."""
        return self.executor.submit(self.set, name, value, request, by)

    def awaiting(self, name: str) -> None:
        """A new object that waits for its value."""
        self.create(name)
        self.told(name, "AwaitingValue")

    def operation(self, name: str, request: str) -> Json:
        """What came of a request; LookupError as long as nothing did."""
        status = self.slot(name)["status"]
        if "pending" in status:
            raise LookupError("it is pending")
        (found,) = [each for each in status.get("operations", []) if each["requestID"] == request][:1] or [None]
        if found is None:
            raise LookupError(f"no operation {request}")
        return dict(found)


def make_caller(org: Environment, name: str = "caller") -> str:
    """The token of a new ServiceAccount that may do everything with the values of EnvSecrets."""
    org.kube.create(core(org.namespace, "serviceaccounts"), {"metadata": {"name": name}})
    role, binding = role_of(name, *RULES)
    binding["subjects"] = [{"kind": "ServiceAccount", "name": name, "namespace": org.namespace}]
    org.session.kubectl.apply([role, binding], namespace=org.namespace, check=True)
    return user_token(org.kube, org.namespace, name, seconds=3600)
