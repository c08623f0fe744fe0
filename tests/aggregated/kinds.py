"""Both kinds of object as one: a slot for a registry, and a key of an environment of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.e2e.environments import Environment
from tests.e2e.support import Json, Organization, data, passwords, registry
from tests.e2e.world import World
from tests.e2e.world import sourced as registry_sourced

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Final = ("secretslots", "envsecrets")
RIVAL: Final = "-rival"
"""What ends the name of an object that stands for the same key as the one without it."""
KEY: Final = "KEY"


class Key(Environment):
    """An organization whose slots are keys, each of a project with its object's name."""

    def entry(self, slot: str) -> str:
        return f"{self.prefix}/{self.namespace}/env/{_project(slot)}/test/{KEY}"


CLASSES: Final[Mapping[str, type[World]]] = {"secretslots": World, "envsecrets": Key}


def of_kind(org: Organization, kind: str) -> World:
    """The organization, seen for one kind."""
    return CLASSES[kind](org.session, org.namespace, org.prefix, org.operator)


def declare(org: Organization, kind: str, name: str, source: str = "") -> str:
    """Make an object without a value, or with a source that need not be there; returns the name of its Secret."""
    if kind == "secretslots":
        org.create(name, registry_sourced(source) if source else registry(username=None))
        return name
    spec: Json = {"project": _project(name), "environment": "test", "key": KEY}
    if source:
        spec["valueFrom"] = {"secretKeyRef": {"name": source, "key": "value"}}
    of_kind(org, kind).create(name, spec)
    return f"{_project(name)}-test-env"


def body_of(kind: str, value: str) -> Json:
    """What sets it."""
    return {"username": "bot", "password": value} if kind == "secretslots" else {"value": value}


def secret_value(org: Organization, kind: str, secret: str) -> str:
    """The value in a Secret."""
    found = org.secret(secret)
    return passwords(found)["ghcr.io"] if kind == "secretslots" else data(found)[KEY]


def _project(name: str) -> str:
    return name.removesuffix(RIVAL)
