"""What both reconcilers work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slotwarden.reconcile.backlog import Priority
from slotwarden.values.ownership import Owner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from slotwarden.cluster.events import Events
    from slotwarden.cluster.namespaces import Namespaces
    from slotwarden.cluster.secrets import Secrets
    from slotwarden.cluster.slots import Slots
    from slotwarden.reconcile.cache import Cache
    from slotwarden.reconcile.keys import Key, SlotKey
    from slotwarden.reconcile.observe import SlotView
    from slotwarden.reconcile.queue import WorkQueue
    from slotwarden.reconcile.state import States
    from slotwarden.values.keyring import Keyring
    from slotwarden.values.service import ValueService
    from slotwarden.values.store import ValueStore


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of the operator, put together by `app`.

    Attributes:
        slots: by the word of their kind.
        clock: monotonic seconds.
        now: the time, in UTC.
        jitter: a number from 0 to 1, drawn for each timer.
        projected: called with the seconds from a change being seen to its Secret being written.
    """

    cache: Cache
    states: States
    queue: WorkQueue[Key]
    values: ValueService
    store: ValueStore
    keyring: Keyring
    slots: Mapping[str, Slots]
    secrets: Secrets
    events: Events
    namespaces: Namespaces
    clock: Callable[[], float]
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    projected: Callable[[float], None]

    async def owner(self, view: SlotView) -> Owner:
        """A slot, as the owner of its entry in Vault."""
        return Owner(
            cluster=await self.namespaces.cluster(),
            namespace_uid=await self.namespaces.uid(view.metadata.namespace),
            object_uid=view.metadata.uid,
            policy=view.declared.deletion_policy,
            namesakes=self.cache.living(view.key),
        )

    def look_now(self, key: SlotKey) -> None:
        """Have a slot look at Vault, whenever it would have done so."""
        state = self.states.get(key)
        if state is not None:
            state.next_look = 0.0
        self.queue.add(key)


@dataclass(frozen=True, slots=True)
class Result:
    """What a reconciliation asks for.

    Attributes:
        again: seconds until the key is to run again; None: when something happens.
        failed: whether it is also to be tried again with backoff, which may come earlier.
        priority: of the run that `again` asks for.
    """

    again: float | None = None
    failed: bool = False
    priority: Priority = Priority.REFRESH
