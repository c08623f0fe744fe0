"""The handlers of the aggregated API over the real API server and the real Vault; who asks is taken at its word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from slotwarden.cluster.client import KubeClient, load_configuration
from slotwarden.cluster.namespaces import Namespaces
from slotwarden.cluster.objects import Objects
from slotwarden.cluster.term import Term
from slotwarden.gateway.aggregated import status
from slotwarden.gateway.aggregated.api import Aggregated
from slotwarden.gateway.forms import Forms
from slotwarden.gateway.identity.caller import CALLER, Caller
from slotwarden.gateway.objects import ObjectReader
from slotwarden.gateway.observing import Observing
from slotwarden.sensitive import Sensitive
from slotwarden.telemetry.metrics import GatewayMetrics
from slotwarden.values.doors import ValueDoors
from slotwarden.values.paths import EntryPaths
from slotwarden.values.store import VaultStore
from slotwarden.vault.config import VaultConfig
from slotwarden.vault.kv import VaultKV

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from slotwarden.gateway.identity.permissions import Permission
    from testbed.session import Session

Json = dict[str, Any]
RESOURCES = {"SecretSlot": "secretslots", "EnvSecret": "envsecrets"}


class Everybody:
    """Lets everybody do everything."""

    async def may(self, _caller: Caller, _what: Permission, **_attributes: str) -> bool:
        return True


@dataclass(frozen=True)
class Api:
    """The API for the objects of one namespace."""

    session: Session
    namespace: str
    prefix: str
    objects: Objects
    client: TestClient[web.Request, web.Application]

    def declare(self, kind: str, name: str, spec: Mapping[str, Any], **metadata: Any) -> Json:
        body = {
            "apiVersion": "slotwarden.io/v1beta1",
            "kind": kind,
            "metadata": {"name": name, **metadata},
            "spec": dict(spec),
        }
        return self.session.kube.create(self.path(RESOURCES[kind]), body)

    def path(self, resource: str, name: str = "") -> str:
        path = f"/apis/slotwarden.io/v1beta1/namespaces/{self.namespace}/{resource}"
        return f"{path}/{name}" if name else path

    async def post(self, what: str, body: Json | None = None, *, code: int = 201) -> Json:
        """Ask `resource/name/subresource`; the answer, which has this code."""
        path = f"/apis/values.slotwarden.io/v1beta1/namespaces/{self.namespace}/{what}"
        response = await self.client.post(path, json=body or {})
        answer: Json = await response.json()
        assert response.status == code, answer
        return answer

    async def states(self, what: str) -> dict[int, str]:
        path = f"/apis/values.slotwarden.io/v1beta1/namespaces/{self.namespace}/{what}/versions"
        response = await self.client.get(path)
        assert response.status == 200
        return {item["version"]: item["state"] for item in (await response.json())["items"]}


@pytest.fixture
async def make_api(
    installed: Session, namespace: str, vault_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Any]]:
    """`await make_api(address=…, token=…)`: closed after the test."""
    closing: list[Any] = []
    monkeypatch.setenv("KUBECONFIG", str(installed.endpoints.kubeconfig))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    async def make(address: str | None = None, token: str | None = None) -> Api:
        at, metrics = installed.endpoints, GatewayMetrics()
        config = VaultConfig(
            address or at.vault_address,
            token=Sensitive.of_text(token or at.vault_token),
            ca=str(at.vault_ca) if at.vault_ca else None,
            mount=installed.vault.mount,
        )
        kv = VaultKV(config)
        kube = KubeClient(await load_configuration(), metrics.kubernetes_request, Term.unlimited())
        objects = Objects(kube)
        doors = ValueDoors(VaultStore(kv, EntryPaths(vault_prefix)), _now)
        reader = ObjectReader(objects, Namespaces(kube, None))
        app = web.Application(
            middlewares=[Observing(metrics).middleware, Forms((), status.of_request).middleware, _as_dana]
        )
        app.add_routes(Aggregated(Everybody(), reader, objects, doors, metrics, _now).routes())
        client = TestClient(TestServer(app))
        await client.start_server()
        closing.extend((client, kube, kv))
        return Api(installed, namespace, vault_prefix, objects, client)

    yield make
    for each in closing:
        await each.close()


@pytest.fixture
async def api(make_api: Callable[..., Any]) -> Api:
    """The API with the administrator's rights."""
    made: Api = await make_api()
    return made


@web.middleware
async def _as_dana(request: web.Request, handler: Any) -> web.StreamResponse:
    request[CALLER] = Caller("dana", "", (), {}, "token")
    answer: web.StreamResponse = await handler(request)
    return answer


def _now() -> datetime:
    return datetime.now(UTC)
