"""A slot's reconciliation: take its value in, have its Secret made, tell how it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from slotwarden.cluster.errors import Conflict, NotFound
from slotwarden.reconcile import intake, operations, pending, status
from slotwarden.reconcile.backlog import Priority
from slotwarden.reconcile.context import Result
from slotwarden.reconcile.keys import TargetKey
from slotwarden.reconcile.observe import REFRESH_ANNOTATION, slot_view
from slotwarden.reconcile.problems import TOLD, left_in, problem_of, trouble_of
from slotwarden.reconcile.state import Problem
from slotwarden.resources.base import rfc3339
from slotwarden.resources.conditions import Reason
from slotwarden.vault.errors import VaultError, VaultUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        rival = context.cache.rival(key)
        if rival is not None:
            return await self._stand_back(key, view, state, rival)
        usable = state.settled(view.metadata.generation)
        trouble = await self._take_in(key, view, state)
        target = context.cache.target_of(key)
        if usable and state.problem is not None and target is not None:
            # Others that share the Secret no longer wait for this one.
            context.queue.add(target)
        # An inline value stays until it is stored; kubectl's record of one that is gone from the spec serves nobody.
        inline = view.declared.inline
        stored = inline is not None and state.problem is None
        if stored or (inline is None and view.last_applied is not None):
            scrubbed = await self._scrub(key, view, state)
            if scrubbed is None:
                return Result(again=0.0)
            view = scrubbed
        self._send_on(key, view, state)
        now = context.clock()
        if status.is_settled(view, state, context.cache.target_of(key)) and not pending.until_told(view, state, now):
            await self._tell(key, view, state)
        await self._tell_progress(key, state, trouble)
        if trouble is not None:
            raise trouble
        return self._next(key, view, state)

    async def _let_go(self, key: SlotKey) -> None:
        """Work off the deletions of slots of this name."""
        context = self._context
        gone = context.cache.gone.get(key)
        if gone:
            # It may have gone with its namespace. Before anything can fail: the next run may meet a new one.
            context.namespaces.forget(key.namespace)
        while gone:
            cluster = await context.namespaces.cluster()
            await context.values.release(gone[0].entry, cluster, gone[0].uid)
            gone.pop(0)
        context.cache.gone.pop(key, None)

    async def _stand_back(self, key: SlotKey, view: SlotView, state: SlotState, rival: SlotKey) -> Result:
        """Touch nothing: the value is that of an older object."""
        what = " / ".join(view.declared.entry[1:])
        message = f'the older {view.kind.name} "{rival.name}" declares {what} already: delete one of the two'
        state.problem, state.fresh = Problem(Reason.NAME_CONFLICT, message + left_in(view), stalled=True), None
        state.handled_refresh = view.metadata.annotations.get(REFRESH_ANNOTATION)
        state.answered, state.missing = view.status.pending, ""
        await self._tell(key, view, state)
        return Result()

    async def _take_in(self, key: SlotKey, view: SlotView, state: SlotState) -> VaultError | None:
        """Ask Vault where that is due, and remember what it said.

        Returns:
            The error that the run has to end with, once all is told.
        """
        asked = view.metadata.annotations.get(REFRESH_ANNOTATION)
        pending.notice(view, state, self._context.clock())
        request = pending.open_request(view, state)
        thorough = not state.settled(view.metadata.generation) or view.declared.inline is not None
        thorough = thorough or asked != state.handled_refresh or request is not None
        mark = intake.known_mark(self._context, key.namespace, view.declared.source)
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
            state.problem, state.fresh = trouble_of(error), None
            return error
        except TOLD as error:
            state.problem, state.fresh = problem_of(error, view, known=state.version is not None), None
        if request is not None:
            pending.look_for(request, state, self._context.clock())
        state.missed = 0
        state.handled_refresh = asked
        state.next_look = self._context.clock() + self._interval(view, state) * (0.9 + 0.2 * self._context.jitter())
        return None

    async def _unchanged(self, key: SlotKey, view: SlotView, state: SlotState) -> bool:
        """Whether the source and the entry are as they were: the steady state of a refresh."""
        source = view.declared.source
        if source is not None and intake.known_mark(self._context, key.namespace, source) is None:
            sourced = await intake.read_source(self._context, key.namespace, source)
            if sourced.mac != state.source_mac:
                return False
        owner = await self._context.owner(view)
        return await self._context.values.look(view.declared.entry, owner) == state.version

    async def _settle(self, key: SlotKey, view: SlotView, state: SlotState) -> None:
        """Store what a door brings, read what holds."""
        context, declared = self._context, view.declared
        secret, source_mac = declared.inline, None
        if secret is None and declared.source is not None:
            sourced = await intake.read_source(context, key.namespace, declared.source)
            secret, source_mac = sourced.value, sourced.mac
        stored = await context.values.settle(
            declared.entry,
            await context.owner(view),
            declared.value(secret) if secret is not None else None,
            adopt=declared.adopts_value,
            known=state.version is not None and state.problem is None,
            kept=declared.kept,
        )
        state.generation, state.version, state.source_mac = view.metadata.generation, stored.version, source_mac
        why = declared.mismatch(stored.value)
        state.problem = Problem(Reason.ADDRESS_MISMATCH, why, stalled=True) if why else None
        state.fresh = None if why else declared.effective(stored.value)

    def _missed(self, view: SlotView, state: SlotState, error: VaultUnavailable) -> None:
        """Vault did not answer. A slot that is projected and known stays as it is, for some time."""
        state.missed += 1
        waits = not state.known(view.metadata.generation) or view.declared.inline is not None
        if waits:
            state.problem = trouble_of(error)
        elif state.missed >= STALE_AFTER:
            state.problem = Problem(Reason.STALE, f"Vault could not be asked for several refreshes in a row: {error}")
        state.next_look = self._context.clock() + view.interval

    async def _scrub(self, key: SlotKey, view: SlotView, state: SlotState) -> SlotView | None:
        """Remove the inline value, which is safe in Vault; None where the object changed meanwhile."""
        inline = view.declared.inline_path if view.declared.inline is not None else ()
        try:
            raw = await self._context.slots[key.kind].scrub(
                key.namespace, key.name, view.version, inline=inline, last_applied=view.last_applied
            )
        except (Conflict, NotFound):
            if not await self._look_again(key, view):
                raise
            return None
        scrubbed = slot_view(view.kind, raw)
        self._context.cache.put_slot(scrubbed)
        # The scrub is a generation of its own, whose value is the one that was just stored.
        if state.generation == view.metadata.generation and inline:
            state.generation = scrubbed.metadata.generation
        return scrubbed

    def _send_on(self, key: SlotKey, view: SlotView, state: SlotState) -> None:
        """Have the Secret made right, and those that the slot no longer asks for removed."""
        target = self._context.cache.target_of(key)
        if target is None:
            return
        projections = {TargetKey(key.namespace, p.secret_name) for p in view.status.projections}
        for former in (self._context.cache.owned(state.uid) | projections) - {target}:
            self._context.queue.add(former)
        due = state.fresh is not None or not state.is_projected(target.name)
        if due and state.settled(view.metadata.generation):
            self._context.queue.add(target)

    async def _tell(self, key: SlotKey, view: SlotView, state: SlotState) -> None:
        """Write the status, where it says something new."""
        context = self._context
        target = context.cache.target_of(key)
        found = (state.version, state.problem, state.outcome, state.handled_refresh, state.source_mac, state.answered)
        grounds = (view.version, target, *found)
        if state.told == grounds:
            return
        report = status.Report(view, state, target, context.store.location(view.declared.entry), context.now())
        change = status.change(report)
        if change is None:
            state.told = grounds
            return
        # Before the write: what is known of the slot may change meanwhile, and is then told of with the next one.
        event = status.event(report)
        if await self._write(key, view, change) and event is not None:
            context.events.post(view.kind.name, view.metadata, *event)

    async def _tell_progress(self, key: SlotKey, state: SlotState, trouble: VaultError | None) -> None:
        """Write that a request takes longer than most, once and where nothing else told of it."""
        view = self._context.cache.slots.get(key)
        if view is None or pending.until_slow(view, state, self._context.clock()) != 0.0:
            return
        problem = trouble_of(trouble) if trouble is not None else state.problem
        now = rfc3339(self._context.now())
        progress = [each.to_object() for each in operations.progress(view.status, state, problem, now)]
        await self._write(key, view, {"operations": progress, "lastSyncTime": now})

    async def _write(self, key: SlotKey, view: SlotView, change: Mapping[str, Any]) -> bool:
        """Merge into the status; False where the object is no longer as it was seen, and is looked at again."""
        context = self._context
        try:
            raw = await context.slots[key.kind].patch_status(key.namespace, key.name, view.version, change)
        except (Conflict, NotFound):
            if not await self._look_again(key, view):
                raise
            context.queue.add(key)
            return False
        context.cache.put_slot(slot_view(view.kind, raw))
        return True

    async def _look_again(self, key: SlotKey, seen: SlotView) -> bool:
        """The object is not as it was seen: take it in as it is now, ahead of the watch.

        Returns:
            Whether another than `seen` is known by now; else it is not worth trying again at once.
        """
        cache = self._context.cache
        raw = await self._context.slots[key.kind].get(key.namespace, key.name)
        known = cache.slots.get(key)
        if raw is not None:
            concerned = cache.put_slot(slot_view(seen.kind, raw))
        else:
            concerned = cache.drop_slot(key, known.metadata.uid) if known is not None else set()
        for other in concerned:
            self._context.queue.add(other)
        return cache.slots.get(key) is not seen

    def _interval(self, view: SlotView, state: SlotState) -> float:
        waiting = state.problem is not None and state.problem.reason is Reason.AWAITING_VALUE
        return min(view.interval, AWAITING_LOOK) if waiting else view.interval

    def _next(self, key: SlotKey, view: SlotView, state: SlotState) -> Result:
        now = self._context.clock()
        request = pending.open_request(view, state)
        if request is not None:
            return Result(again=pending.pause(state, now), priority=Priority.USER)
        known = self._context.cache.slots.get(key, view)
        wait = pending.until_slow(known, state, now) or pending.until_told(known, state, now)
        if wait:
            return Result(again=wait, priority=Priority.USER)
        problem = state.problem
        failed = problem is not None and problem.reason is not Reason.AWAITING_VALUE
        return Result(again=max(0.0, state.next_look - self._context.clock()), failed=failed)
