"""Calls of the published APIs that set a value, as the tests of faults know them: what they ask, what comes of it."""

from __future__ import annotations

import base64
import secrets
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import env_object_name, environment_secret
from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import condition, data, passwords
from tests.faults.works import CLAIM, STORE
from tests.published.support import EVERYTHING, Api, User

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future, ThreadPoolExecutor

    from testbed.gateway import Gateway
    from testbed.proxy import Proxy
    from tests.published.support import Answer, Json

STATE: Final = "PATCH envsecrets/status"
MAKE_ENV: Final = "POST envsecrets"


@dataclass(frozen=True)
class World:
    """A namespace with gateways that may have proxies before their servers, and one who may do everything.

    Attributes:
        seed: tells the names of one test from those of others.
        folder: of all entries in Vault.
    """

    api: Api
    user: User
    gateways: tuple[Gateway, ...]
    proxies: tuple[Proxy, ...]
    executor: ThreadPoolExecutor
    folder: str
    seed: str

    @classmethod
    def of(
        cls,
        api: Api,
        gateways: tuple[Gateway, ...],
        proxies: tuple[Proxy, ...],
        executor: ThreadPoolExecutor,
        folder: str,
    ) -> World:
        """With a new user."""
        seed = secrets.token_hex(4)
        user = User.made(api, f"u-{seed}", EVERYTHING, api.namespace)
        return cls(api, user, gateways, proxies, executor, folder, seed)


@dataclass(frozen=True)
class Call:
    """One call, for a secret of a name of its own: one to 60 lower-case letters, digits and dashes.

    Attributes:
        word: in names of tests.
        writes: all that it writes, in the order of `works.steps`.
        done: the code of success.
        repeated: the code where all was done before.
    """

    word: str
    writes: list[str]
    done: int
    repeated: int

    def prepare(self, world: World, name: str) -> None:
        """What has to be there before."""

    def ask(self, world: World, name: str, value: str, by: int = 0) -> Answer:
        raise NotImplementedError

    def begin(self, world: World, name: str, value: str, by: int = 0) -> Future[Answer]:
        """The same, without waiting for the answer."""
        return world.executor.submit(self.ask, world, name, value, by)

    def resource(self) -> str:
        return "envsecrets"

    def object_name(self, world: World, name: str) -> str:
        raise NotImplementedError

    def entry(self, world: World, name: str) -> str:
        """Where the value is in Vault."""
        raise NotImplementedError

    def key(self, name: str) -> str:
        """The last part of that."""
        return name.upper().replace("-", "_")

    def projected(self, world: World, name: str) -> str | None:
        """The value in the Secret; None where it is not in one."""
        raise NotImplementedError

    def object(self, world: World, name: str) -> Json | None:
        return world.api.kube.find(world.api.objects(self.resource(), self.object_name(world, name)))

    def stored(self, world: World, name: str) -> int:
        """How many versions Vault has."""
        found = world.api.vault.metadata(self.entry(world, name))
        return int(found["current_version"]) if found else 0

    def value(self, world: World, name: str) -> str | None:
        """The value in Vault."""
        found = world.api.vault.read(self.entry(world, name))
        return None if found is None else str(found[self.member()])

    def member(self) -> str:
        """What holds it there."""
        return "value"

    def told(self, world: World, name: str, reason: str) -> None:
        """Return once the object's Ready condition has that reason."""

        def check() -> bool:
            found = self.object(world, name) or {}
            assert condition(found)["reason"] == reason, found.get("status")
            return True

        eventually(check, message=f"{self.word} {name} is {reason}")

    def holds(self, world: World, name: str, value: str) -> None:
        """Return once the value is where it has to be, by one version, and told of."""
        assert self.value(world, name) == value
        eventually(lambda: self.projected(world, name) == value, message=f"{self.word} {name} is projected")
        self.told(world, name, "Ready")


