"""Whose an entry is: every combination of what it names and who asks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.values.ownership import Claim, Owner, claim, read, released, succeeding, write

ME = Owner("cluster-a", "ns-1", "uid-1", "Delete")
OWNERS = st.builds(
    Owner,
    cluster=st.sampled_from(["cluster-a", "cluster-b"]),
    namespace_uid=st.sampled_from(["ns-1", "ns-2"]),
    object_uid=st.sampled_from(["uid-1", "uid-2"]),
    policy=st.sampled_from(["Delete", "Retain"]),
    first_version=st.integers(1, 5),
    released=st.sampled_from(["", "2026-01-01T00:00:00+00:00"]),
)
FOREIGN = st.dictionaries(st.text(min_size=1).filter(lambda key: not key.startswith("slotwarden.io/")), st.text())


@given(OWNERS, FOREIGN)
def test_what_is_written_is_read_and_what_others_keep_stays(owner: Owner, foreign: dict[str, str]) -> None:
    written = write(foreign, owner)
    assert read(written) == owner
    assert foreign.items() <= written.items()
    assert read(write(written, ME)) == ME


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (None, Claim.TAKE),
        (ME, Claim.OWN),
        (replace(ME, policy="Retain"), Claim.OWN),
        (replace(ME, namespace_uid="ns-2"), Claim.OWN),
        (replace(ME, object_uid="uid-2"), Claim.RELEASE),
        (replace(ME, object_uid="uid-2", released="2026-01-01T00:00:00+00:00"), Claim.SUCCEED),
        (replace(ME, object_uid="uid-2", policy="Retain"), Claim.REFUSE),
        (replace(ME, namespace_uid="ns-2", object_uid="uid-2"), Claim.RELEASE),
        (replace(ME, namespace_uid="ns-2", object_uid="uid-2", policy="Retain"), Claim.REFUSE),
        (replace(ME, cluster="cluster-b", object_uid="uid-2"), Claim.REFUSE),
        (replace(ME, cluster="cluster-b"), Claim.REFUSE),
    ],
)
def test_claims(owner: Owner | None, expected: Claim) -> None:
    entry = write({}, owner) if owner else {"team": "payments"}
    assert claim(entry, ME, adopt=False) is expected


@given(OWNERS)
def test_another_clusters_entry_is_never_touched_without_being_told_to(owner: Owner) -> None:
    entry = write({}, replace(owner, cluster="cluster-b"))
    assert claim(entry, ME, adopt=False) is Claim.REFUSE


@given(OWNERS)
def test_adopting_takes_anything_that_is_not_ones_own(owner: Owner) -> None:
    expected = Claim.OWN if owner.same_object(ME) else Claim.ADOPT
    assert claim(write({}, owner), ME, adopt=True) is expected


def test_an_entry_whose_policy_cannot_be_read_is_kept() -> None:
    entry = write({}, replace(ME, object_uid="uid-2"))
    entry["slotwarden.io/deletion-policy"] = "typo"
    assert claim(entry, ME, adopt=False) is Claim.REFUSE


def test_a_successors_versions_begin_after_its_predecessors() -> None:
    assert succeeding(ME, 7).first_version == 8


@given(OWNERS)
def test_a_mark_is_about_the_object_that_it_names_alone(owner: Owner) -> None:
    alive = replace(owner, released="")
    assert read(write({}, alive) | released(alive, "2026-01-01")) == replace(owner, released="2026-01-01")
    assert read(write({}, alive) | released(replace(owner, object_uid="uid-3"), "2026-01-01")) == alive


@pytest.mark.parametrize(
    "owner", [replace(ME, object_uid="uid-2"), replace(ME, object_uid="uid-2", released="2026-01-01")]
)
def test_a_living_namesakes_entry_is_no_dead_predecessors(owner: Owner) -> None:
    assert claim(write({}, owner), replace(ME, namesakes=frozenset({"uid-2", "uid-3"})), adopt=False) is Claim.REFUSE
    assert claim(write({}, owner), replace(ME, namesakes=frozenset({"uid-3"})), adopt=False) is not Claim.REFUSE
