"""A Secret of ours that no slot asks for any more: removed, but not before what is asked for in its place is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotwarden.cluster.errors import Conflict
from slotwarden.domain.kinds import KINDS
from slotwarden.domain.targets import MANAGED_BY_LABEL, MANAGER, TARGET_ANNOTATION, is_slot
from slotwarden.reconcile.cache import owning_slots
from slotwarden.reconcile.keys import SlotKey
from slotwarden.reconcile.status import is_current

if TYPE_CHECKING:
    from slotwarden.reconcile.context import Context
    from slotwarden.reconcile.keys import TargetKey


async def remove(context: Context, target: TargetKey) -> None:
    """Delete such a Secret; one that was orphaned on purpose names no owner and stays."""
    view = context.cache.secrets.get(target)
    if view is None or view.labels.get(MANAGED_BY_LABEL) != MANAGER or not owning_slots(view):
        return
    if view.annotations.get(TARGET_ANNOTATION) != view.identity:
        return
    if not all(map(context.cache.is_known, owning_slots(view))):
        # An owner that cannot be read may well ask for it; one that is gone is the garbage collector's matter.
        return
    words = {kind.name: kind.word for kind in KINDS}
    owners = [SlotKey(view.namespace, owner["name"], words[owner["kind"]]) for owner in view.owners if is_slot(owner)]
    if any(_is_waiting(context, key) for key in owners):
        return
    try:
        await context.secrets.delete(target.namespace, target.name, view.uid, view.version)
    except Conflict:
        # It may be orphaned by now. The watch tells how it is, which has the target run again.
        return
    context.cache.drop_secret(target, view.uid)


def _is_waiting(context: Context, key: SlotKey) -> bool:
    """Whether a slot does not have yet the other Secret that it asks for now; once it has, its own run comes here."""
    slot, target = context.cache.slots.get(key), context.cache.target_of(key)
    if slot is None or not slot.alive or target is None:
        return False
    state = context.states.of(key, slot)
    if not is_current(slot, state, target):
        return True
    return state.outcome is not None and state.outcome.problem is not None
