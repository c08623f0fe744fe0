from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import BaseModel, Field, create_model

from slotwarden.resources import crd
from slotwarden.resources.schema import NotStructuralError, structural_schema

ROOT = Path(__file__).parents[3]
VALUE_FIELDS = [
    (crd.SECRET_SLOT, (("registry", "password"), ("git", "token"))),
    (crd.ENV_SECRET, (("", "value"),)),
]
KINDS = pytest.mark.parametrize("kind", crd.KINDS, ids=lambda kind: kind.plural)


class Inner(BaseModel):
    """An inner part."""

    count: Annotated[int, Field(description="How many.", json_schema_extra={"minimum": 1})]


class Outer(BaseModel):
    """A whole."""

    inner: Annotated[Inner | None, Field(description="Its own words.")] = None
    names: Annotated[tuple[str, ...], Field(description="Names.")] = ()
    more: Annotated[Mapping[str, Inner], Field(description="More.")] = Field(default_factory=dict)


def test_references_unions_titles_and_defaults_are_gone() -> None:
    inner = {
        "type": "object",
        "required": ["count"],
        "properties": {"count": {"type": "integer", "description": "How many.", "minimum": 1}},
    }
    assert structural_schema(Outer) == {
        "type": "object",
        "description": "A whole.",
        "properties": {
            "inner": {**inner, "description": "Its own words."},
            "names": {"type": "array", "description": "Names.", "items": {"type": "string"}},
            "more": {
                "type": "object",
                "description": "More.",
                "additionalProperties": {**inner, "description": "An inner part."},
            },
        },
    }


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (int | str, "a union of several types"),
        (Any, "type is None"),
        (tuple[int, str], "prefixItems"),
        (dict[str, Any], "additionalProperties"),
    ],
)
def test_what_is_not_structural_is_refused_by_name(kind: Any, words: str) -> None:
    model = create_model("M", field=(kind, Field(description="A field.")))
    with pytest.raises(NotStructuralError, match=rf"^\.field: .*{words}"):
        structural_schema(model)


def test_a_field_without_a_description_is_refused() -> None:
    with pytest.raises(NotStructuralError, match=r"^\.field: no description"):
        structural_schema(create_model("M", field=(int, ...)))


@pytest.mark.parametrize("folder", ["crds", "charts/slotwarden/files/crds"])
def test_the_checked_in_files_are_what_the_models_make(folder: str) -> None:
    assert crd.check(ROOT / folder) == []


def test_what_differs_is_told(tmp_path: Path) -> None:
    names = ["slotwarden.io_secretslots.yaml", "slotwarden.io_envsecrets.yaml"]
    assert [problem.split(":")[0] for problem in crd.check(tmp_path)] == [
        f"{tmp_path / name} is missing" for name in names
    ]
    assert crd.write(tmp_path / "new") == [tmp_path / "new" / name for name in names]
    crd.write(tmp_path)
    (tmp_path / names[1]).write_text("x")
    (tmp_path / "old.yaml").write_text("x")
    said = [problem.split(":")[0] for problem in crd.check(tmp_path)]
    assert said == [f"{tmp_path / names[1]} differs from the models", f"{tmp_path / 'old.yaml'} is made from no model"]


@KINDS
def test_the_file_says_that_it_is_generated_and_has_no_alias(kind: crd.Kind) -> None:
    text = crd.render()[f"slotwarden.io_{kind.plural}.yaml"]
    assert text.startswith("# Generated from")
    assert yaml.safe_load(text) == crd.definition(kind)
    assert "&id" not in text


@pytest.mark.parametrize(("kind", "fields"), VALUE_FIELDS, ids=["secretslots", "envsecrets"])
def test_nothing_that_could_show_a_value_stands_at_one(kind: crd.Kind, fields: tuple[tuple[str, str], ...]) -> None:
    spec = schema(kind)["spec"]
    for place, field in fields:
        part = spec["properties"][place] if place else spec
        assert set(part["properties"][field]) == {"type", "description"}
    for part in (spec, *(spec["properties"][place] for place, _ in fields if place)):
        for rule in part["x-kubernetes-validations"]:
            text = rule["rule"] + rule.get("messageExpression", "")
            for _, field in fields:
                assert f"self.{field}" not in text.replace(f"has(self.{field})", "").replace(f"self.{field}From", "")


@KINDS
def test_the_spec_has_no_default(kind: crd.Kind) -> None:
    assert "'default'" not in repr(schema(kind)["spec"])
    assert schema(kind)["status"]["default"] == {"observedGeneration": -1}


def test_an_env_secret_prints_nothing_that_stands_in_its_fields() -> None:
    """A pattern or a rule at a scalar would have the API server print it."""
    found = list(scalars(schema(crd.ENV_SECRET)["spec"]))
    assert len(found) > 10
    assert [part for part in found if {"pattern", "x-kubernetes-validations"} & part.keys()] == []


def schema(kind: crd.Kind) -> dict[str, Any]:
    root: dict[str, Any] = crd.definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    return root


def scalars(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    inner = [
        *part.get("properties", {}).values(),
        *(part[key] for key in ("items", "additionalProperties") if key in part),
    ]
    if not inner:
        yield part
    for one in inner:
        yield from scalars(one)
