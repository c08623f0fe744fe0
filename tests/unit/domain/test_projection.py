"""The merge patch between a Secret's metadata as it is and as its contributors make it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slotwarden.domain.projection import metadata, metadata_patch
from slotwarden.domain.targets import Resolution, resolve
from tests.unit.domain.contributors import BASE

MAPS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["1", "2"]))


def resolution(labels: dict[str, str], annotations: dict[str, str]) -> Resolution:
    found = resolve([replace(BASE, labels=labels, annotations=annotations)])
    assert found is not None
    return found


def patched(present: dict[str, str], patch: dict[str, str | None]) -> dict[str, str]:
    merged = {**present, **patch}
    return {key: value for key, value in merged.items() if value is not None}


def difference(asked: Resolution, secret: dict[str, Any]) -> dict[str, Any]:
    return metadata_patch(
        asked,
        "pull",
        labels=secret.get("labels", {}),
        annotations=secret.get("annotations", {}),
        owners=secret.get("ownerReferences", ()),
    )


def applied(secret: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    return {
        "labels": patched(secret.get("labels", {}), patch.get("labels", {})),
        "annotations": patched(secret.get("annotations", {}), patch.get("annotations", {})),
        "ownerReferences": patch.get("ownerReferences", secret.get("ownerReferences", [])),
    }


@given(MAPS, MAPS)
def test_a_new_secret_needs_no_patch(labels: dict[str, str], annotations: dict[str, str]) -> None:
    asked = resolution(labels, annotations)
    assert difference(asked, metadata(asked, "pull")) == {}


@given(MAPS, MAPS, MAPS, MAPS)
def test_a_patch_leads_from_any_declaration_to_any_other(
    labels: dict[str, str], annotations: dict[str, str], labels_later: dict[str, str], annotations_later: dict[str, str]
) -> None:
    before, after = resolution(labels, annotations), resolution(labels_later, annotations_later)
    secret = metadata(before, "pull")
    result = applied(secret, difference(after, secret))
    wanted = metadata(after, "pull")
    assert result["labels"] == wanted["labels"]
    assert result["annotations"] == wanted.get("annotations", {})
    assert difference(after, result) == {}


@given(MAPS, MAPS)
def test_what_others_put_there_stays(labels: dict[str, str], annotations: dict[str, str]) -> None:
    asked = resolution({}, {})
    foreign = {f"foreign/{key}": value for key, value in labels.items()}
    notes = {f"foreign/{key}": value for key, value in annotations.items()}
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "y", "controller": True}
    secret = {"labels": foreign, "annotations": notes, "ownerReferences": [other]}
    result = applied(secret, difference(asked, secret))
    assert foreign.items() <= result["labels"].items()
    assert notes.items() <= result["annotations"].items()
    assert other in result["ownerReferences"]
    assert sum(bool(owner.get("controller")) for owner in result["ownerReferences"]) == 1


def test_a_dead_owner_of_ours_is_dropped() -> None:
    dead = {"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot", "name": "one", "uid": "old"}
    secret = {**metadata(resolution({}, {}), "pull"), "ownerReferences": [dead]}
    owners = difference(resolution({}, {}), secret)["ownerReferences"]
    assert [owner["uid"] for owner in owners] == ["uid-1"]
