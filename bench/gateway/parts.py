"""The parts of a measurement: what a client asks of the gateway, and what is asked without it for the same."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bench.counting import Mark
from bench.gateway.jobs import NUMBER, Job, Step
from bench.gateway.loading import load
from bench.gateway.replay import Sample
from bench.gateway.scene import MANY, NAMESPACE, PREFIX, PROJECT, declaring, key, secrets_path, slot
from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import env_object_name
from slotwarden.gateway.published.pb import secret_service_pb2
from testbed.clients import kube

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bench.gateway.scene import Scene

Works = list[list[Step]]

SLOTS: Final = 20
"""How many slots there are to be read."""
_KEYS: Final = 50
"""How many of an environment's secrets are asked for in turn."""
_SAMPLE: Final = "sample"
_READ: Final = "/dodil.ignite.v1.SecretService/GetSecret"


def asked(part: str, tag: str) -> Works:
    """What a client asks of the gateway; `tag` tells the names that are made from those of other loads."""
    match part:
        case "get":
            return [[Step("gateway", "GET", secrets_path(MANY, _key(number)))] for number in range(_KEYS)]
        case "list":
            return [[Step("gateway", "GET", secrets_path())]]
        case "read":
            return [[Step("gateway", "GET", f"/v1/ignite/secrets/{_slot(number)}")] for number in range(SLOTS)]
        case "read_grpc":
            return [[_call(_slot(number))] for number in range(SLOTS)]
        case "create":
            return [[declaring(f"new-{tag}", f"NEW_{NUMBER}")]]
        case "create_slot":
            return [[slot(f"new-{tag}-{NUMBER}")]]
    raise LookupError(part)


async def bare(scene: Scene, part: str, tag: str) -> Works:
    """The calls behind it, made without the gateway.

    What the gateway answers from memory has none: there it is what whoever remembers nothing would have to ask.
    """
    return await _BARE[part](scene, tag)


async def _object(_scene: Scene, _tag: str) -> Works:
    return [[Step("kubernetes", "GET", kube.envs(NAMESPACE, key(f"{number:06}")))] for number in range(_KEYS)]


async def _objects(_scene: Scene, _tag: str) -> Works:
    fields = quote(f"spec.project={PROJECT},spec.environment={MANY}", safe="")
    # As the API server has them in memory: the least that can be asked of it.
    return [[Step("kubernetes", "GET", f"{kube.envs(NAMESPACE)}?fieldSelector={fields}&resourceVersion=0")]]


async def _entry(scene: Scene, _tag: str) -> Works:
    folder = f"/v1/{scene.stage.session.vault.mount}/data/{PREFIX}/{NAMESPACE}/slots"
    return [[Step("vault", "GET", f"{folder}/{_slot(number)}")] for number in range(SLOTS)]


async def _declared(scene: Scene, tag: str) -> Works:
    """As for one secret that is declared for this, with other names."""
    ref = EnvRef(NAMESPACE, PROJECT, f"{_SAMPLE}-{tag}", "NEW")
    sample = await _sampled(scene, declaring(ref.environment, ref.key))
    names = {
        env_object_name(ref): f"bare-{tag}-{NUMBER}",
        ref.environment: f"bare-{tag}",
        '"NEW"': f'"NEW_{NUMBER}"',
        "%3DNEW": f"%3DNEW_{NUMBER}",
    }
    return [sample.steps(names, scene.cluster, {})]


async def _made(scene: Scene, tag: str) -> Works:
    """As for one slot that is made for this, with other names."""
    name = f"{_SAMPLE}-{tag}"
    step = slot(name)
    secret = json.loads(step.body or "")["value"]["registrySecret"]
    value = {"username": secret["username"], "password": secret["password"], "server_address": secret["serverAddress"]}
    sample = await _sampled(scene, step)
    return [sample.steps({name: f"bare-{tag}-{NUMBER}"}, scene.cluster, value)]


_BARE: Final[dict[str, Callable[[Scene, str], Awaitable[Works]]]] = {
    "get": _object,
    "list": _objects,
    "read": _entry,
    "read_grpc": _entry,
    "create": _declared,
    "create_slot": _made,
}


async def _sampled(scene: Scene, step: Step) -> Sample:
    """What the gateway asks of the servers for one request."""
    await scene.rest()
    mark = Mark.now(scene.stage.session)
    await load(Job(scene.servers(), [[step]], most=1))
    await scene.rest()
    return Sample.since(scene, mark)


def _call(name: str) -> Step:
    message = secret_service_pb2.GetSecretRequest(name=name).SerializeToString()
    return Step("grpc", "gRPC", _READ, base64.b64encode(message).decode())


def _key(number: int) -> str:
    return f"KEY_{number:06}"


def _slot(number: int) -> str:
    return f"slot-{number:06}"
