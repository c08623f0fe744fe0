"""Two gateways of all namespaces, an operator, and a client that may do everything in one namespace."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.gateway.jobs import NUMBER, Job, Server, Step
from bench.gateway.loading import last_core, load, others, pin
from bench.stage import SYSTEM, Stage, started
from bench.web import Api
from testbed.clients.kube import core, envs
from testbed.gateway import TLS_SECRET, Gateway, user_token
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from testbed.clients.kube import Kube
    from testbed.operator import Operator

PREFIX: Final = "slotwarden"
NAMESPACE: Final = "acme"
PROJECT: Final = "bench"
MANY: Final = "many"
"""The environment that is listed."""
_CLIENT: Final = "client"
_RBAC: Final = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"
_SEEDS_AT_ONCE: Final = 16
_TOKEN_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Scene:
    """What runs, and how a client gets there.

    Attributes:
        gateway: the one that is measured, on a core of its own.
        replica: another one.
        ca: the file of the gateways' authorities.
    """

    stage: Stage
    operator: Operator
    gateway: Gateway
    replica: Gateway
    ca: Path
    token: str = field(repr=False)
    cluster: str

    def server(self, gateway: Gateway) -> Server:
        """A gateway's REST APIs."""
        return Server(_url(gateway), str(self.ca), {"Authorization": f"Bearer {self.token}"})

    def channel(self, gateway: Gateway) -> Server:
        """A gateway's gRPC."""
        return Server(f"localhost:{gateway.ports()['grpc']}", str(self.ca), {"authorization": f"Bearer {self.token}"})

    def api(self, gateway: Gateway) -> Api:
        """A client of one gateway."""
        return Api(_url(gateway), self.ca, {"Authorization": f"Bearer {self.token}"}, 1)

    def servers(self) -> dict[str, Server]:
        """All that a job's steps can name: the gateway, and the two servers as the gateway itself asks them."""
        env = self.gateway.env
        config = json.loads(Path(env["KUBECONFIG"]).read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        vault = {"X-Vault-Token": env["VAULT_TOKEN"], "X-Vault-Request": "true"}
        found = {
            "gateway": self.server(self.gateway),
            "kubernetes": Server(
                cluster["server"], cluster["certificate-authority"], {"Authorization": f"Bearer {user['token']}"}
            ),
            "vault": Server(env["VAULT_ADDR"], env.get("VAULT_CACERT"), vault),
        }
        if "grpc" in self.gateway.ports():
            found["grpc"] = self.channel(self.gateway)
        return found

    def pids(self) -> dict[str, int]:
        """The processes whose CPU is counted, by name."""
        return {"gateway": self.gateway.pid, "replica": self.replica.pid, **self.stage.pids(self.operator)}

    async def rest(self) -> None:
        """Wait until the servers, the operator and the gateways have nothing to do."""
        await self.stage.rest(self.operator)


@contextlib.asynccontextmanager
async def played(stage: Stage, *, secrets: int, slots: int) -> AsyncIterator[Scene]:
    """The programs, for a block; so many secrets are declared in the environment that is listed, and so many slots."""
    kube = stage.session.kube
    stage.make_namespaces([NAMESPACE])
    token = _client(kube)
    operator = stage.operator(PREFIX)
    gateways = [stage.replica(PREFIX, name, "--no-aggregation", "--tls-name", "localhost") for name in ("a", "b")]
    try:
        await started(operator, stage)
        for each in gateways:
            await asyncio.to_thread(each.start)
        ca = stage.session.folder / "gateway-ca.pem"
        ca.write_bytes(base64.b64decode(kube.get(core(SYSTEM, "secrets", TLS_SECRET))["data"]["ca.crt"]))
        cluster = kube.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
        scene = Scene(stage, operator, gateways[0], gateways[1], ca, token, cluster)
        pin(scene.gateway.pid, last_core())
        await _seed(scene, secrets, slots)
        yield scene
    finally:
        for program in (*gateways, operator):
            program.stop()


def secrets_path(environment: str = MANY, name: str = "") -> str:
    """The secrets of an environment in the API of environments, or one of them."""
    path = f"/{NAMESPACE}/{PROJECT}/envs/{environment}/secrets"
    return f"{path}/{name}" if name else path


def declaring(environment: str, name: str) -> Step:
    """A secret is declared."""
    body = json.dumps({"kind": "Secret", "name": name})
    return Step("gateway", "POST", secrets_path(environment), body, code=201)


def giving(environment: str, name: str, value: str) -> Step:
    """A secret gets a value."""
    return Step("gateway", "PUT", f"{secrets_path(environment, name)}/value", json.dumps({"value": value}))


def slot(name: str) -> Step:
    """A slot is made with a value, or gets another."""
    secret = {"username": "robot", "password": f"bench-{name}", "serverAddress": "ghcr.io"}
    body = json.dumps({"name": name, "value": {"registrySecret": secret}})
    return Step("gateway", "POST", "/v1/ignite/secrets", body)


async def _seed(scene: Scene, secrets: int, slots: int) -> None:
    """The environment that is listed, and slots that have values."""
    for count, step in ((secrets, _object()), (slots, slot(f"slot-{NUMBER}"))):
        if not count:
            continue
        job = Job(scene.servers(), [[step]], _SEEDS_AT_ONCE, seconds=600, most=count, cores=others(last_core()))
        await load(job)
    await scene.rest()


def _object() -> Step:
    """A secret of the environment that is listed, made by its object: many at once are nothing that is measured."""
    spec = {"project": PROJECT, "environment": MANY, "key": f"KEY_{NUMBER}"}
    body = {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": {"name": key(NUMBER)}, "spec": spec}
    return Step("kubernetes", "POST", envs(NAMESPACE), json.dumps(body), code=201)


def key(number: str) -> str:
    """The name of the object of a secret of the environment that is listed."""
    return f"key-{number}"


def _client(kube: Kube) -> str:
    """A token of one who may do everything with secrets and their values in the namespace."""
    kube.create(core(NAMESPACE, "serviceaccounts"), {"metadata": {"name": _CLIENT}})
    rules = [{"apiGroups": ["slotwarden.io", "values.slotwarden.io"], "verbs": ["*"], "resources": ["*"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": _CLIENT}
    subject = {"kind": "ServiceAccount", "name": _CLIENT, "namespace": NAMESPACE}
    kube.create(f"{_RBAC}/roles", {"metadata": {"name": _CLIENT}, "rules": rules})
    kube.create(f"{_RBAC}/rolebindings", {"metadata": {"name": _CLIENT}, "roleRef": role, "subjects": [subject]})
    eventually(lambda: _may(kube), message="the client's permissions hold")
    return user_token(kube, NAMESPACE, _CLIENT, seconds=_TOKEN_SECONDS)


def _may(kube: Kube) -> bool:
    attributes = {"namespace": NAMESPACE, "group": "slotwarden.io", "resource": "envsecrets", "verb": "create"}
    spec = {"user": f"system:serviceaccount:{NAMESPACE}:{_CLIENT}", "resourceAttributes": attributes}
    return bool(kube.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": spec})["status"]["allowed"])


def _url(gateway: Gateway) -> str:
    return f"https://localhost:{gateway.port}"
