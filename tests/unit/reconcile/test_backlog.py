"""The order of the work queue, against a plain model, with time in the test's hands."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from slotwarden.reconcile.backlog import PATIENCE, Backlog, Priority

KEYS = st.sampled_from("abcdef")
PRIORITIES = st.sampled_from(Priority)


class BacklogMachine(RuleBasedStateMachine):
    """Every key that was added runs, once at a time, and again if it was added while it ran."""

    def __init__(self) -> None:
        super().__init__()
        self.backlog: Backlog[str] = Backlog()
        self.now = 0.0
        self.running: set[str] = set()
        self.owed: set[str] = set()
        self.due: dict[str, float] = {}

    @rule(key=KEYS, priority=PRIORITIES)
    def add(self, key: str, priority: Priority) -> None:
        self.backlog.add(key, priority, self.now)
        self.owed.add(key)

    @rule(key=KEYS, priority=PRIORITIES, delay=st.floats(0, 100))
    def add_later(self, key: str, priority: Priority, delay: float) -> None:
        self.backlog.add_at(key, self.now + delay, priority)
        if key not in self.owed:
            self.due[key] = min(self.due.get(key, float("inf")), self.now + delay)

    @rule(seconds=st.floats(0, 50))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def pop(self) -> None:
        ripe = {key for key, due in self.due.items() if due <= self.now}
        key = self.backlog.pop(self.now)
        self.owed |= ripe
        for ripened in ripe:
            self.due.pop(ripened)
        if key is None:
            assert not self.owed - self.running
            return
        assert key in self.owed
        assert key not in self.running
        self.owed.discard(key)
        self.due.pop(key, None)
        self.running.add(key)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.running)))
        self.backlog.done(key, self.now)
        self.running.discard(key)

    @invariant()
    def counts_agree(self) -> None:
        assert self.backlog.running == len(self.running)

    def teardown(self) -> None:
        for key in sorted(self.running):
            self.backlog.done(key, self.now)
        left = set(self.owed) | set(self.due)
        served = set()
        while (key := self.backlog.pop(self.now + 1000)) is not None:
            self.backlog.done(key, self.now + 1000)
            served.add(key)
        assert served == left


BacklogMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestBacklog = BacklogMachine.TestCase


def order(backlog: Backlog[str], now: float) -> str:
    keys = []
    while (key := backlog.pop(now)) is not None:
        keys.append(key)
    return "".join(keys)


def test_users_go_before_refreshes_and_first_come_first_served() -> None:
    backlog: Backlog[str] = Backlog()
    for key, priority in ("ar", "bu", "cr", "du"):
        backlog.add(key, Priority.REFRESH if priority == "r" else Priority.USER, 0.0)
    assert order(backlog, 0.0) == "bdac"


def test_a_refresh_that_a_user_now_waits_for_is_served_like_a_user() -> None:
    backlog: Backlog[str] = Backlog()
    backlog.add("a", Priority.REFRESH, 0.0)
    backlog.add("b", Priority.REFRESH, 0.0)
    backlog.add("b", Priority.USER, 0.0)
    assert order(backlog, 0.0) == "ba"


def test_a_refresh_is_not_starved() -> None:
    backlog: Backlog[str] = Backlog()
    backlog.add("refresh", Priority.REFRESH, 0.0)
    backlog.add("user", Priority.USER, PATIENCE)
    assert backlog.pop(PATIENCE) == "refresh"


def test_the_urgency_of_what_came_while_running_is_kept() -> None:
    backlog: Backlog[str] = Backlog()
    backlog.add("a", Priority.USER, 0.0)
    assert backlog.pop(0.0) == "a"
    backlog.add("a", Priority.USER, 0.0)
    backlog.add("a", Priority.REFRESH, 0.0)
    backlog.add("b", Priority.REFRESH, 0.0)
    assert backlog.pop(0.0) == "b"
    backlog.done("a", 1.0)
    assert backlog.depth(Priority.USER) == 1
    assert backlog.oldest(Priority.USER) == 1.0


def test_the_earliest_of_several_times_holds() -> None:
    backlog: Backlog[str] = Backlog()
    backlog.add_at("a", 10.0, Priority.REFRESH)
    backlog.add_at("a", 5.0, Priority.REFRESH)
    backlog.add_at("a", 7.0, Priority.REFRESH)
    assert backlog.next_due() == 5.0
    assert backlog.pop(4.9) is None
    assert backlog.pop(5.0) == "a"
    backlog.done("a", 5.0)
    assert backlog.pop(100.0) is None
