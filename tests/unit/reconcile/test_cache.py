"""Which keys a change concerns, and that old news is none."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from slotwarden.domain.entries import SlotRef
from slotwarden.reconcile.cache import Cache, Gone
from slotwarden.reconcile.keys import SlotKey, TargetKey
from tests.unit.reconcile.objects import env, secret, slot

ONE, TWO = SlotKey("acme", "one", "slot"), SlotKey("acme", "two", "slot")
PULL = TargetKey("acme", "one")


def registry(**projection: str) -> dict[str, object]:
    return {"registry": {"username": "bot"}, "projections": [projection]}


def at(version: int) -> dict[str, int]:
    """Lists that were all made at one version."""
    return dict.fromkeys(("slot", "env", "target"), version)


def test_a_new_slot_concerns_itself_and_its_target() -> None:
    cache = Cache()
    assert cache.put_slot(slot()) == {ONE, PULL}
    assert cache.target_of(ONE) == PULL
    assert list(cache.contributors(PULL)) == [ONE]


def test_the_event_of_our_own_write_is_old_news() -> None:
    cache = Cache()
    cache.put_slot(slot(version=2))
    assert cache.put_slot(slot(version=2)) == set()
    assert cache.put_slot(slot(version=1)) == set()
    cache.put_secret(secret(version=5))
    assert cache.put_secret(secret(version=5)) == set()
    assert cache.put_secret(secret(version=4)) == set()


def test_what_is_known_can_be_told_before_it_is_read() -> None:
    cache = Cache()
    cache.put_slot(slot(version=2))
    cache.put_secret(secret(version=5, key=None))
    assert [cache.has_slot("slot", "acme", "one", "uid-1", version) for version in (1, 2, 3)] == [True, True, False]
    assert [cache.has_slot("slot", "acme", "one", "another", version) for version in (1, 3)] == [True, False]
    assert not cache.has_slot("slot", "acme", "two", "uid-1", 1)
    # Its values were not looked at for want of a key, so the same version is read again.
    assert [cache.has_secret("acme", "one", "suid-1", version) for version in (4, 5)] == [True, False]
    cache.put_secret(secret(version=5))
    assert [cache.has_secret("acme", "one", "suid-1", version) for version in (4, 5, 6)] == [True, True, False]
    assert sorted(cache.uids()) == ["suid-1", "uid-1"]


def test_of_several_with_one_entry_the_oldest_has_it() -> None:
    cache = Cache()
    shared, own = TargetKey("acme", "shop-production-env"), TargetKey("acme", "own")
    first, second = SlotKey("acme", "first", "env"), SlotKey("acme", "second", "env")
    cache.put_slot(env("first", uid="u-1", created="05"))
    assert cache.rival(first) is None
    concerned = cache.put_slot(env("second", uid="u-2", created="07", projection={"secretName": "own"}))
    assert concerned == {first, second, shared, own}
    assert (cache.rival(first), cache.rival(second)) == (None, first)
    assert (list(cache.contributors(shared)), list(cache.contributors(own))) == ([first], [])
    assert list(cache.asking(own)) == [second]
    assert (cache.living(first), cache.living(second)) == ({"u-2"}, {"u-1"})
    assert cache.put_slot(env("other", uid="u-3", key="OTHER")) == {SlotKey("acme", "other", "env"), shared}
    assert cache.drop_slot(first, "u-1") == {first, second, shared, own}
    assert cache.rival(second) is None
    assert list(cache.contributors(own)) == [second]


def test_one_more_that_declares_the_same_concerns_no_other_but_the_oldest() -> None:
    cache = Cache()
    shared = TargetKey("acme", "shop-production-env")
    first, second, third = (SlotKey("acme", name, "env") for name in ("first", "second", "third"))
    cache.put_slot(env("first", uid="u-1", created="05"))
    cache.put_slot(env("second", uid="u-2", created="06"))
    assert cache.put_slot(env("third", uid="u-3", created="07")) == {first, third, shared}
    assert cache.drop_slot(third, "u-3") == {first, third, shared}
    cache.put_slot(env("third", uid="u-4", created="08"))
    assert cache.drop_slot(first, "u-1") == {first, second, third, shared}
    assert (cache.rival(second), cache.rival(third)) == (None, second)


def test_of_two_made_in_one_second_the_uid_tells_whose_the_entry_is() -> None:
    cache = Cache()
    cache.put_slot(env("first", uid="u-2"))
    cache.put_slot(env("second", uid="u-1"))
    assert cache.rival(SlotKey("acme", "first", "env")) == SlotKey("acme", "second", "env")
    assert cache.rival(SlotKey("acme", "second", "env")) is None


def test_a_list_from_before_a_deletion_brings_nothing_back() -> None:
    cache = Cache()
    cache.put_slot(slot(version=5))
    cache.put_secret(secret(version=6))
    # Made now, and taken in after what follows, because of its many pages.
    listed = [slot(version=5)], [secret(version=6)], at(8)
    cache.drop_slot(ONE, "uid-1", 9)
    cache.drop_secret(PULL, "suid-1", 9)
    assert cache.replace(*listed) == set()
    assert (cache.slots, cache.secrets) == ({}, {})


def test_an_answer_from_before_a_deletion_brings_nothing_back() -> None:
    cache = Cache()
    cache.drop_slot(ONE, "uid-1", 9)
    cache.drop_secret(PULL, "suid-1", 9)
    assert cache.put_slot(slot(version=8)) == set()
    assert cache.put_secret(secret(version=8)) == set()


def test_a_secret_that_has_its_label_again_is_taken_in() -> None:
    cache = Cache()
    cache.put_secret(secret(version=5))
    cache.drop_secret(PULL, "suid-1", 6)
    assert cache.put_secret(secret(version=7)) == {PULL}


def test_a_list_that_names_a_predecessor_does_not_put_it_in_its_successors_place() -> None:
    cache = Cache()
    # Their successors are known from answers, before a watch tells that they were deleted.
    cache.put_slot(slot(uid="uid-2", version=9))
    cache.put_secret(secret(uid="suid-2", version=9, key=None))
    assert cache.replace([slot(version=5)], [secret(version=5)], at(8)) == set()
    assert cache.slots[ONE].metadata.uid == "uid-2"
    assert cache.secrets[PULL].uid == "suid-2"
    assert not cache.gone


def test_a_secret_that_has_its_label_again_is_not_dropped_by_the_late_news_of_its_loss() -> None:
    cache = Cache()
    cache.put_secret(secret(version=7))
    assert cache.drop_secret(PULL, "suid-1", 6) == set()
    assert PULL in cache.secrets
    assert cache.put_secret(secret(version=8)) == {PULL}


def test_a_deletion_is_forgotten_with_the_second_list_that_is_later() -> None:
    cache = Cache()
    cache.drop_slot(ONE, "uid-1", 9)
    for version in (8, 10):
        cache.replace([], [], at(version))
        assert cache.put_slot(slot(version=8)) == set()
    cache.replace([], [], at(11))
    assert cache.put_slot(slot(version=8)) != set()


def test_a_change_of_status_concerns_no_target() -> None:
    cache = Cache()
    cache.put_slot(slot(version=1))
    assert cache.put_slot(slot(version=2, status={"observedGeneration": 1})) == {ONE}


def test_a_renamed_target_concerns_the_old_and_the_new() -> None:
    cache = Cache()
    cache.put_slot(slot(version=1, spec=registry(secretName="old")))
    keys = cache.put_slot(slot(version=2, spec=registry(secretName="new")))
    assert keys == {ONE, TargetKey("acme", "old"), TargetKey("acme", "new")}
    assert not cache.contributors(TargetKey("acme", "old"))


def test_a_source_concerns_the_slots_that_take_from_it() -> None:
    cache = Cache()
    source = {"secretKeyRef": {"name": "source", "key": "password"}}
    cache.put_slot(slot(spec={"registry": {"username": "bot", "passwordFrom": source}}))
    assert cache.put_secret(secret("source", owner=None)) == {TargetKey("acme", "source"), ONE}
    assert ONE in cache.drop_secret(TargetKey("acme", "source"), "suid-1")


def test_a_deleted_slot_concerns_what_it_owned_and_leaves_a_note() -> None:
    cache = Cache()
    cache.put_slot(slot())
    cache.put_secret(secret("former"))
    assert cache.drop_slot(ONE, "uid-1") == {ONE, PULL, TargetKey("acme", "former")}
    assert cache.gone[ONE] == [Gone(SlotRef("acme", "one"), "uid-1")]


def test_the_deletion_of_an_earlier_object_does_not_count() -> None:
    cache = Cache()
    cache.put_slot(slot(uid="uid-2", version=9))
    assert cache.drop_slot(ONE, "uid-1") == set()


def test_an_object_made_anew_under_its_name_lets_go_of_the_earlier_one() -> None:
    cache = Cache()
    cache.put_slot(slot(uid="uid-1", version=1))
    assert ONE in cache.put_slot(slot(uid="uid-2", version=2))
    assert cache.gone[ONE] == [Gone(SlotRef("acme", "one"), "uid-1")]


def test_a_secret_seen_without_a_mac_key_is_taken_again_with_one() -> None:
    cache = Cache()
    cache.put_secret(secret(key=None))
    assert PULL in cache.put_secret(secret())
    assert cache.secrets[PULL].marks is not None


def test_a_list_removes_ghosts_and_nothing_newer() -> None:
    cache = Cache()
    cache.put_slot(slot("one", uid="uid-1", version=1))
    cache.put_slot(slot("two", uid="uid-2", version=20))
    cache.put_secret(secret("old", uid="s1", version=3))
    cache.put_secret(secret("new", uid="s2", version=30))
    keys = cache.replace([], [], at(10))
    assert ONE in keys
    assert TWO in cache.slots
    assert set(cache.secrets) == {TargetKey("acme", "new")}


def test_an_owner_is_known_while_it_lives_and_until_the_list_after_its_end() -> None:
    cache = Cache()
    assert not cache.is_known("uid-1")
    cache.put_slot(slot())
    assert cache.is_known("uid-1")
    cache.drop_slot(ONE, "uid-1")
    assert cache.is_known("uid-1")
    cache.replace([], [], at(10))
    assert not cache.is_known("uid-1")


def test_a_ghost_is_known_until_the_next_list() -> None:
    cache = Cache()
    cache.put_slot(slot())
    cache.replace([], [], at(10))
    assert cache.is_known("uid-1")
    cache.replace([], [], at(10))
    assert not cache.is_known("uid-1")


class CacheMachine(RuleBasedStateMachine):
    """The indices say what the objects say, whatever came in whichever order."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = Cache()

    @rule(
        name=st.sampled_from(["one", "two", "three"]),
        uid=st.sampled_from(["uid-1", "uid-2"]),
        version=st.integers(1, 30),
        asked=st.sampled_from(["x", "y"]),
    )
    def put_slot(self, name: str, uid: str, version: int, asked: str) -> None:
        self.cache.put_slot(slot(name, uid=f"{name}-{uid}", version=version, spec=registry(secretName=asked)))

    @rule(name=st.sampled_from(["one", "two", "three"]), uid=st.sampled_from(["uid-1", "uid-2"]))
    def drop_slot(self, name: str, uid: str) -> None:
        self.cache.drop_slot(SlotKey("acme", name, "slot"), f"{name}-{uid}")

    @rule(name=st.sampled_from(["x", "y"]), version=st.integers(1, 30), owner=st.sampled_from(["one-uid-1", None]))
    def put_secret(self, name: str, version: int, owner: str | None) -> None:
        self.cache.put_secret(secret(name, version=version, owner=owner))

    @rule(name=st.sampled_from(["x", "y"]))
    def drop_secret(self, name: str) -> None:
        self.cache.drop_secret(TargetKey("acme", name), "suid-1")

    @invariant()
    def indices_agree(self) -> None:
        for target in (TargetKey("acme", "x"), TargetKey("acme", "y")):
            expected = {key for key in self.cache.slots if self.cache.target_of(key) == target}
            assert set(self.cache.contributors(target)) == expected
        owned = {key for key, view in self.cache.secrets.items() if view.owners}
        assert self.cache.owned("one-uid-1") == owned


CacheMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestIndices = CacheMachine.TestCase
