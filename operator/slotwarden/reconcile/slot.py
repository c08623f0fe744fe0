"""A slot's reconciliation: take its value in, have its Secret made, tell how it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.cluster.errors import Conflict, NotFound
from slotwarden.domain.credentials import InvalidValue
from slotwarden.domain.entries import SlotRef
from slotwarden.reconcile import intake, status
from slotwarden.reconcile.context import Result, entry_ref
from slotwarden.reconcile.keys import TargetKey
from slotwarden.reconcile.observe import ADOPT_VALUE_ANNOTATION, REFRESH_ANNOTATION, slot_view
from slotwarden.reconcile.state import Problem
from slotwarden.resources.conditions import Reason
from slotwarden.values.service import KEPT, NotOwner, NoValue, VersionDeleted
from slotwarden.vault.errors import VaultDenied, VaultError, VaultSealed, VaultUnavailable

if TYPE_CHECKING:
    from slotwarden.reconcile.context import Context
    from slotwarden.reconcile.keys import SlotKey
    from slotwarden.reconcile.observe import SlotView
    from slotwarden.reconcile.state import SlotState

AWAITING_LOOK: Final = 300.0
"""Seconds between two looks for a first value: somebody may write it to Vault by hand."""
STALE_AFTER: Final = 3
"""Looks in a row that Vault has to miss before a slot says so."""


class SlotReconciler:
    """Runs slot keys. One run makes the fewest calls: none where nothing is due."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, key: SlotKey) -> Result:
        """Bring one slot closer to what its spec says.

        Raises:
            VaultError, KubernetesError: what the caller is to wait for or to try again after.
        """
        context = self._context
        await self._let_go(key)
        view = context.cache.slots.get(key)
        if view is None or not view.alive:
            if view is None:
                context.states.drop(key)
            return Result()
        state = context.states.of(key, view)
        usable = state.settled(view.slot.metadata.generation)
        trouble = await self._take_in(key, view, state)
        target = context.cache.target_of(key)
        if usable and state.problem is not None and target is not None:
            # Others that share the Secret no longer wait for this one.
            context.queue.add(target)
        # An inline value stays until it is stored; kubectl's record of one that is gone from the spec serves nobody.
        stored = view.inline is not None and state.problem is None
        if stored or (view.inline is None and view.last_applied is not None):
            scrubbed = await self._scrub(key, view, state)
            if scrubbed is None:
                return Result(again=0.0)
            view = scrubbed
        self._send_on(key, view, state)
        if status.is_settled(view, state, context.cache.target_of(key)):
            await self._tell(key, view, state)
        if trouble is not None:
            raise trouble
        return self._next(view, state)

    async def _let_go(self, key: SlotKey) -> None:
        """Work off the deletions of slots of this name."""
        context = self._context
        gone = context.cache.gone.get(key)
        if gone:
            # It may have gone with its namespace. Before anything can fail: the next run may meet a new one.
            context.namespaces.forget(key.namespace)
        while gone:
            cluster = await context.namespaces.cluster()
            await context.values.release(SlotRef(key.namespace, gone[0].slot_name), cluster, gone[0].uid)
            gone.pop(0)
        context.cache.gone.pop(key, None)

    async def _take_in(self, key: SlotKey, view: SlotView, state: SlotState) -> VaultError | None:
        """Ask Vault where that is due, and remember what it said.

        Returns:
            The error that the run has to end with, once all is told.
        """
        asked = view.slot.metadata.annotations.get(REFRESH_ANNOTATION)
        thorough = not state.settled(view.slot.metadata.generation) or view.inline is not None
        thorough = thorough or asked != state.handled_refresh
        mark = intake.known_mark(self._context, key, view)
        thorough = thorough or (mark is not None and mark != state.source_mac)
        if not thorough and self._context.clock() < state.next_look:
            return None
        if state.since is None and thorough:
            state.since = self._context.clock()
        try:
            if thorough or not await self._unchanged(key, view, state):
                await self._settle(key, view, state)
        except VaultUnavailable as error:
            self._missed(view, state, error)
            return error
        except VaultError as error:
            reason = Reason.VAULT_DENIED if isinstance(error, VaultDenied) else Reason.VAULT_UNAVAILABLE
            state.problem, state.fresh = Problem(reason, str(error)), None
            return error
        except _TOLD as error:
            state.problem, state.fresh = _problem(error, view, known=state.version is not None), None
        state.missed = 0
        state.handled_refresh = asked
        state.next_look = self._context.clock() + self._interval(view, state) * (0.9 + 0.2 * self._context.jitter())
        return None

    async def _unchanged(self, key: SlotKey, view: SlotView, state: SlotState) -> bool:
        """Whether the source and the entry are as they were: the steady state of a refresh."""
        if view.source is not None and intake.known_mark(self._context, key, view) is None:
            sourced = await intake.read_source(self._context, key, *view.source)
            if sourced.mac != state.source_mac:
                return False
        owner = await self._context.owner(key, view)
        return await self._context.values.look(entry_ref(key, view), owner) == state.version

    async def _settle(self, key: SlotKey, view: SlotView, state: SlotState) -> None:
        """Store what a door brings, read what holds."""
        context = self._context
        generation = view.slot.metadata.generation
        value, source_mac = view.inline, None
        if value is None and view.source is not None:
            sourced = await intake.read_source(context, key, *view.source)
            value, source_mac = sourced.value, sourced.mac
        stored = await context.values.settle(
            entry_ref(key, view),
            await context.owner(key, view),
            intake.credential(view, value) if value is not None else None,
            adopt=view.slot.metadata.annotations.get(ADOPT_VALUE_ANNOTATION) == "true",
        )
        state.generation, state.version, state.source_mac = generation, stored.version, source_mac
        state.problem = intake.mismatch(view, stored.value)
        state.fresh = None if state.problem else intake.effective(view, stored.value)

    def _missed(self, view: SlotView, state: SlotState, error: VaultUnavailable) -> None:
        """Vault did not answer. A slot that is projected and known stays as it is, for some time."""
        state.missed += 1
        sealed = isinstance(error, VaultSealed)
        waits = not state.known(view.slot.metadata.generation) or view.inline is not None
        if waits:
            state.problem = Problem(Reason.VAULT_SEALED if sealed else Reason.VAULT_UNAVAILABLE, str(error))
        elif state.missed >= STALE_AFTER:
            state.problem = Problem(Reason.STALE, f"Vault could not be asked for several refreshes in a row: {error}")
        state.next_look = self._context.clock() + view.interval

    async def _scrub(self, key: SlotKey, view: SlotView, state: SlotState) -> SlotView | None:
        """Remove the inline value, which is safe in Vault; None where the object changed meanwhile."""
        kind = None
        if view.inline is not None:
            kind = "registry" if view.slot.spec.registry else "git"
        try:
            raw = await self._context.slots.scrub(
                key.namespace, key.name, view.version, kind=kind, last_applied=view.last_applied
            )
        except (Conflict, NotFound):
            if not await self._look_again(key, view):
                raise
            return None
        scrubbed = slot_view(raw)
        self._context.cache.put_slot(scrubbed)
        # The scrub is a generation of its own, whose value is the one that was just stored.
        if state.generation == view.slot.metadata.generation and kind is not None:
            state.generation = scrubbed.slot.metadata.generation
        return scrubbed

    def _send_on(self, key: SlotKey, view: SlotView, state: SlotState) -> None:
        """Have the Secret made right, and those that the slot no longer asks for removed."""
        target = self._context.cache.target_of(key)
        if target is None:
            return
        projections = {TargetKey(key.namespace, p.secret_name) for p in view.slot.status.projections}
        for former in (self._context.cache.owned(state.uid) | projections) - {target}:
            self._context.queue.add(former)
        due = state.fresh is not None or not state.is_projected(target.name)
        if due and state.settled(view.slot.metadata.generation):
            self._context.queue.add(target)

    async def _tell(self, key: SlotKey, view: SlotView, state: SlotState) -> None:
        """Write the status, where it says something new."""
        context = self._context
        target = context.cache.target_of(key)
        found = (state.version, state.problem, state.outcome, state.handled_refresh, state.source_mac)
        grounds = (view.version, target, *found)
        if state.told == grounds:
            return
        report = status.Report(view, state, target, context.store.location(entry_ref(key, view)), context.now())
        change = status.change(report)
        if change is None:
            state.told = grounds
            return
        try:
            raw = await context.slots.patch_status(key.namespace, key.name, view.version, change)
        except (Conflict, NotFound):
            if not await self._look_again(key, view):
                raise
            context.queue.add(key)
            return
        context.cache.put_slot(slot_view(raw))
        event = status.event(report)
        if event is not None:
            context.events.post(view.slot.metadata, *event)

    async def _look_again(self, key: SlotKey, seen: SlotView) -> bool:
        """The object is not as it was seen: take it in as it is now, ahead of the watch.

        Returns:
            Whether another than `seen` is known by now; else it is not worth trying again at once.
        """
        cache = self._context.cache
        raw = await self._context.slots.get(key.namespace, key.name)
        known = cache.slots.get(key)
        if raw is not None:
            concerned = cache.put_slot(slot_view(raw))
        else:
            concerned = cache.drop_slot(key, known.slot.metadata.uid) if known is not None else set()
        for other in concerned:
            self._context.queue.add(other)
        return cache.slots.get(key) is not seen

    def _interval(self, view: SlotView, state: SlotState) -> float:
        waiting = state.problem is not None and state.problem.reason is Reason.AWAITING_VALUE
        return min(view.interval, AWAITING_LOOK) if waiting else view.interval

    def _next(self, view: SlotView, state: SlotState) -> Result:
        problem = state.problem
        failed = problem is not None and problem.reason is not Reason.AWAITING_VALUE
        return Result(again=max(0.0, state.next_look - self._context.clock()), failed=failed)


_TOLD = (NoValue, NotOwner, VersionDeleted, InvalidValue, intake.SourceMissing)


def _problem(error: Exception, view: SlotView, *, known: bool) -> Problem:
    """How an error is told; `known` says that a value was there before."""
    # To remove it would be to lose it; but whoever reads the object should know.
    left = "" if view.inline is None else "; the value is still in the object: correct or remove it there"
    match error:
        case NoValue() if known:
            return Problem(Reason.VERSION_DELETED, f"the entry is gone from Vault; {KEPT}")
        case NoValue():
            return Problem(Reason.AWAITING_VALUE, str(error))
        case NotOwner():
            return Problem(Reason.NOT_OWNER, str(error) + left, stalled=True)
        case VersionDeleted():
            return Problem(Reason.VERSION_DELETED, str(error))
        case intake.SourceMissing():
            return Problem(Reason.SOURCE_MISSING, str(error))
        case _:
            return Problem(Reason.INVALID_VALUE, str(error) + left, stalled=True)
