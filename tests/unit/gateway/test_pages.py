from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from slotwarden.gateway.catalog.catalog import Catalog
from tests.unit.gateway.raws import env

if TYPE_CHECKING:
    from slotwarden.gateway.catalog.environment import Page

SEED = random.SystemRandom().randrange(2**32)
BEGIN = datetime(2026, 3, 4, tzinfo=UTC)
SECRETS = 10_000


def made(number: int, rng: random.Random) -> dict[str, Any]:
    """One of many; a hundred are made in a second, some by the gateway and some without its more exact time."""
    time = BEGIN + timedelta(milliseconds=10 * number)
    written = {"slotwarden.io/created-at": time.isoformat()} if rng.random() < 0.8 else {}
    born = time.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    uid = f"{rng.getrandbits(128):032x}"
    return env(f"KEY_{number}", number + 1, uid=uid, creationTimestamp=born, annotations=written)


def page(catalog: Catalog, last: int, before: tuple[datetime, str] | None = None) -> Page:
    return catalog.page("acme", "shop", "production", last, before)


def test_pages_lead_back_in_time_and_end() -> None:
    rng = random.Random(SEED)  # noqa: S311
    catalog = Catalog()
    for number in range(7):
        catalog.took(made(number, rng))
    seen: list[Any] = []
    before = None
    for size, more in ((3, True), (3, True), (3, False)):
        found = page(catalog, size, before)
        assert (found.total, found.more) == (7, more), SEED
        seen += found.items
        before = found.items[-1].position
    assert [record.position for record in seen] == sorted((one.position for one in seen), reverse=True), SEED
    assert len({record.uid for record in seen}) == 7
    assert page(catalog, 3, before).items == []
    assert page(catalog, 3, before).more is False


def test_a_page_of_nothing() -> None:
    found = page(Catalog(), 10)
    assert (found.items, found.more, found.total) == ([], False, 0)


def test_none_that_was_there_all_along_is_skipped_or_comes_twice_while_others_come_and_go() -> None:
    rng = random.Random(SEED)  # noqa: S311
    catalog = Catalog()
    raws = {raw["metadata"]["uid"]: raw for raw in (made(number, rng) for number in range(SECRETS))}
    for raw in rng.sample(list(raws.values()), SECRETS):
        catalog.took(raw)
    there_all_along = set(raws)
    seen: list[str] = []
    before = None
    number = SECRETS
    while True:
        found = page(catalog, 100, before)
        seen += [record.uid for record in found.items]
        if not found.more:
            break
        before = found.items[-1].position
        for _ in range(rng.randrange(30)):
            number += 1
            late = made(rng.choice((number, rng.randrange(SECRETS))), rng)
            late["metadata"]["name"] = late["spec"]["key"] = f"LATE_{number}"
            catalog.took(late)
        # The record that the cursor names is among those that go.
        gone = {*rng.sample(sorted(there_all_along), rng.randrange(30)), before[1]}
        for uid in gone & set(raws):
            catalog.dropped("envsecrets", "acme", raws.pop(uid)["metadata"]["name"], uid)
        there_all_along -= gone
        for uid in rng.sample(sorted(raws), 20):
            changed = raws[uid] | {"metadata": raws[uid]["metadata"] | {"resourceVersion": str(SECRETS * 9 + number)}}
            catalog.took(changed)
    assert len(seen) == len(set(seen)), SEED
    assert there_all_along <= set(seen), SEED
    assert page(catalog, 100).total == len(catalog), SEED
