"""A core instance of a test's own, as clients of its API see it and as its objects are."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import env_object_name
from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import condition

if TYPE_CHECKING:
    from testbed.gateway import Gateway
    from tests.published.support import Answer, Api, Json, User

RESOURCE: Final = "envsecrets"
PROJECT: Final = "core-instances"


def encoded(value: str | bytes) -> str:
    """A value as the API has it."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


@dataclass(frozen=True)
class Instance:
    """One core instance.

    Attributes:
        prefix: the folder in Vault, where it is not the namespace's name.
    """

    api: Api
    id: str
    prefix: str = ""

    @classmethod
    def new(cls, api: Api) -> Instance:
        return cls(api, str(uuid.uuid4()))

    def path(self, **query: Any) -> str:
        path = f"/v1/core_instances/{self.id}/secrets"
        return f"{path}?{urlencode(query)}" if query else path

    def list(self, user: User, *, gateway: Gateway | None = None, **query: Any) -> Answer:
        return user.ask("GET", self.path(**query), gateway=gateway)

    def post(self, user: User, key: str, value: str | bytes, *, gateway: Gateway | None = None, **more: Any) -> Answer:
        return user.ask("POST", self.path(), {"key": key, "value": encoded(value), **more}, gateway=gateway)

    def created(self, user: User, key: str, value: str | bytes = "", **more: Any) -> Json:
        """A new secret, as its creation is answered."""
        answer = self.post(user, key, value, **more)
        assert answer.code == 201, answer
        found: Json = answer.body
        return found

    def items(self, user: User, *, gateway: Gateway | None = None, **query: Any) -> list[Json]:
        """The items of one page."""
        answer = self.list(user, gateway=gateway, **query)
        assert answer.code == 200, answer
        found: list[Json] = answer.body["items"]
        return found

    def ref(self, key: str) -> EnvRef:
        return EnvRef(self.api.namespace, PROJECT, self.id, key)

    def object_name(self, key: str) -> str:
        """The name of the object that the API makes for a key."""
        return env_object_name(self.ref(key))

    def object(self, key: str) -> Json:
        return self.api.kube.get(self.api.objects(RESOURCE, self.object_name(key)))

    def find(self, key: str) -> Json | None:
        return self.api.kube.find(self.api.objects(RESOURCE, self.object_name(key)))

    def by_hand(self, key: str, name: str = "", **spec: Any) -> Json:
        """An object that somebody made without the API."""
        identity = {"project": PROJECT, "environment": self.id, "key": key}
        metadata = {"name": name or self.object_name(key)}
        head = {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": metadata}
        return self.api.kube.create(self.api.objects(RESOURCE), {**head, "spec": {**identity, **spec}})

    def known(self, user: User, key: str, gateway: Gateway | None = None) -> Json:
        """The item of a key, once a replica lists it."""

        def check() -> Json:
            found = [each for each in self.items(user, gateway=gateway) if each["key"] == key]
            assert len(found) == 1, key
            return found[0]

        return eventually(check, message=f"{key} is listed")

    def entry(self, key: str) -> str:
        """Where a value is in Vault."""
        return f"{self.prefix or self.api.prefix}/{self.api.namespace}/env/{PROJECT}/{self.id}/{key}"

    def raw(self, key: str) -> Json | None:
        """What Vault's KV engine holds."""
        return self.api.vault.read(self.entry(key))

    def told(self, key: str, reason: str) -> Json:
        """The object, once its Ready condition has that reason."""

        def check() -> Json:
            found = self.object(key)
            assert condition(found)["reason"] == reason, found.get("status")
            return found

        return eventually(check, message=f"{key} is {reason}")

    def holds(self, values: dict[str, bytes]) -> None:
        """Return once the instance's Secret holds this and nothing else."""
        path = core(self.api.namespace, "secrets", f"{PROJECT}-{self.id}-env")

        def check() -> bool:
            found = self.api.kube.get(path).get("data") or {}
            return {key: base64.b64decode(value) for key, value in found.items()} == values

        eventually(check, message=f"the Secret holds {sorted(values)}")
