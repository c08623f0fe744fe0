"""One slot's share in a target, and whether a Secret holds it as it should."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slotwarden.domain import parts
from slotwarden.domain.parts import env_key
from slotwarden.domain.targets import DECLARED_ANNOTATION, Form, undeclared
from slotwarden.reconcile.state import expected_mac, written_mac
from slotwarden.resources.conditions import Reason
from slotwarden.values.mac import mac, same_mac

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotwarden.domain.declared import Value
    from slotwarden.domain.targets import Contributor, Resolution
    from slotwarden.reconcile.keys import SlotKey
    from slotwarden.reconcile.observe import SecretView, SlotView
    from slotwarden.reconcile.state import Problem, SlotState
    from slotwarden.values.entries import Version
    from slotwarden.values.mac import MacKey


@dataclass(slots=True)
class Share:
    """A winner of a target, as it was when the run began; of an environment also one that stands back.

    Attributes:
        contributor: which part of the Secret is the slot's, and what else it declares.
        ready: whether its value is known and may be projected; else what the Secret holds of it stays.
        version: the value's, as it is written.
        generation: of the spec that the value was found for.
        fresh: the value, where it is in hand.
        problem: what kept it from being written, while others were.
    """

    key: SlotKey
    view: SlotView
    state: SlotState
    contributor: Contributor
    ready: bool
    version: Version | None
    generation: int
    fresh: Value | None
    problem: Problem | None = None

    @property
    def part(self) -> str:
        """Which part of the Secret is the slot's."""
        return self.contributor.part

    @property
    def met_stranger(self) -> bool:
        """Whether a Secret of somebody else's was in the way last time."""
        outcome = self.state.outcome
        return bool(outcome and outcome.problem and outcome.problem.reason is Reason.FOREIGN_SECRET)

    def holds(self, secret: SecretView | None, key: MacKey) -> bool:
        """Whether a Secret's part is what this share should be."""
        if secret is None or secret.marks is None or self.part not in secret.marks:
            return False
        if self.fresh is not None:
            wanted: str | None = mac(
                key,
                namespace=secret.namespace,
                name=secret.name,
                uid=secret.uid,
                part=self.part,
                value=parts.of_value(self.part, self.fresh),
            )
        else:
            wanted = expected_mac(self.view, self.state, secret.name, secret.uid)
        return wanted is not None and same_mac(wanted, secret.marks[self.part])

    def has_written(self, secret: SecretView | None) -> bool:
        """Whether the slot's value was ever written into this very Secret."""
        return secret is not None and written_mac(self.view, self.state, secret.name, secret.uid) is not None

    def kept(self, secret: SecretView | None) -> str | None:
        """Which part of a Secret stays for this share while it is not ready.

        That is what it last had written, under another address perhaps: what goes to the new one is not known yet, and
        taking the old one away would break its users.
        """
        if self.ready or secret is None or secret.marks is None:
            return None
        written = written_mac(self.view, self.state, secret.name, secret.uid)
        if written is None:
            return None
        return next((part for part, mark in secret.marks.items() if same_mac(written, mark)), self.part)


def standing(resolution: Resolution, shares: Sequence[Share], secret: SecretView | None) -> Resolution:
    """The resolution of those who have a part in a Secret, or get it now; not of one for whom there is no room.

    Whoever may declare a slot, but set no value, could else put annotations on another slot's Secret, or own it and so
    keep it when that slot is deleted. And a key stays as long as the object does that it was written for, also while
    that one has to stand back for another without a value.
    """
    holders: dict[str, Contributor] = {}
    for share in shares:
        if (share.ready and share.problem is None) or (share.has_written(secret) and not share.view.leaves):
            holders.setdefault(share.part, share.contributor)
    return replace(resolution, winners=tuple(sorted(holders.values(), key=lambda holder: holder.age)))


def leaving(stands: Resolution, view: SecretView) -> set[str]:
    """The keys of an environment's Secret that were a slot's once and are no longer anybody's who stands.

    What an orphaning deletion leaves is nobody's from then on, as if others had put it there.
    """
    held = {env_key(part) for part in (*(holder.part for holder in stands.winners), *stands.left)}
    return undeclared("data", view.sizes, held, view.annotations.get(DECLARED_ANNOTATION))


def is_right(stands: Resolution, shares: Sequence[Share], secret: SecretView, key: MacKey) -> bool:
    """Whether a Secret's data is what its contributors make it: nothing missing, changed, or too much."""
    if not secret.clean or not all(share.holds(secret, key) for share in shares if share.ready):
        return False
    if stands.form is Form.ENVIRONMENT:
        return not leaving(stands, secret)
    wanted = {share.part if share.ready else share.kept(secret) for share in shares}
    return stands.form is not Form.DOCKERCONFIGJSON or set(secret.marks or ()) <= wanted
