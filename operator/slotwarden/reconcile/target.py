"""A target's reconciliation: compute one Secret from all slots that contribute to it, and write what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.cluster.errors import AlreadyExists, Conflict, Forbidden, NotFound, Rejected, Terminating
from slotwarden.domain import projection
from slotwarden.domain.targets import (
    ADOPT_ANNOTATION,
    MANAGED_BY_LABEL,
    MANAGER,
    OWNER_LABEL,
    TARGET_ANNOTATION,
    WATCH_LABEL,
    Form,
    resolve,
)
from slotwarden.reconcile import leftover
from slotwarden.reconcile.cache import owning_slots
from slotwarden.reconcile.contents import Contents, Withdrawn
from slotwarden.reconcile.context import Context, Result
from slotwarden.reconcile.observe import secret_view
from slotwarden.reconcile.share import Share, is_right, standing
from slotwarden.reconcile.state import Outcome, Problem
from slotwarden.resources.conditions import Reason

if TYPE_CHECKING:
    from slotwarden.cluster.client import Json
    from slotwarden.domain.targets import Contributor, Resolution
    from slotwarden.reconcile.keys import SlotKey, TargetKey
    from slotwarden.reconcile.observe import SecretView
    from slotwarden.sensitive import Sensitive
    from slotwarden.values.mac import MacKey

_ATTEMPTS: Final = 3


class Foreign(Exception):
    """A Secret of that name is somebody else's."""


