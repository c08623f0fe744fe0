"""Discovery and OpenAPI: what kube-apiserver and kubectl read of the API."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from slotwarden.gateway.aggregated import discovery, openapi
from slotwarden.gateway.aggregated.group import ROOT

if TYPE_CHECKING:
    from slotwarden.gateway.aggregated.openapi import Document

DOCUMENTS = openapi.documents()
V2, V3 = DOCUMENTS["/openapi/v2"], DOCUMENTS[f"/openapi/v3{ROOT}"]


def test_nothing_but_subresources_can_be_asked_for() -> None:
    listed = discovery.DOCUMENTS[ROOT]["resources"]
    resources = [resource for resource in listed if resource["verbs"]]
    assert [resource["name"] for resource in listed if not resource["verbs"]] == ["secretslots", "envsecrets"]
    assert {resource["name"]: (resource["kind"], resource["verbs"]) for resource in resources} == {
        f"{plural}/{name}": (kind, [verb])
        for plural in ("secretslots", "envsecrets")
        for name, kind, verb in (
            ("value", "Value", "create"),
            ("reveal", "Reveal", "create"),
            ("versions", "ValueVersionList", "get"),
            ("rollback", "Rollback", "create"),
        )
    }


def test_every_operation_is_described_in_both_versions() -> None:
    assert set(V2["paths"]) == set(V3["paths"])
    assert len(V3["paths"]) == 8
    for document in (V2, V3):
        ids = [item[method]["operationId"] for item in document["paths"].values() for method in item.keys() & METHODS]
        assert len(set(ids)) == len(ids) == 8


def test_every_reference_leads_to_a_schema() -> None:
    assert references(V2) == {f"#/definitions/{name}" for name in V2["definitions"]}
    assert references(V3) == {f"#/components/schemas/{name}" for name in V3["components"]["schemas"]}


def test_schemas_name_their_kind_and_describe_every_field() -> None:
    for name, schema in V3["components"]["schemas"].items():
        (kind,) = schema["x-kubernetes-group-version-kind"]
        assert name == f"io.slotwarden.values.v1beta1.{kind['kind']}"
        assert all(field["description"] for field in schema["properties"].values())


def test_the_index_changes_with_the_document() -> None:
    (entry,) = DOCUMENTS["/openapi/v3"]["paths"].items()
    assert entry[0] == "apis/values.slotwarden.io/v1beta1"
    assert re.fullmatch(rf"/openapi/v3{ROOT}\?hash=[0-9A-F]{{128}}", entry[1]["serverRelativeURL"])


METHODS = {"get", "post"}


def references(document: Document) -> set[str]:
    return set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
