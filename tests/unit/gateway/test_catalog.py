from __future__ import annotations

from datetime import UTC, datetime

import pytest

from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.gateway.catalog.catalog import Catalog
from slotwarden.gateway.refusals import Refusal
from slotwarden.values.entries import Version
from tests.unit.gateway.raws import env, slot

SET = "2026-03-04T07:00:00.5Z"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Telling:
    synced = False
    cause = ""
    behind = 0.0

    def __init__(self, *lost: str) -> None:
        self._lost = lost

    def lost(self, namespace: str) -> bool:
        return namespace in self._lost


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(clock: Clock) -> Catalog:
    return Catalog(clock)


def drop(catalog: Catalog, name: str = "token", uid: str = "") -> None:
    catalog.dropped("envsecrets", "acme", name, uid or f"uid-{name}")


def has(catalog: Catalog, name: str = "token") -> bool:
    return catalog.get("envsecrets", "acme", name) is not None


def keys(catalog: Catalog, environment: str = "production") -> list[str]:
    return [record.entry[-1] for record in catalog.environment("acme", "shop", environment)]


def test_objects_are_found_by_name_and_by_what_they_stand_for(catalog: Catalog) -> None:
    catalog.took(slot("A_b"))
    catalog.took(env("TOKEN"))
    assert catalog.slot(SlotRef("acme", "A_b")) is catalog.get("secretslots", "acme", "xa-bx.usl")
    assert catalog.env(EnvRef("acme", "shop", "production", "TOKEN")) is catalog.get("envsecrets", "acme", "token")
    assert catalog.slot(SlotRef("acme", "a-b")) is None
    assert catalog.slot(SlotRef("acme", "no name")) is None
    assert catalog.env(EnvRef("globex", "shop", "production", "TOKEN")) is None
    assert len(catalog) == 2


def test_lists_are_in_the_order_of_names(catalog: Catalog) -> None:
    for name in ("b", "A_b", "c", "a"):
        catalog.took(slot(name))
        catalog.took(env(f"K_{name}"))
    assert [record.entry[-1] for record in catalog.slots("acme")] == ["A_b", "a", "b", "c"]
    assert keys(catalog) == ["K_A_b", "K_a", "K_b", "K_c"]
    assert catalog.slots("globex") == []
    assert keys(catalog, "staging") == []


def test_the_later_version_stays(catalog: Catalog) -> None:
    catalog.took(env(version=5, spec={"description": "new"}))
    catalog.took(env(version=4, spec={"description": "old"}))
    record = catalog.get("envsecrets", "acme", "token")
    assert record is not None
    assert record.description == "new"


def test_what_was_dropped_does_not_come_back_by_late_news(catalog: Catalog) -> None:
    catalog.took(env(version=5))
    drop(catalog)
    catalog.took(env(version=6))
    assert not has(catalog)
    catalog.took(env(version=7, uid="its-successor"))
    drop(catalog)
    assert has(catalog)


def test_what_was_dropped_long_ago_is_no_longer_remembered(catalog: Catalog, clock: Clock) -> None:
    for number in range(100):
        drop(catalog, f"gone-{number}")
    clock.now = 601.0
    drop(catalog)
    assert len(catalog._departed) == 1


def test_an_object_of_the_same_name_takes_the_place_of_a_dead_one(catalog: Catalog) -> None:
    catalog.took(env("OLD", 1, name="same", uid="first"))
    catalog.took(env("NEW", 2, name="same", uid="second"))
    assert keys(catalog) == ["NEW"]
    catalog.took(env("OLD", 3, name="same", uid="second", environment="staging"))
    assert keys(catalog) == []
    assert keys(catalog, "staging") == ["OLD"]


def test_of_several_with_one_key_the_oldest_holds_it(catalog: Catalog) -> None:
    ref = EnvRef("acme", "shop", "production", "TOKEN")
    catalog.took(env(name="young", creationTimestamp="2026-03-04T05:06:09Z"))
    catalog.took(env(name="old-b"))
    catalog.took(env(name="old-a"))
    for name in ("old-a", "old-b", "young"):
        record = catalog.env(ref)
        assert record is not None
        assert record.name == name
        assert keys(catalog) == ["TOKEN"]
        assert catalog.page("acme", "shop", "production", 10, None).items == [record]
        drop(catalog, name)
    assert catalog.env(ref) is None
    assert not catalog._environments
    assert not catalog._objects


