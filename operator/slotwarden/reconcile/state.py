"""What is known of slots between two runs: small, in memory only, and made again from status after a restart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slotwarden.resources.conditions import ConditionType, Reason, find_condition
from slotwarden.values.entries import Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.domain.declared import Value
    from slotwarden.domain.targets import Form
    from slotwarden.reconcile.keys import SlotKey
    from slotwarden.reconcile.observe import SlotView
    from slotwarden.resources.slotstatus import Pending


@dataclass(frozen=True, slots=True)
class Problem:
    """What stands in the way, as the conditions tell it.

    Attributes:
        stalled: whether somebody has to change something; else it is waited or tried again.
    """

    reason: Reason
    message: str
    stalled: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a slot's part of a Secret is.

    Attributes:
        version: the version of the value that it was computed from; None where none was.
        generation: of the spec that it was computed from.
        mac: of the part, as the Secret holds it.
        note: what is worth saying although all is well.
    """

    secret: str
    form: Form
    generation: int
    version: Version | None = None
    uid: str = ""
    mac: str = ""
    problem: Problem | None = None
    note: str = ""


@dataclass(slots=True)
class SlotState:
    """What is known of one slot.

    Attributes:
        generation: of the spec that Vault was last asked for; -1 before.
        version: the value that holds.
        fresh: that value, on its way to the Secret; dropped when it is there.
        problem: what stands between the spec and the value.
        outcome: how the Secret is.
        source_mac: of the source's value that was last taken in.
        handled_refresh: the refresh annotation that was last worked off.
        next_look: when Vault is to be looked at again, in monotonic seconds.
        missed: how many looks in a row Vault did not answer.
        told: what a status was made from that said nothing new.
        noticed: the request to set the value that is stated, and since when that is known, in monotonic seconds.
        request: the one that is being looked for, and since when, in monotonic seconds.
        answered: the last request that was found or given up; `missing` says why, where it was given up.
        since: when the change that is being worked on was first seen, in monotonic seconds; None when all is done.
    """

    uid: str
    next_look: float
    generation: int = -1
    version: Version | None = None
    fresh: Value | None = None
    problem: Problem | None = None
    outcome: Outcome | None = None
    source_mac: str | None = None
    handled_refresh: str | None = None
    missed: int = 0
    noticed: tuple[Pending, float] | None = None
    request: tuple[Pending, float] | None = None
    answered: Pending | None = None
    missing: str = ""
    since: float | None = None
    told: tuple[object, ...] = ()

    def is_projected(self, secret: str) -> bool:
        """Whether the outcome is that of this Secret, for the value that holds and the spec it was found for."""
        outcome, current = self.outcome, (secret, self.version, self.generation)
        return outcome is not None and (outcome.secret, outcome.version, outcome.generation) == current

    def known(self, generation: int) -> bool:
        """Whether a value was found for this generation of the spec, however long ago Vault last said so."""
        current = self.version is not None and self.generation == generation
        return current and (self.problem is None or self.problem.reason is Reason.STALE)

    def settled(self, generation: int) -> bool:
        """Whether the value for this generation of the spec is known and may be projected."""
        return self.problem is None and self.known(generation)


@dataclass(slots=True)
class States:
    """The states of all slots.

    Attributes:
        clock: monotonic seconds.
        spread: a number from 0 to 1, drawn so that looks at Vault after a restart do not come all at once.
    """

    clock: Callable[[], float]
    spread: Callable[[], float]
    _states: dict[SlotKey, SlotState] = field(default_factory=dict)

    def get(self, key: SlotKey) -> SlotState | None:
        """What is known of a slot."""
        return self._states.get(key)

    def of(self, key: SlotKey, view: SlotView) -> SlotState:
        """What is known of a slot; recalled from its status where this process sees it for the first time."""
        state = self._states.get(key)
        if state is None or state.uid != view.metadata.uid:
            state = self._states[key] = recall(view, self.clock() + view.interval * self.spread())
        return state

    def drop(self, key: SlotKey) -> None:
        """Forget a slot."""
        self._states.pop(key, None)


def recall(view: SlotView, next_look: float) -> SlotState:
    """The state that a status tells of: only a Ready one for the present spec need not be asked for again."""
    metadata, status = view.metadata, view.status
    state = SlotState(metadata.uid, next_look, handled_refresh=status.last_handled_refresh)
    ready = find_condition(status.conditions, ConditionType.READY)
    current = status.observed_generation == metadata.generation
    if status.vault is not None:
        state.version = Version(status.vault.version, status.vault.created_time)
        if current and ready is not None and ready.status == "True":
            state.generation = metadata.generation
            state.source_mac = status.source_mac
    return state


def expected_mac(view: SlotView, state: SlotState, secret: str, uid: str) -> str | None:
    """The MAC that the slot's part of a Secret had when it was last right; None where it never was."""
    outcome = state.outcome
    if outcome is not None and (not outcome.mac or not state.is_projected(outcome.secret)):
        # What the status has is of an earlier value: this one was never written.
        return None
    return written_mac(view, state, secret, uid)


def written_mac(view: SlotView, state: SlotState, secret: str, uid: str) -> str | None:
    """The MAC of what the slot last had written into a Secret, whatever its spec says by now."""
    outcome = state.outcome
    if outcome is not None and outcome.mac:
        return outcome.mac if (outcome.secret, outcome.uid) == (secret, uid) else None
    for projection in view.status.projections:
        if projection.secret_name == secret and projection.uid == uid:
            return projection.mac
    return None