@dataclass(frozen=True)
class _OfAKey(Call):
    """Of a key of an environment."""

    def place(self, world: World) -> tuple[str, str]:
        """Project and environment."""
        raise NotImplementedError

    def object_name(self, world: World, name: str) -> str:
        return env_object_name(EnvRef(world.api.namespace, *self.place(world), self.key(name)))

    def entry(self, world: World, name: str) -> str:
        return "/".join((world.folder, world.api.namespace, "env", *self.place(world), self.key(name)))

    def projected(self, world: World, name: str) -> str | None:
        path = core(world.api.namespace, "secrets", environment_secret(*self.place(world)))
        return data(world.api.kube.find(path) or {"data": {}}).get(self.key(name))


@dataclass(frozen=True)
class EnvironmentValue(_OfAKey):
    """The value of a secret that was declared before."""

    def place(self, world: World) -> tuple[str, str]:
        return "shop", f"e{world.seed}"

    def path(self, world: World) -> str:
        project, environment = self.place(world)
        return f"/{world.api.namespace}/{project}/envs/{environment}/secrets"

    def prepare(self, world: World, name: str) -> None:
        body = {"kind": "Secret", "name": self.key(name)}
        answer = world.user.ask("POST", self.path(world), body)
        assert answer.code == 201, answer

    def ask(self, world: World, name: str, value: str, by: int = 0) -> Answer:
        path = f"{self.path(world)}/{self.key(name)}/value"
        return world.user.ask("PUT", path, {"value": value}, gateway=world.gateways[by])

    def look(self, world: World, name: str, by: int = 0) -> Answer:
        return world.user.ask("GET", f"{self.path(world)}/{self.key(name)}", gateway=world.gateways[by])


@dataclass(frozen=True)
class CoreInstance(_OfAKey):
    """A secret of a core instance, with its value."""

    def place(self, world: World) -> tuple[str, str]:
        return "core-instances", str(uuid.uuid5(uuid.NAMESPACE_OID, world.seed))

    def path(self, world: World) -> str:
        return f"/v1/core_instances/{self.place(world)[1]}/secrets"

    def ask(self, world: World, name: str, value: str, by: int = 0) -> Answer:
        body = {"key": self.key(name), "value": _base64(value)}
        return world.user.ask("POST", self.path(world), body, gateway=world.gateways[by])


@dataclass(frozen=True)
class Repository(_OfAKey):
    """A secret of a repository, with its value."""

    def place(self, world: World) -> tuple[str, str]:
        return f"repo-{world.seed}", "default"

    def path(self, world: World, name: str) -> str:
        return f"/repos/id:{world.seed}/secrets/{self.key(name)}"

    def ask(self, world: World, name: str, value: str, by: int = 0) -> Answer:
        return world.user.ask("PUT", self.path(world, name), {"value": _base64(value)}, gateway=world.gateways[by])


@dataclass(frozen=True)
class Slot(Call):
    """A slot with a registry's credential."""

    def resource(self) -> str:
        return "secretslots"

    def object_name(self, world: World, name: str) -> str:
        return self.key(name)

    def key(self, name: str) -> str:
        return name

    def entry(self, world: World, name: str) -> str:
        return f"{world.folder}/{world.api.namespace}/slots/{name}"

    def member(self) -> str:
        return "password"

    def ask(self, world: World, name: str, value: str, by: int = 0) -> Answer:
        secret = {"username": "bot", "password": value, "serverAddress": "ghcr.io"}
        body: dict[str, Any] = {"name": name, "value": {"registrySecret": secret}}
        return world.user.ask("POST", "/v1/ignite/secrets", body, gateway=world.gateways[by])

    def projected(self, world: World, name: str) -> str | None:
        found = world.api.kube.find(core(world.api.namespace, "secrets", name))
        return passwords(found).get("ghcr.io") if found else None


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def canary() -> str:
    return f"c4nary{secrets.token_hex(12)}"


CALLS: Final[Mapping[str, Call]] = {
    each.word: each
    for each in (
        EnvironmentValue("environment", [STATE, CLAIM, STORE], 200, 200),
        Slot("slot", ["POST secretslots", "PATCH secretslots/status", CLAIM, STORE], 200, 200),
        CoreInstance("core-instance", [MAKE_ENV, STATE, CLAIM, STORE], 201, 409),
        Repository("repository", [MAKE_ENV, STATE, CLAIM, STORE], 202, 202),
    )
}
