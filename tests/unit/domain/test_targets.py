"""Who writes a Secret that several slots name, and what metadata it gets."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from slotwarden.domain.targets import (
    DECLARED_ANNOTATION,
    OWNER_LABEL,
    Contributor,
    Form,
    annotations_of,
    labels_of,
    owner_references,
    resolve,
    undeclared,
)
from tests.unit.domain.contributors import BASE


def contributor(number: int, created: int, server: str, form: Form) -> Contributor:
    return replace(
        BASE,
        name=f"slot-{number}",
        uid=f"uid-{number}",
        created=f"2026-01-01T00:00:{created:02d}Z",
        part=f"auths/{server}",
        form=form,
    )


def variable(number: int, created: int, key: str, environment: str = "shop/production") -> Contributor:
    made = contributor(number, created, "", Form.ENVIRONMENT)
    return replace(made, kind="EnvSecret", component="environment", part=f"env/{key}", environment=environment)


CONTRIBUTORS = st.lists(
    st.builds(
        contributor,
        st.integers(0, 50),
        st.integers(0, 3),
        st.sampled_from(["ghcr.io", "quay.io", "docker.example.com"]),
        st.sampled_from(Form),
    )
    | st.builds(
        variable,
        st.integers(51, 99),
        st.integers(0, 3),
        st.sampled_from(["DATABASE_URL", "PORT", "TOKEN"]),
        st.sampled_from(["", "shop/eu-production", "shop-eu/production"]),
    ),
    unique_by=lambda made: made.uid,
    min_size=1,
)


@given(CONTRIBUTORS, st.randoms())
def test_the_outcome_does_not_depend_on_the_order(contributors: list[Contributor], random: st.Random) -> None:
    shuffled = list(contributors)
    random.shuffle(shuffled)
    assert resolve(shuffled) == resolve(contributors)


@given(CONTRIBUTORS)
def test_winners_have_one_form_and_a_part_each_and_every_loser_an_older_winner(
    contributors: list[Contributor],
) -> None:
    resolution = resolve(contributors)
    assert resolution is not None
    winners = resolution.winners
    assert {winner.form for winner in winners} == {resolution.form}
    assert len({winner.part for winner in winners}) == len(winners)
    assert winners[0] == min(contributors, key=lambda made: made.age)
    for loser in (made for made in contributors if made not in winners):
        assert loser.uid in resolution.losers
        older = [winner for winner in winners if winner.age < loser.age]
        assert any(winner.name in resolution.disputes[loser.uid] for winner in older)
    assert resolution.losers.isdisjoint(winner.uid for winner in winners)


def test_nobody_asks() -> None:
    assert resolve([]) is None


def test_both_sides_of_a_dispute_say_so() -> None:
    older, younger = contributor(1, 0, "ghcr.io", BASE.form), contributor(2, 1, "ghcr.io", BASE.form)
    resolution = resolve([younger, older])
    assert resolution is not None
    assert resolution.winners == (older,)
    assert resolution.losers == {"uid-2"}
    assert resolution.disputes == {
        "uid-2": 'the older SecretSlot "slot-1" holds the entry "ghcr.io" of this Secret already',
        "uid-1": 'the younger SecretSlot "slot-2" wants the same part of it and stands back',
    }


def test_of_two_made_in_one_second_the_uid_decides() -> None:
    resolution = resolve([contributor(2, 0, "ghcr.io", BASE.form), contributor(1, 0, "ghcr.io", BASE.form)])
    assert resolution is not None
    assert [winner.uid for winner in resolution.winners] == ["uid-1"]


def test_a_sole_owner_is_named_by_its_uid_and_several_by_the_target() -> None:
    other = contributor(2, 1, "quay.io", BASE.form)
    assert labels_of((BASE,), "pull")[OWNER_LABEL] == "uid-1"
    shared = labels_of((BASE, other), "pull")[OWNER_LABEL]
    assert shared.startswith("shared-")
    assert len(shared) <= 63
    assert shared != labels_of((BASE, other), "other")[OWNER_LABEL]


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_our_labels_win_over_declared_ones(declared: dict[str, str]) -> None:
    ours = labels_of((BASE,), "pull")
    assert labels_of((replace(BASE, labels=declared | dict.fromkeys(ours, "x")),), "pull").items() >= ours.items()


def test_what_was_declared_once_and_is_no_longer_is_found() -> None:
    before = replace(BASE, labels={"a": "1", "b": "2"}, annotations={"n": "1"})
    record = annotations_of((before,), "pull")[DECLARED_ANNOTATION]
    present = labels_of((before,), "pull") | {"foreign": "stays"}
    wanted = labels_of((replace(BASE, labels={"b": "2"}),), "pull")
    assert undeclared("labels", present, wanted, record) == {"a"}
    notes = annotations_of((before,), "pull") | {"foreign": "stays"}
    assert undeclared("annotations", notes, annotations_of((BASE,), "pull"), record) == {"n", DECLARED_ANNOTATION}


@given(st.one_of(st.none(), st.text(), st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_a_record_that_somebody_edited_takes_nothing_away_that_was_not_declared(record: str | None) -> None:
    assert undeclared("labels", {"kept": "1"}, {"kept": "1"}, record) == set()


def test_a_record_that_is_nested_too_deep_declares_nothing() -> None:
    assert undeclared("labels", {"kept": "1"}, {}, "[" * 5000) == set()


def test_the_oldest_is_the_controller_and_nobody_blocks() -> None:
    other = contributor(2, 1, "quay.io", BASE.form)
    references = owner_references((BASE, other))
    assert [reference["controller"] for reference in references] == [True, False]
    assert {reference["blockOwnerDeletion"] for reference in references} == {False}


def test_an_environment_has_a_key_for_each() -> None:
    keys = [variable(1, 0, "DATABASE_URL"), variable(2, 1, "PORT")]
    resolution = resolve(keys)
    assert resolution is not None
    assert resolution.winners == tuple(keys)
    assert resolution.form.secret_type == "Opaque"
    record = annotations_of(resolution.winners, "shop-production-env")[DECLARED_ANNOTATION]
    assert undeclared("data", ["DATABASE_URL", "PORT", "FOREIGN"], ["PORT"], record) == {"DATABASE_URL"}
    assert [reference["kind"] for reference in owner_references(resolution.winners)] == ["EnvSecret"] * 2


def test_of_two_that_claim_a_key_the_older_keeps_it() -> None:
    resolution = resolve([variable(1, 0, "PORT"), variable(2, 1, "PORT", "")])
    assert resolution is not None
    assert resolution.disputes == {
        "uid-2": 'the older EnvSecret "slot-1" holds the key "PORT" of this Secret already',
        "uid-1": 'the younger EnvSecret "slot-2" wants the same part of it and stands back',
    }


def test_of_two_environments_whose_default_names_meet_the_older_keeps_the_secret() -> None:
    older, younger = variable(1, 0, "A", "shop/eu-production"), variable(2, 1, "B", "shop-eu/production")
    # One that names the Secret by itself is welcome.
    guest = variable(3, 2, "C", "")
    resolution = resolve([older, younger, guest])
    assert resolution is not None
    assert resolution.winners == (older, guest)
    assert resolution.disputes == {
        "uid-2": 'the older EnvSecret "slot-1" gives this Secret to the environment shop/eu-production: '
        "set projection.secretName",
        "uid-1": 'the younger EnvSecret "slot-2" wants this Secret too and stands back',
    }
