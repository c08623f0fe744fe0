"""An environment of a test's own, as clients of its API see it and as its objects are."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import env_object_name
from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import condition, data

if TYPE_CHECKING:
    from testbed.gateway import Gateway
    from tests.published.support import Answer, Api, Json, User

RESOURCE: Final = "envsecrets"
ABSENT: Final = {"error": "there is no such secret", "code": "NotFound"}


@dataclass(frozen=True)
class Shop:
    """An environment of the project `shop`."""

    api: Api
    environment: str

    @classmethod
    def new(cls, api: Api) -> Shop:
        return cls(api, f"e{secrets.token_hex(4)}")

    def path(self, name: str = "", tail: str = "") -> str:
        """The path of the secrets, of one, or of what is below that."""
        path = f"/{self.api.namespace}/shop/envs/{self.environment}/secrets"
        return "/".join(part for part in (path, name, tail) if part)

    def ask(
        self, user: User, method: str, name: str = "", tail: str = "", body: Any = None, gateway: Gateway | None = None
    ) -> Answer:
        return user.ask(method, self.path(name, tail), body, gateway=gateway)

    def create(self, user: User, name: str, gateway: Gateway | None = None, **more: Any) -> Answer:
        return self.ask(user, "POST", body={"kind": "Secret", "name": name, **more}, gateway=gateway)

    def describe(self, user: User, name: str, gateway: Gateway | None = None, **more: Any) -> Answer:
        return self.ask(user, "PUT", name, body={"kind": "Secret", "name": name, **more}, gateway=gateway)

    def get(self, user: User, name: str, gateway: Gateway | None = None) -> Answer:
        return self.ask(user, "GET", name, gateway=gateway)

    def give(self, user: User, name: str, value: str, gateway: Gateway | None = None) -> Answer:
        return self.ask(user, "PUT", name, "value", {"value": value}, gateway)

    def delete(self, user: User, name: str, gateway: Gateway | None = None) -> Answer:
        return self.ask(user, "DELETE", name, gateway=gateway)

    def names(self, user: User, gateway: Gateway | None = None) -> list[str]:
        """The secrets that are listed."""
        return [each["name"] for each in self.ask(user, "GET", gateway=gateway).body]

    def declared(self, user: User, name: str, **more: Any) -> Json:
        """A new secret."""
        answer = self.create(user, name, **more)
        assert answer.code == 201, answer
        found: Json = answer.body
        return found

    def ref(self, key: str) -> EnvRef:
        return EnvRef(self.api.namespace, "shop", self.environment, key)

    def object_name(self, key: str) -> str:
        """The name of the object that the API makes for a key."""
        return env_object_name(self.ref(key))

    def entry(self, key: str) -> str:
        """Where a value is in Vault."""
        return f"{self.api.prefix}/{self.api.namespace}/env/shop/{self.environment}/{key}"

    def manifest(self, name: str, key: str, spec: Json | None = None, **metadata: Any) -> Json:
        """An EnvSecret as a user writes it."""
        identity = {"project": "shop", "environment": self.environment, "key": key}
        head = {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": {"name": name, **metadata}}
        return {**head, "spec": {**identity, **(spec or {})}}

    def by_hand(self, name: str, key: str, spec: Json | None = None, **metadata: Any) -> Json:
        """An object that somebody made without the API."""
        return self.api.kube.create(self.api.objects(RESOURCE), self.manifest(name, key, spec, **metadata))

    def objects(self) -> list[Json]:
        """The objects of the environment."""
        found = self.api.kube.list(self.api.objects(RESOURCE))
        return [each for each in found if each["spec"]["environment"] == self.environment]

    def object(self, name: str) -> Json:
        return self.api.kube.get(self.api.objects(RESOURCE, name))

    def told(self, name: str, reason: str) -> Json:
        """The object, once its Ready condition has that reason."""

        def check() -> Json:
            found = self.object(name)
            assert condition(found)["reason"] == reason, found.get("status")
            return found

        return eventually(check, message=f"{name} is {reason}")

    def holds(self, values: dict[str, str]) -> None:
        """Return once the environment's Secret holds this and nothing else."""
        path = core(self.api.namespace, "secrets", f"shop-{self.environment}-env")
        eventually(lambda: data(self.api.kube.get(path)) == values, message=f"the Secret holds {sorted(values)}")

    def seen(self, user: User, name: str, gateway: Gateway | None = None) -> Json:
        """The secret, once a replica knows it."""

        def check() -> Json:
            answer = self.get(user, name, gateway)
            assert answer.code == 200, answer
            found: Json = answer.body
            return found

        return eventually(check, message=f"{name} is seen")