class TargetReconciler:
    """Runs target keys. A Secret that is as it should be costs no call."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._contents = Contents(context)

    async def __call__(self, target: TargetKey) -> Result:
        """Make one Secret what its contributors make it.

        Raises:
            VaultError, KubernetesError: what the caller is to wait for or to try again after.
        """
        context = self._context
        asking = context.cache.contributors(target)
        left = frozenset(context.cache.left.get(target, ()))
        resolution = resolve((c for key, c in asking.items() if context.cache.slots[key].alive), left)
        if resolution is None:
            if not asking and not self._holds_for_one_who_stands_back(target):
                context.cache.left.pop(target, None)
                await leftover.remove(self._context, target)
            return Result()
        youngest = max(contributor.age for contributor in asking.values())
        if context.namespaces.is_ending(target.namespace, youngest):
            return Result()
        shares = self._shares(target, resolution)
        try:
            view = await self._converge(target, resolution, shares)
        except Foreign as error:
            problem = Problem(Reason.FOREIGN_SECRET, str(error), stalled=True)
            self._conclude(target, resolution, shares, None, problem)
            return Result(failed=True)
        except Withdrawn as error:
            context.look_now(error.key)
        except Terminating:
            context.namespaces.ends(target.namespace, youngest)
        except (Forbidden, Rejected) as error:
            self._conclude(target, resolution, shares, None, Problem(Reason.PROJECTION_FAILED, str(error)))
            raise
        else:
            self._conclude(target, resolution, shares, view, None)
            if left:
                context.cache.left[target] -= left
        return Result()

    async def _converge(self, target: TargetKey, resolution: Resolution, shares: list[Share]) -> SecretView | None:
        """Make the Secret what it should be, looking at it anew where it is not as it was last seen."""
        mac_key = await self._context.keyring.get()
        view = self._context.cache.secrets.get(target)
        if (view is not None and view.marks is None) or (view is None and any(share.met_stranger for share in shares)):
            view = await self._read(target, mac_key)
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._make(target, resolution, shares, view, mac_key)
            except (Conflict, NotFound, AlreadyExists):
                view = await self._read(target, mac_key)
        return await self._make(target, resolution, shares, view, mac_key)

    def _shares(self, target: TargetKey, resolution: Resolution) -> list[Share]:
        """The parts as they are now: the winners', and in an environment also those of slots that stand back."""
        asking = self._context.cache.asking(target)
        keys = {contributor.uid: key for key, contributor in asking.items()}
        shares = [self._share(keys[winner.uid], winner, entitled=True) for winner in resolution.winners]
        if resolution.form is Form.ENVIRONMENT and len(keys) > len(shares):
            entitled = {winner.uid for winner in resolution.winners}
            back = ((key, one) for key, one in asking.items() if one.uid not in entitled)
            shares += [self._share(key, one, entitled=False) for key, one in back]
        return shares

    def _share(self, key: SlotKey, contributor: Contributor, *, entitled: bool) -> Share:
        slot = self._context.cache.slots[key]
        state = self._context.states.of(key, slot)
        # One with its value still in the spec comes when that is scrubbed, which makes another generation of it.
        ready = entitled and state.settled(slot.metadata.generation) and slot.declared.inline is None
        return Share(
            key, slot, state, contributor, ready, state.version, state.generation, state.fresh if ready else None
        )

    def _holds_for_one_who_stands_back(self, target: TargetKey) -> bool:
        """Whether a Secret holds a value for a slot that is there, although nobody is entitled to the Secret now."""
        view = self._context.cache.secrets.get(target)
        asking = self._context.cache.asking(target).items()
        return any(self._share(key, one, entitled=False).has_written(view) for key, one in asking)

    async def _make(
        self, target: TargetKey, resolution: Resolution, shares: list[Share], view: SecretView | None, mac_key: MacKey
    ) -> SecretView | None:
        """Make the Secret what it should be, given how it was last seen.

        Raises:
            Foreign: it is not ours to change.
            Conflict, NotFound, AlreadyExists: it is not as it was last seen.
        """
        context = self._context
        if view is not None and not _ours(view, shares) and view.annotations.get(ADOPT_ANNOTATION) != "true":
            raise Foreign(
                f'a Secret "{target.name}" exists that the operator did not make; delete it, name another secretName, '
                f'or annotate it with {ADOPT_ANNOTATION}: "true"'
            )
        keyed = resolution.form is Form.ENVIRONMENT
        if not any(share.ready or (keyed and share.has_written(view)) for share in shares):
            return view
        if view is None or view.type != resolution.form.secret_type:
            if not any(share.ready for share in shares):
                return view
            # The values come first: nothing is removed that could not be made again.
            made = await self._contents.of_new(resolution.form, shares)
            if view is not None:
                await self._replace(target, resolution, shares, view)
            metadata = projection.metadata(standing(resolution, shares, None), target.name)
            raw = await context.secrets.create(
                target.namespace, target.name, resolution.form.secret_type, made, metadata
            )
            return self._written(raw, shares, mac_key)
        stands = standing(resolution, shares, view)
        data: dict[str, Sensitive | None] = {}
        if not is_right(stands, shares, view, mac_key):
            data = await self._contents.changes(target, stands, shares, view, mac_key)
            stands = standing(resolution, shares, view)
        change: Json = {}
        if stands.winners:
            await self._contents.confirm(shares, view)
            change = projection.metadata_patch(
                stands, target.name, labels=view.labels, annotations=view.annotations, owners=view.owners
            )
        if not data and not change:
            return view
        raw = await context.secrets.patch(target.namespace, target.name, view.version, data, change)
        return self._written(raw, shares, mac_key)

    async def _replace(self, target: TargetKey, resolution: Resolution, shares: list[Share], view: SecretView) -> None:
        """Remove a Secret whose type has to change, which the API server does not allow in place."""
        context = self._context
        await context.secrets.delete(target.namespace, target.name, view.uid, view.version)
        context.cache.drop_secret(target, view.uid)
        message = f"Secret {target.name} of type {view.type} is replaced by one of type {resolution.form.secret_type}"
        slot = shares[0].view
        context.events.post(slot.kind.name, slot.metadata, "Normal", "Replaced", message)

    async def _read(self, target: TargetKey, mac_key: MacKey) -> SecretView | None:
        """The Secret as it is. Only what we watch is kept in memory: of anything else no change would be told."""
        raw = await self._context.secrets.get(target.namespace, target.name)
        known = self._context.cache.secrets.get(target)
        view = secret_view(raw, mac_key) if raw is not None else None
        if known is not None and (view is None or view.uid != known.uid or WATCH_LABEL not in view.labels):
            self._context.cache.drop_secret(target, known.uid)
        if view is not None and view.labels.get(WATCH_LABEL) == "true":
            self._context.cache.put_secret(view)
        return view

    def _written(self, raw: Json, shares: list[Share], mac_key: MacKey) -> SecretView:
        view = secret_view(raw, mac_key)
        self._context.cache.put_secret(view)
        for share in shares:
            if share.ready and share.state.since is not None:
                self._context.projected(self._context.clock() - share.state.since)
                share.state.since = None
        return view

    def _conclude(
        self,
        target: TargetKey,
        resolution: Resolution,
        shares: list[Share],
        view: SecretView | None,
        problem: Problem | None,
    ) -> None:
        """Tell each slot how its part is; those for which that is new run next."""
        context = self._context
        for share in shares:
            if not share.ready:
                continue
            why = problem or share.problem
            mac = view.marks.get(share.part, "") if view is not None and view.marks and why is None else ""
            uid = view.uid if view is not None and why is None else ""
            note = resolution.disputes.get(share.view.metadata.uid, "")
            made = Outcome(target.name, resolution.form, share.generation, share.version, uid, mac, why, note)
            if share.state.fresh is share.fresh:
                share.state.fresh = None
            self._tell(share.key, made)
        losers = resolution.losers
        for key, contributor in context.cache.contributors(target).items() if losers else ():
            state = context.states.get(key)
            if contributor.uid not in losers or state is None:
                continue
            state.fresh = None
            conflict = Problem(Reason.TARGET_CONFLICT, resolution.disputes[contributor.uid], stalled=True)
            self._tell(key, Outcome(target.name, contributor.form, state.generation, state.version, problem=conflict))

    def _tell(self, key: SlotKey, outcome: Outcome) -> None:
        state = self._context.states.get(key)
        if state is not None and state.outcome != outcome:
            state.outcome = outcome
            self._context.queue.add(key)


def _ours(view: SecretView, shares: list[Share]) -> bool:
    """Whether the operator made a Secret: a slot's status, its owner or its labels say so, and it is no copy."""
    if any(p.uid == view.uid for share in shares for p in share.view.status.projections):
        return True
    if view.annotations.get(TARGET_ANNOTATION, view.identity) != view.identity:
        return False
    return bool(owning_slots(view) or (view.labels.get(MANAGED_BY_LABEL) == MANAGER and OWNER_LABEL in view.labels))
