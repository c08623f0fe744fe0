from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.gateway.catalog.record import record_of
from tests.unit.gateway.raws import WHEN, env, slot

BORN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def created_at(text: str) -> dict[str, Any]:
    return {"annotations": {"slotwarden.io/created-at": text}}


def test_it_tells_what_an_object_stands_for() -> None:
    record = record_of(env("DB_URL", 7, spec={"description": "of the shop"}))
    assert (record.resource, record.namespace, record.name, record.uid) == (
        "envsecrets",
        "acme",
        "db-url",
        "uid-db-url",
    )
    assert record.entry == EnvRef("acme", "shop", "production", "DB_URL")
    assert (record.version, record.description, record.type) == (7, "of the shop", None)
    assert not record.has_value
    assert not record.deleting


def test_it_tells_the_kind_and_the_name_of_a_slot() -> None:
    record = record_of(slot("A_b", status={"hasValue": True}, deletionTimestamp=WHEN))
    assert record.entry == SlotRef("acme", "A_b")
    assert (record.type, record.has_value, record.deleting, record.description) == ("registry", True, True, None)


def test_it_holds_no_value_that_stands_in_the_spec() -> None:
    assert "c4naryInTheSpec" not in repr(record_of(env(spec={"value": "c4naryInTheSpec"})))


@pytest.mark.parametrize(
    ("written", "created"),
    [
        ("2026-03-04T05:06:07.123456Z", datetime(2026, 3, 4, 5, 6, 7, 123456, UTC)),
        ("2026-03-04T05:06:03.5Z", datetime(2026, 3, 4, 5, 6, 3, 500000, UTC)),
        ("2026-03-04T05:06:13Z", BORN),
        ("1999-03-04T05:06:07Z", BORN),
        ("2026-03-04T05:06:07.123456", BORN),
        ("yesterday", BORN),
        ("", BORN),
    ],
)
def test_the_time_that_the_gateway_wrote_is_believed_within_seconds(written: str, created: datetime) -> None:
    assert record_of(env(**created_at(written))).created == created


def test_a_value_updates_it_at_the_time_that_vault_tells() -> None:
    record = record_of(slot(status={"updatedAt": "2026-03-04T06:00:00.123456789Z"}))
    assert record.updated == record.told == datetime(2026, 3, 4, 6, 0, 0, 123456, UTC)


def test_a_declaration_updates_the_secret_of_an_environment_and_a_status_does_not() -> None:
    fields = [
        {"manager": "someone", "time": "2026-03-05T00:00:00Z"},
        {"manager": "slotwarden", "subresource": "status", "time": "2026-03-06T00:00:00Z"},
    ]
    assert record_of(env(managedFields=fields)).updated == datetime(2026, 3, 5, tzinfo=UTC)
    assert record_of(slot(managedFields=fields)).updated == BORN


def test_nothing_updates_it_before_it_was_made() -> None:
    made = created_at("2026-03-04T05:06:07.9Z")
    record = record_of(env(**made, managedFields=[{"time": WHEN}], status={"updatedAt": "2020-01-01T00:00:00Z"}))
    assert record.updated == record.created


@pytest.mark.parametrize("raw", [{}, {"kind": "Secret"}, {"kind": "EnvSecret", "metadata": {}}])
def test_what_is_no_object_of_ours_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        record_of(raw)
