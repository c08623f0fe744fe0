"""Who has a part in an environment's Secret, which keys leave it, and what fits into it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from slotwarden.domain import parts
from slotwarden.domain.envvalue import EnvValue
from slotwarden.domain.targets import DECLARED_ANNOTATION, Form, Resolution
from slotwarden.reconcile.contents import _fitting
from slotwarden.reconcile.share import Share, leaving, standing
from slotwarden.reconcile.state import Outcome, Problem, SlotState, expected_mac
from slotwarden.resources.conditions import Reason
from slotwarden.sensitive import Sensitive
from slotwarden.values.entries import Version
from tests.unit.reconcile.objects import env, secret

if TYPE_CHECKING:
    from slotwarden.reconcile.observe import SecretView

NAME = "shop-production-env"
FIRST, SECOND = Version(1, "2026-05-01T11:00:00Z"), Version(2, "2026-05-01T12:00:00Z")


def share(key: str, uid: str, *, ready: bool = False, written: bool = False, created: str = "00") -> Share:
    """The share of a key's object, which may have its value in the Secret already."""
    view = env(key.lower(), uid=uid, key=key, created=created)
    state = SlotState(uid, 0.0, generation=1, version=FIRST)
    if written:
        state.outcome = Outcome(NAME, Form.ENVIRONMENT, 1, FIRST, "suid-1", "k1:abc")
    return Share(view.key, view, state, view.declared.contribution()[1], ready, FIRST, 1, None)


def held(*keys: str, declared: tuple[str, ...]) -> SecretView:
    """The environment's Secret with these keys, of which those were declared."""
    return secret(
        NAME,
        data=dict.fromkeys(keys, "v"),
        annotations={DECLARED_ANNOTATION: json.dumps({"data": declared})},
    )


def stands(view: SecretView, *shares: Share) -> Resolution:
    return standing(Resolution(Form.ENVIRONMENT, tuple(one.contributor for one in shares), {}), shares, view)


def test_those_with_a_value_and_those_who_had_one_stand() -> None:
    view = held("A", "B", declared=("A", "B"))
    found = stands(view, share("A", "u-1", ready=True), share("B", "u-2", written=True), share("C", "u-3"))
    assert [one.part for one in found.winners] == ["env/A", "env/B"]
    assert leaving(found, view) == set()


def test_a_key_leaves_with_the_object_that_it_was_written_for() -> None:
    view = held("A", "B", "FOREIGN", declared=("A", "B"))
    assert leaving(stands(view, share("A", "u-1", ready=True)), view) == {"B"}
    heir = share("B", "u-9")
    assert leaving(stands(view, share("A", "u-1", ready=True), heir), view) == {"B"}


def test_a_key_stays_with_one_who_stands_back_for_another_without_a_value() -> None:
    view = held("A", declared=("A",))
    older, younger = share("A", "u-1"), share("A", "u-2", written=True)
    assert [one.uid for one in stands(view, older, younger).winners] == ["u-2"]
    assert leaving(stands(view, older, younger), view) == set()
    older.ready = True
    assert [one.uid for one in stands(view, older, younger).winners] == ["u-1"]


def test_one_for_whom_there_is_no_room_does_not_stand_unless_it_had_room_before() -> None:
    view = held("A", "B", declared=("A", "B"))
    shares = [share("A", "u-1", ready=True, written=True), share("C", "u-3", ready=True)]
    for one in shares:
        one.problem = Problem(Reason.SECRET_TOO_LARGE, "m", stalled=True)
    assert [one.part for one in stands(view, *shares).winners] == ["env/A"]


def test_the_oldest_comes_first() -> None:
    view = held(declared=())
    younger, older = share("A", "u-1", ready=True, created="09"), share("B", "u-2", ready=True, created="01")
    assert [one.uid for one in stands(view, younger, older).winners] == ["u-2", "u-1"]


def test_what_could_not_be_written_is_not_held() -> None:
    """The status still has the MAC of the value before."""
    known = {"namespace": "acme", "secretName": NAME, "uid": "suid-1", "mac": "k1:abc"}
    view = env(status={"observedGeneration": 1, "projections": [known]})
    state = SlotState("uid-1", 0.0, generation=1, version=FIRST)
    assert expected_mac(view, state, NAME, "suid-1") == "k1:abc"
    state.outcome = Outcome(NAME, Form.ENVIRONMENT, 1, SECOND, "", "")
    state.version = SECOND
    assert expected_mac(view, state, NAME, "suid-1") is None


@given(
    st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(0, 40)),
    st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(0, 40)),
    st.integers(0, 60),
)
def test_what_fits_fits_and_the_rest_says_why(new: dict[str, int], old: dict[str, int], room: int) -> None:
    shares = {key: share(key, f"u-{key}", ready=True) for key in new}
    values = [(shares[key], EnvValue(Sensitive(b"x" * size))) for key, size in new.items()]
    fitting = _fitting(values, room, old)
    grown = sum(new[parts.env_key(part)] - old.get(parts.env_key(part), 0) for part in fitting)
    assert grown <= room
    for key, one in shares.items():
        assert (one.problem is None) == (one.part in fitting)
        if one.problem is not None:
            assert one.problem.reason is Reason.SECRET_TOO_LARGE
            assert new[key] - old.get(key, 0) > 0


def test_what_shrinks_makes_room_for_what_grows() -> None:
    grows, shrinks = share("A", "u-1", ready=True), share("B", "u-2", ready=True, created="05")
    values = [(grows, EnvValue(Sensitive(b"x" * 9))), (shrinks, EnvValue(Sensitive(b"")))]
    assert _fitting(values, 0, {"A": 1, "B": 7}).keys() == {"env/B"}
    assert grows.problem is not None
    assert _fitting(values, 0, {"A": 1, "B": 8}).keys() == {"env/A", "env/B"}
    assert grows.problem is None