def test_a_value_that_was_stored_here_is_told_until_its_object_tells_of_it(catalog: Catalog) -> None:
    catalog.took(env(version=1))
    catalog.stored("envsecrets", "acme", "token", "uid-token", Version(1, SET))
    for version in (1, 2):
        catalog.took(env(version=version))
        record = catalog.get("envsecrets", "acme", "token")
        assert record is not None
        assert record.has_value
        assert record.updated == datetime(2026, 3, 4, 7, 0, 0, 500000, UTC)
        assert catalog.env(EnvRef("acme", "shop", "production", "TOKEN")) is record
    catalog.took(env(version=3, status={"hasValue": False, "updatedAt": SET}))
    record = catalog.get("envsecrets", "acme", "token")
    assert record is not None
    assert not record.has_value
    assert not catalog._stored._at


def test_a_value_stored_of_an_object_that_is_seen_later_is_told_then(catalog: Catalog) -> None:
    catalog.stored("secretslots", "acme", "pull", "uid-pull", Version(1, SET))
    catalog.took(slot("pull"))
    assert [record.has_value for record in catalog.slots("acme")] == [True]


def test_a_value_of_a_predecessor_is_not_told(catalog: Catalog) -> None:
    catalog.took(env())
    catalog.stored("envsecrets", "acme", "token", "another", Version(1, SET))
    assert [record.has_value for record in catalog.environment("acme", "shop", "production")] == [False]


def test_what_a_list_does_not_name_is_gone(catalog: Catalog) -> None:
    catalog.took(env("A", 1))
    catalog.took(env("B", 2))
    catalog.took(env("MADE_SINCE", 9))
    catalog.took(env("ELSEWHERE", 1, namespace="globex"))
    catalog.took(slot("pull"))
    catalog.listed("envsecrets", "acme", {"uid-b"}, 5)
    assert keys(catalog) == ["B", "MADE_SINCE"]
    assert len(catalog) == 4
    catalog.listed("envsecrets", None, set(), 9)
    assert len(catalog) == 1


def test_another_history_begins_with_nothing(catalog: Catalog) -> None:
    catalog.took(env("A", 900))
    catalog.clear("envsecrets", None)
    catalog.took(env("A", 3))
    assert keys(catalog) == ["A"]


def test_what_cannot_be_read_is_left_out_and_not_quoted(catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    catalog.took(env(spec={"value": ["c4naryOfAWrongType"]}))
    catalog.took(env(resourceVersion="c4naryOfAWrongType"))
    assert len(catalog) == 0
    assert "cannot be read" in caplog.text
    assert "c4nary" not in caplog.text


def test_it_is_not_read_before_all_is_known(catalog: Catalog) -> None:
    sources = [Telling(), Telling()]
    catalog.sources.extend(sources)
    sources[0].synced = True
    sources[1].cause = "may not list"
    with pytest.raises(Refusal, match="may not list") as refused:
        catalog.slots("acme")
    assert (refused.value.code, refused.value.retry > 0) == (503, True)
    sources[1].synced = True
    assert catalog.slots("acme") == []
    sources[1].synced, sources[1].behind = False, 3.0
    assert catalog.ready
    assert (catalog.cause, catalog.behind) == ("may not list", 3.0)


def test_a_namespace_that_no_source_may_look_at_is_told_nothing_of(catalog: Catalog) -> None:
    """Neither that there is something, which may be old, nor that there is nothing."""
    source = Telling("acme")
    source.synced = True
    catalog.sources.append(source)
    catalog.took(env("TOKEN"))
    reads = (
        lambda: catalog.get("envsecrets", "acme", "token"),
        lambda: catalog.slot(SlotRef("acme", "pull")),
        lambda: catalog.env(EnvRef("acme", "shop", "production", "TOKEN")),
        lambda: catalog.slots("acme"),
        lambda: catalog.environment("acme", "shop", "production"),
        lambda: catalog.page("acme", "shop", "production", 10, None),
    )
    for read in reads:
        with pytest.raises(Refusal, match="no permission") as refused:
            read()
        assert (refused.value.code, refused.value.retry > 0) == (503, True)
    assert catalog.ready
    assert catalog.slots("globex") == []
