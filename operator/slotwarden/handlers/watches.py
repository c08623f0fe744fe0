"""kopf in a thread and a loop of its own, turning watch events into views of objects.

kopf cancels every task of its loop when it ends, hence the loop of its own; it ends for good when a watch fails in a
way that it does not know, hence the supervision. It takes a third of a second to load, which nobody waits for: its
thread does it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import uvloop

from slotwarden.cluster.errors import KubernetesError
from slotwarden.domain.kinds import KINDS
from slotwarden.reconcile.observe import readable, secret_view, slot_view, version_of
from slotwarden.resources.secretslot import GROUP, VERSION
from slotwarden.telemetry.logs import hush

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotwarden.reconcile.cache import Cache
    from slotwarden.reconcile.observe import SecretView, SlotView
    from slotwarden.reconcile.rollcall import RollCall
    from slotwarden.values.keyring import Keyring

    Seen = Callable[[SlotView | SecretView, bool], None]

_log = logging.getLogger(__name__)
_PAUSE: Final = 2.0
_HEAD_START: Final = 2.0
_LOOK: Final = 0.05


class Watches:
    """The watches of our objects and of labelled Secrets.

    Args:
        namespaces: where to watch; everywhere if empty.
        keyring: its key, once there is one, makes the MACs of Secrets.
        cache: asked, from kopf's thread, what is known already.
        roll: told, from kopf's thread, which objects kopf's lists name: they never tell what is gone.
        busy: asked, from kopf's thread, whether keys are ready to run.
        seen: called in `loop` with each object and whether it was deleted (or lost its label).
        served: asked, in `loop`, whether our kinds are there to be watched: kopf would wait for them for ever.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        namespaces: Sequence[str],
        keyring: Keyring,
        cache: Cache,
        roll: RollCall,
        busy: Callable[[], bool],
        seen: Seen,
        served: Callable[[], Any],
    ) -> None:
        self._loop = loop
        self._namespaces = namespaces
        self._keyring = keyring
        self._cache = cache
        self._roll = roll
        self._busy = busy
        self._seen = seen
        self._served = served
        self._stop = threading.Event()
        self._ending: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._thread = threading.Thread(target=self._supervise, name="kopf", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    async def stop(self) -> None:
        """End the watches and their thread, if they began."""
        self._stop.set()
        if self._ending is not None:
            with contextlib.suppress(RuntimeError):  # kopf's loop has ended by itself
                self._ending[0].call_soon_threadsafe(self._ending[1].set)
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, 10.0)

    def _supervise(self) -> None:
        self._give_way()
        while not self._stop.is_set():
            try:
                if asyncio.run_coroutine_threadsafe(self._served(), self._loop).result():
                    self._roll.begin()
                    uvloop.run(self._watch())
            except KubernetesError as error:
                _log.warning("the watches have to wait: %s", error)
            except Exception:  # noqa: BLE001 - whatever it was, not to watch is worse
                _log.exception("the watches ended; they begin anew")
            self._stop.wait(_PAUSE)

    def _give_way(self) -> None:
        """Let the first round of work be done: kopf would take half the interpreter from it to list all once more."""
        latest = monotonic() + _HEAD_START
        while not self._stop.wait(_LOOK) and self._busy() and monotonic() < latest:
            pass

    async def _watch(self) -> None:
        from slotwarden.handlers import stream

        hush()
        # A flag of kopf's own loop: a thread's flag would be waited for in a thread, which keeps a loop from ending.
        ending = asyncio.Event()
        self._ending = (asyncio.get_running_loop(), ending)
        if self._stop.is_set():
            return
        await stream.watch(
            self._namespaces,
            [
                *(
                    stream.Resource(
                        (GROUP, VERSION, kind.resource),
                        partial(self._is_new, partial(self._cache.has_slot, kind.word)),
                        partial(self._take, kind.name, partial(slot_view, kind)),
                    )
                    for kind in KINDS
                ),
                stream.Resource(
                    ("", "v1", "secrets"),
                    partial(self._is_new, self._cache.has_secret),
                    partial(self._take, "Secret", self._secret_view),
                ),
            ],
            ending,
        )

    def _is_new(self, has: Callable[[str, str, str, int], bool], event: str | None, raw: Any) -> bool:
        """Whether an event tells what is not known; most tell of our own writes, known from their answers."""
        if event == "DELETED":
            return True
        metadata = raw["metadata"]
        self._roll.answer(metadata["uid"], listed=event is None)
        return not has(metadata["namespace"], metadata["name"], metadata["uid"], version_of(metadata))

    def _secret_view(self, raw: Any) -> SecretView:
        return secret_view(raw, self._keyring.key)

    def _take(self, kind: str, read: Callable[[Any], SlotView | SecretView], event: str | None, raw: Any) -> None:
        view = readable(kind, read, raw)
        if view is not None:
            self._loop.call_soon_threadsafe(self._seen, view, event == "DELETED")
