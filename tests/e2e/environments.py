"""What the tests of environments share: a namespace whose slots are the EnvSecrets of shop's production."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from testbed.clients.kube import envs
from testbed.wait import eventually
from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from testbed.clients.audit import Mark
    from tests.e2e.support import Json

SECRET = "shop-production-env"
DECLARED = "slotwarden.io/declared-keys"


def key_of(name: str) -> str:
    """The key that an object of that name has, unless its spec says another."""
    return name.upper().replace("-", "_")


def spec_of(name: str, spec: Json) -> Json:
    """The whole spec of an EnvSecret; what `spec` does not say is as most tests want it."""
    return {"project": "shop", "environment": "production", "key": key_of(name), **spec}


def sourced(secret: str, key: str = "value", **spec: Any) -> Json:
    """The rest of a spec that takes its value from a Secret."""
    return {"valueFrom": {"secretKeyRef": {"name": secret, "key": key}}, **spec}


def into(secret: str, **spec: Any) -> Json:
    """The rest of a spec that names its Secret."""
    return {"projection": {"secretName": secret}, **spec}


class Environment(World):
    """As `World`, where objects are EnvSecrets and named by their keys, in lower case with a dash for `_`."""

    KIND: ClassVar[str] = "EnvSecret"

    def path(self, name: str = "") -> str:
        return envs(self.namespace, name)

    def entry(self, slot: str) -> str:
        return f"{self.prefix}/{self.namespace}/env/shop/production/{key_of(slot)}"

    def create(self, name: str, spec: Json | None = None, **metadata: Any) -> Json:
        return super().create(name, spec_of(name, spec or {}), **metadata)

    def manifest(self, name: str, spec: Json | None = None) -> Json:
        """An EnvSecret as a user writes it."""
        head = {"apiVersion": "slotwarden.io/v1beta1", "kind": self.KIND, "metadata": {"name": name}}
        return {**head, "spec": spec_of(name, spec or {})}

    def write(self, name: str, value: str) -> int:
        """Write a value to Vault as somebody would by hand; the version that it made."""
        return self.vault.write(self.entry(name), {"value": value})

    def give(self, name: str, value: str, version: int, request: str = "r-1") -> None:
        """State it and write it, with check-and-set."""
        self.announce(name, version, request)
        self.vault.write(self.entry(name), {"value": value}, cas=version - 1)

    def holds(self, expected: Mapping[str, str | bytes], secret: str = SECRET) -> Json:
        """The Secret, once it holds these keys and no other."""
        wanted = {key: value.encode() if isinstance(value, str) else value for key, value in expected.items()}

        def check() -> Json:
            found = self.bytes_of(secret)
            assert found.keys() == wanted.keys(), sorted(found)
            assert [key for key in wanted if found[key] != wanted[key]] == []
            return self.secret(secret)

        return eventually(check, message=f"{secret} holds {sorted(wanted)}")

    def no_secret(self, name: str = SECRET) -> None:
        """Return once there is none of that name."""
        eventually(lambda: self.find_secret(name) is None, message=f"there is no Secret {name}")

    def barrier(self) -> None:
        name = f"barrier-{secrets.token_hex(3)}"
        self.made(name, {"project": name, "value": "barrier"})

    def patch_data(self, since: Mark, secret: str = SECRET) -> list[set[str]]:
        """The keys in each merge patch of the operator's to a Secret that was taken.

        One can meet the garbage collector, which takes a deleted owner off at the same moment: it is made again then.
        """
        found = self.session.kube_audit.events(
            since=since, user=self.operator.user, namespace=self.namespace, resource="secrets", verbs={"patch"}
        )
        taken = [e for e in found if e["objectRef"]["name"] == secret and e["responseStatus"]["code"] == 200]
        return [set(e["requestObject"].get("data") or ()) for e in taken]
