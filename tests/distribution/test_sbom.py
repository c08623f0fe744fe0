"""The bill of materials says what the lock says: read by pip's own parser here, by ours there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import jsonschema_rs
import pytest
from packaging.requirements import Requirement
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements

from tools import sbom

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sbom.bill(sbom.LOCK.read_text(), "1.2.3", WHEN))
    return found


def locked() -> dict[str, tuple[str, set[str]]]:
    """The lock's pins as pip reads them: name -> (version, digests)."""
    found = {}
    for item in parse_requirements(str(sbom.LOCK), session=PipSession()):
        requirement = Requirement(item.requirement)
        digests = {digest.removeprefix("sha256:") for digest in (item.options or {})["hashes"]["sha256"]}
        found[requirement.name] = (str(requirement.specifier).removeprefix("=="), digests)
    return found


def test_it_has_every_pin_and_nothing_else(document: dict[str, Any]) -> None:
    pins = locked()
    assert len(pins) > 20
    listed = {
        item["name"]: (item["version"], {digest["content"] for digest in item["hashes"]})
        for item in document["components"]
    }
    assert listed == pins
    assert len(document["components"]) == len(pins)


def test_each_is_named_by_its_purl(document: dict[str, Any]) -> None:
    wrong = [item for item in document["components"] if item["purl"] != f"pkg:pypi/{item['name']}@{item['version']}"]
    assert wrong == []
    assert {digest["alg"] for item in document["components"] for digest in item["hashes"]} == {"SHA-256"}


def test_slotwarden_depends_on_what_is_asked_for(document: dict[str, Any]) -> None:
    root = document["metadata"]["component"]
    assert (root["name"], root["version"]) == ("slotwarden", "1.2.3")
    graph = {item["ref"]: set(item.get("dependsOn", ())) for item in document["dependencies"]}
    asked = {line for line in sbom.LOCK.with_suffix(".in").read_text().splitlines() if not line.startswith("#")}
    assert {re.sub(r"pkg:pypi/(.*)@.*", r"\1", ref) for ref in graph[root["bom-ref"]]} == asked
    reached, new = set(), {root["bom-ref"]}
    while new:
        reached |= new
        new = {ref for known in new for ref in graph[known]} - reached
    assert reached == {root["bom-ref"], *(item["bom-ref"] for item in document["components"])}


def test_it_is_of_the_schema(document: dict[str, Any]) -> None:
    folder = resources.files("cyclonedx.schema") / "_res"
    schemas = {
        name: json.loads((folder / name).read_text())
        for name in (f"{stem}.SNAPSHOT.schema.json" for stem in ("bom-1.6", "spdx", "jsf-0.82"))
    }
    others = [(f"http://cyclonedx.org/schema/{name}", schema) for name, schema in schemas.items()]
    registry = jsonschema_rs.Registry(others)
    jsonschema_rs.validator_for(schemas["bom-1.6.SNAPSHOT.schema.json"], registry=registry).validate(document)


def test_the_same_lock_gives_the_same_bytes() -> None:
    lock = sbom.LOCK.read_text()
    assert sbom.bill(lock, "1.2.3", WHEN) == sbom.bill(lock, "1.2.3", WHEN)
    assert '"2026-01-02T00:00:00+00:00"' in sbom.bill(lock, "1.2.3", WHEN)


def test_what_is_no_lock_is_refused() -> None:
    with pytest.raises(ValueError, match="not a line of a lock: aiohttp>=3"):
        list(sbom.pins("aiohttp>=3"))
