"""kopf in a thread and a loop of its own, turning watch events into views of objects.

Only low-level event handlers are registered: they make no writes, add no finalizers and keep no copy of a spec in an
annotation. kopf cancels every task of its loop when it ends, hence the loop of its own; it ends for good when a watch
fails in a way that it does not know, hence the supervision.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any, Final

import kopf

from slotwarden.cluster.client import PAGE
from slotwarden.cluster.errors import KubernetesError
from slotwarden.cluster.listing import WATCHED
from slotwarden.reconcile.observe import SecretView, SlotView, Unreadable, secret_view, slot_view
from slotwarden.telemetry.logs import hush

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotwarden.values.keyring import Keyring

    Seen = Callable[[SlotView | SecretView, bool], None]

_log = logging.getLogger(__name__)
_PAUSE: Final = 2.0


class Watches:
    """The watches of SecretSlots and of labelled Secrets.

    Args:
        namespaces: where to watch; everywhere if empty.
        keyring: its key, once there is one, makes the MACs of Secrets.
        seen: called in `loop` with each object and whether it was deleted (or lost its label).
        relisted: called when kopf lists anew, from its thread: deletions may have been missed.
        served: asked, in `loop`, whether our kind is there to be watched: kopf would wait for it for ever.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        namespaces: Sequence[str],
        keyring: Keyring,
        seen: Seen,
        relisted: Callable[[], object],
        served: Callable[[], Any],
    ) -> None:
        self._loop = loop
        self._namespaces = namespaces
        self._keyring = keyring
        self._seen = seen
        self._relisted = relisted
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
        while not self._stop.is_set():
            try:
                if asyncio.run_coroutine_threadsafe(self._served(), self._loop).result():
                    self._relisted()
                    asyncio.run(self._watch())
            except KubernetesError as error:
                _log.warning("the watches have to wait: %s", error)
            except Exception:  # noqa: BLE001 - whatever it was, not to watch is worse
                _log.exception("the watches ended; they begin anew")
            self._stop.wait(_PAUSE)

    async def _watch(self) -> None:
        hush()
        # A flag of kopf's own loop: a thread's flag would be waited for in a thread, which keeps a loop from ending.
        ending = asyncio.Event()
        self._ending = (asyncio.get_running_loop(), ending)
        if self._stop.is_set():
            return
        await kopf.operator(
            registry=self._registry(),
            settings=settings(),
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=ending,
        )

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
            return kopf.login_via_client(**kwargs)

        @kopf.on.event("slotwarden.io", "v1beta1", "secretslots", registry=registry)
        async def slot(event: kopf.RawEvent, **_: Any) -> None:
            self._take(event, slot_view)

        @kopf.on.event("", "v1", "secrets", registry=registry)
        async def secret(event: kopf.RawEvent, **_: Any) -> None:
            self._take(event, lambda raw: secret_view(raw, self._keyring.key))

        return registry

    def _take(self, event: kopf.RawEvent, read: Callable[[Any], SlotView | SecretView]) -> None:
        raw = event["object"]
        try:
            view = read(raw)
        except Unreadable as error:
            metadata = raw.get("metadata") or {}
            _log.error(
                "%s %s/%s cannot be read: %s", raw.get("kind"), metadata.get("namespace"), metadata.get("name"), error
            )
            return
        if event["type"] is None:
            self._relisted()
        self._loop.call_soon_threadsafe(self._seen, view, event["type"] == "DELETED")


def settings() -> kopf.OperatorSettings:
    """Kopf's settings: watch, and nothing else."""
    found = kopf.OperatorSettings()
    found.posting.enabled = False
    found.scanning.disabled = True
    found.watching.chunk_size = PAGE
    found.watching.server_timeout = 600
    found.watching.label_selectors["", "v1", "secrets"] = WATCHED
    found.queueing.idle_timeout = 1.0
    found.persistence.consistency_timeout = 0
    return found
