"""What the tests of faults share: an organization whose operator's way to the servers is spoiled."""

from __future__ import annotations

from dataclasses import dataclass, fields
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from testbed.wait import eventually
from tests.e2e.environments import Environment, into
from tests.e2e.support import Organization, data

if TYPE_CHECKING:
    from testbed.proxy import Proxy
    from tests.e2e.support import Json

PATIENCE = 90.0
"""Seconds for what comes by a backoff of up to a minute."""


@dataclass(frozen=True)
class Exposed(Organization):
    """An organization whose operator reaches the API server and Vault through proxies; the test itself does not."""

    to_kube: Proxy
    to_vault: Proxy


@dataclass(frozen=True)
class ExposedEnvironment(Environment, Exposed):
    """The same for EnvSecrets, each with a Secret of its own; object, key and Secret have one name."""

    def create(self, name: str, spec: Json | None = None, **metadata: Any) -> Json:
        return super().create(name, {"key": name, **into(name), **(spec or {})}, **metadata)

    def entry(self, slot: str) -> str:
        return f"{self.prefix}/{self.namespace}/env/shop/production/{slot}"

    @classmethod
    def of(cls, org: Exposed) -> ExposedEnvironment:
        """The environment of an organization."""
        return cls(**{field.name: getattr(org, field.name) for field in fields(org)})


def refusal(code: int, reason: str) -> Json:
    """The body of an API server's refusal."""
    kind = {"apiVersion": "v1", "kind": "Status", "status": "Failure", "metadata": {}}
    return {**kind, "code": code, "reason": reason, "message": reason}


def shape(secret: Json) -> Json:
    """All of a Secret that must not change."""
    return {**secret, "metadata": {k: v for k, v in secret["metadata"].items() if k != "managedFields"}}


def told_of(org: Organization, server: str = "vault", *, up: bool, said: str = "", timeout: float = 30) -> None:
    """/readyz stays 200 and tells of a server as long as it is away, and why; the metric says the same."""

    def check() -> bool:
        code, text = org.operator.readyz()
        assert code == HTTPStatus.OK
        assert (f"[!] {server}: " in text) is not up, text
        assert said.lower() in text.lower(), text
        return org.operator.metrics().value(f"slotwarden_{server}_up") == float(up)

    eventually(check, timeout, message=f"the operator tells that {server} is {'up' if up else 'away'}")


def answered(org: Organization, server: str, code: int | str) -> float:
    """How many of the operator's requests a server answered so, as its metric has it."""
    return org.operator.metrics().value(f"slotwarden_{server}_requests_total", code=str(code))


def is_released(org: Organization, name: str) -> bool:
    """Whether a deleted slot's value was let go: its owner is noted as gone, its versions are soft-deleted."""
    found = org.vault.metadata(org.entry(name))
    assert found is not None
    return "slotwarden.io/released" in found["custom_metadata"] and all(
        version["deletion_time"] and not version["destroyed"] for version in found["versions"].values()
    )


def has_password(org: Organization, secret: str, password: str) -> bool:
    """Whether the Secret of a git slot holds it."""
    return data(org.secret(secret))["password"] == password
