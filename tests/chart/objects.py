"""Looks at what helm rendered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Render = Callable[..., list[Json]]
COMPONENT = "app.kubernetes.io/component"
PROGRAMS = ("operator", "gateway")


def named(objects: list[Json], kind: str) -> list[str]:
    """`namespace/name` of the objects of a kind."""
    found = (item["metadata"] for item in objects if item["kind"] == kind)
    return [f"{item.get('namespace', '')}/{item['name']}" for item in found]


def the(objects: list[Json], kind: str) -> Json:
    """The one object of a kind."""
    (found,) = (item for item in objects if item["kind"] == kind)
    return found


def of(objects: list[Json], component: str) -> list[Json]:
    """The objects of one part of the release."""
    return [item for item in objects if item["metadata"]["labels"].get(COMPONENT) == component]


def pod(objects: list[Json], component: str) -> Json:
    """The template of the pods of a part."""
    template: Json = the(of(objects, component), "Deployment")["spec"]["template"]
    return template
