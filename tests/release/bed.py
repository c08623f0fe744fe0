"""A release that is installed in one mode, with the programs that run under it, and what tests do with both."""

from __future__ import annotations

import http.client
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from testbed.clients.kube import core, envs, slots
from testbed.gateway import Gateway, lead_to, user_token
from testbed.operator import Operator
from testbed.wait import eventually
from tests.e2e.support import condition, data
from tests.gateway.support import TIMEOUT, authority, context
from tests.release.modes import NO_AGGREGATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.audit import Mark
    from testbed.clients.kube import Kube
    from testbed.release import Release
    from tests.release.rights import Right

Json = dict[str, Any]
GROUP: Final = "values.slotwarden.io"
KINDS: Final = {"secretslots": "SecretSlot", "envsecrets": "EnvSecret"}
IMPATIENCE: Final = 3.0
"""Seconds for what cannot be, without a right, once that was asked for."""
_ROUNDS: Final = 10


@dataclass(frozen=True)
class Answer:
    """What the gateway answered."""

    code: int
    text: str


@dataclass
class Bed:
    """A release, and the namespaces that it serves.

    Attributes:
        namespace: the one that tests work in.
        tls: the authority of a certificate that others look after; empty where the gateway makes its own.
        without: the right that was left out; None where all are there.
    """

    release: Release
    mode: str
    namespace: str
    tls: str
    since: Mark
    without: Right | None = None
    _token: str = field(default="", repr=False)
    _started: set[str] = field(default_factory=set)

    @property
    def kube(self) -> Kube:
        return self.release.session.kube

    @property
    def prefix(self) -> str:
        """The folder in Vault."""
        return self.release.namespace

    def eventually(self, check: Callable[[], Any], message: str) -> Any:
        """What becomes true soon; without a right, given up soon after that was refused."""
        if self.without is None:
            return eventually(check, message=message)
        for _ in range(_ROUNDS):
            try:
                return eventually(check, IMPATIENCE, message=message)
            except AssertionError as error:
                failed = error
                if self.is_missed():
                    break
        raise failed

    def operator(self) -> Operator:
        """The operator, which leads."""
        found = self.release.program("operator")
        assert isinstance(found, Operator)
        self._start(found)
        return found

    def gateway(self) -> Gateway:
        """The gateway, which is ready, and which the API server forwards to where it does that."""
        found = self.release.program("gateway")
        assert isinstance(found, Gateway)
        self._start(found)
        return found

    def refusals(self) -> list[Json]:
        """What the API server refused the programs, for want of a right or by a policy."""
        log = self.release.session.kube_audit
        events = [event for each in self.release.programs for event in log.events(since=self.since, user=each.user)]
        refused = [event for event in events if event["responseStatus"]["code"] == http.HTTPStatus.FORBIDDEN]
        # Namespaces of the release before go at their leisure.
        return [event for event in refused if "being terminated" not in event["responseStatus"]["message"]]

    def is_missed(self) -> bool:
        """Whether anything was refused for want of the right that is left out."""
        return self.without is not None and any(map(self.without.is_missed, self.refusals()))

    def asked_for(self, since: Mark, verb: str, resource: str) -> list[Json]:
        """The operator's requests of a kind, refused ones too."""
        log, user = self.release.session.kube_audit, self.operator().user
        return log.events(since=since, user=user, resource=resource, verbs={verb})

    def name(self) -> str:
        """A name that no other test has."""
        return f"n{secrets.token_hex(4)}"

    def path(self, resource: str, name: str = "") -> str:
        return (slots if resource == "secretslots" else envs)(self.namespace, name)

    def make(self, resource: str, spec: Json, **metadata: Any) -> str:
        """An object; its name. An EnvSecret's environment has that name too."""
        name = self.name()
        if resource == "envsecrets":
            spec = {"project": "shop", "environment": name, "key": "KEY", **spec}
        head = {"apiVersion": "slotwarden.io/v1beta1", "kind": KINDS[resource]}
        self.kube.create(self.path(resource), {**head, "metadata": {"name": name, **metadata}, "spec": spec})
        return name

    def get(self, resource: str, name: str) -> Json:
        return self.kube.get(self.path(resource, name))

    def ready(self, resource: str, name: str) -> Json:
        """An object, once it is ready as it is now."""

        def check() -> Json:
            found = self.get(resource, name)
            ready = condition(found) if "status" in found else {}
            assert ready.get("status") == "True", ready
            assert ready["observedGeneration"] == found["metadata"]["generation"], ready
            return found

        found: Json = self.eventually(check, f"{resource} {name} is ready")
        return found

    def secret(self, name: str) -> dict[str, str]:
        """What is in a Secret; RefusedError where there is none."""
        return data(self.kube.get(core(self.namespace, "secrets", name)))

    def projected(self, resource: str, name: str) -> str:
        """The name of the Secret that is made of an object that is ready."""
        (found, *_) = self.ready(resource, name)["status"]["projections"]
        return str(found["secretName"])

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """A request to the gateway by somebody who may do everything with objects and values."""
        gateway, token = self.gateway(), self._bearer()
        tls = context(self.tls or authority(self.kube, self.release.namespace))
        headers = {"Authorization": f"Bearer {token}", "X-Slotwarden-Organization": self.namespace}
        connection = http.client.HTTPSConnection("localhost", gateway.port, context=tls, timeout=TIMEOUT)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {**headers, "Content-Type": "application/json"})
            response = connection.getresponse()
            return Answer(response.status, response.read().decode())
        finally:
            connection.close()

    def asked(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request that is done in the end, parsed; None where it is empty."""

        def check() -> Answer:
            answer = self.ask(method, path, body)
            assert answer.code < http.HTTPStatus.BAD_REQUEST, answer
            return answer

        text = self.eventually(check, f"{method} {path} is done").text
        return json.loads(text) if text else None

    def values(self, resource: str, name: str) -> str:
        """The path of what the values API does with an object."""
        return f"/apis/{GROUP}/v1beta1/namespaces/{self.namespace}/{resource}/{name}"

    def _start(self, program: Operator | Gateway) -> None:
        if program.command in self._started:
            if not program.running:
                program.start()
            return
        program.start(wait=False)
        self._started.add(program.command)
        eventually(program.healthz, message=f"the {program.command} listens")
        self.eventually(lambda: program.readyz()[0] == http.HTTPStatus.OK, f"the {program.command} is ready")
        if isinstance(program, Gateway) and self.mode != NO_AGGREGATION:
            lead_to(self.kube, program, self.release.namespace)

    def _bearer(self) -> str:
        """A token of a ServiceAccount that may do everything, once it may."""
        if not self._token:
            name = "client"
            self.kube.create(core(self.namespace, "serviceaccounts"), {"metadata": {"name": name}})
            rules = [{"apiGroups": ["slotwarden.io", GROUP], "resources": ["*"], "verbs": ["*"]}]
            rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}"
            self.kube.create(f"{rbac}/roles", {"metadata": {"name": name}, "rules": rules})
            binding = {
                "metadata": {"name": name},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
                "subjects": [{"kind": "ServiceAccount", "namespace": self.namespace, "name": name}],
            }
            self.kube.create(f"{rbac}/rolebindings", binding)
            self._token = user_token(self.kube, self.namespace, name)
        return self._token
