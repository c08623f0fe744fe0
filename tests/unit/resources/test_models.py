from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slotwarden.resources.secretslot import SecretSlot
from slotwarden.sensitive import Sensitive

CANARY = "c4naryValue"


def raw(spec: Any, **rest: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "acme", "name": "pull"}, "spec": spec, **rest}


def test_an_object_is_read_in_its_own_names() -> None:
    slot = SecretSlot.from_object(
        {
            "apiVersion": "slotwarden.io/v1beta1",
            "kind": "SecretSlot",
            "metadata": {
                "namespace": "acme",
                "name": "xa-bx.usl",
                "uid": "u",
                "resourceVersion": "7",
                "generation": 2,
                "creationTimestamp": "2026-01-02T03:04:05Z",
                "managedFields": [],
                "annotations": {"slotwarden.io/refresh": "1"},
            },
            "spec": {
                "slotName": "A_b",
                "registry": {
                    "serverAddress": "ghcr.io",
                    "username": "bot",
                    "passwordFrom": {"secretKeyRef": {"name": "source", "key": "password"}},
                },
                "projections": [{"secretName": "pull", "type": "basic-auth", "labels": {"a": "b"}}],
                "refreshInterval": "5m",
                "deletionPolicy": "Retain",
            },
            "status": {"observedGeneration": 2, "hasValue": True, "vault": None, "later": "unknown"},
        }
    )
    assert (slot.metadata.resource_version, slot.metadata.generation) == ("7", 2)
    assert slot.metadata.annotations == {"slotwarden.io/refresh": "1"}
    registry = slot.spec.registry
    assert registry is not None
    assert registry.password_from is not None
    assert registry.password_from.secret_key_ref.name == "source"
    assert (slot.spec.slot_name, slot.spec.git, slot.spec.deletion_policy) == ("A_b", None, "Retain")
    assert slot.spec.projections[0].labels == {"a": "b"}
    lists: dict[str, Any] = {"conditions": [], "operations": [], "projections": []}
    assert slot.status.to_object() == {"observedGeneration": 2, "hasValue": True, **lists}


def test_a_fresh_object_has_no_status() -> None:
    assert SecretSlot.from_object(raw({"registry": {}})).status.observed_generation == -1


@given(st.text())
def test_an_inline_value_is_kept_whole_and_never_shown(value: str) -> None:
    slot = SecretSlot.from_object(raw({"git": {"url": "https://x", "username": "b", "token": f"{CANARY}{value}"}}))
    assert slot.spec.git is not None
    assert slot.spec.git.token == Sensitive.of_text(f"{CANARY}{value}") or value >= "\ud800"
    assert CANARY not in f"{slot!r}{slot}"


def test_a_model_with_a_value_refuses_to_be_written() -> None:
    slot = SecretSlot.from_object(raw({"registry": {"username": "b", "password": CANARY}}))
    with pytest.raises(Exception, match="not to be serialised") as caught:
        slot.to_object()
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "spec",
    [
        CANARY,
        {"registry": CANARY},
        {"registry": {"password": [CANARY]}},
        {"registry": {"passwordFrom": {"secretKeyRef": CANARY}}},
        {"git": {"token": [CANARY]}},
        {"registry": {"password": CANARY}, "deletionPolicy": CANARY},
    ],
)
def test_a_refused_object_is_not_shown(spec: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        SecretSlot.from_object(raw(spec))
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value)
