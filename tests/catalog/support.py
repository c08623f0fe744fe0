"""A catalog that follows real objects, and an administrator's way to these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from testbed.clients.kube import envs, slots
from testbed.proxy import Fault
from testbed.wait import eventually_async

if TYPE_CHECKING:
    from slotwarden.gateway.catalog.catalog import Catalog
    from testbed.clients.kube import Kube
    from testbed.proxy import Proxy

Json = dict[str, Any]


@dataclass(frozen=True)
class Followed:
    """A catalog, the proxy between it and the API server, and the namespaces that it is of."""

    catalog: Catalog
    proxy: Proxy
    kube: Kube
    namespaces: tuple[str, ...]
    asked: Fault = field(default_factory=Fault)

    def declare(self, key: str, namespace: str = "", **spec: Any) -> Json:
        """An EnvSecret of project `shop`."""
        where = namespace or self.namespaces[0]
        return self.kube.create(envs(where), _env(key, spec))

    def describe(self, key: str, text: str) -> Json:
        path = envs(self.namespaces[0], key.lower())
        return self.kube.patch(path, {"spec": {"description": text}})

    def delete(self, key: str) -> None:
        self.kube.delete(envs(self.namespaces[0], key.lower()))

    def keys(self, namespace: str = "") -> list[str]:
        found = self.catalog.environment(namespace or self.namespaces[0], "shop", "production")
        return [record.entry[-1] for record in found]

    def description(self, key: str) -> str | None:
        record = self.catalog.get("envsecrets", self.namespaces[0], key.lower())
        return record.description if record else None

    def lists(self) -> int:
        """How often a list was begun."""
        return sum("limit=" in asked and "continue=" not in asked for asked in self.asked.seen)

    async def has(self, *keys: str, namespace: str = "") -> None:
        await eventually_async(lambda: self.keys(namespace) == sorted(keys), message=f"the catalog tells of {keys}")

    async def in_touch(self) -> None:
        await eventually_async(lambda: self.catalog.ready and not self.catalog.behind, message="it is in touch")


def declare_slot(kube: Kube, namespace: str, name: str) -> Json:
    body = {"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot", "metadata": {"name": name}}
    return kube.create(slots(namespace), {**body, "spec": {"registry": {"serverAddress": "ghcr.io"}}})


def _env(key: str, spec: Json) -> Json:
    body = {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": {"name": key.lower()}}
    return {**body, "spec": {"project": "shop", "environment": "production", "key": key, **spec}}
