"""All objects that the gateway serves, as they were last seen: by watches, and by the answers to its own writes.

The two come in any order. Of one name the higher resourceVersion wins, so what a write told at once is not undone by
what the watch tells later of the time before it.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Protocol, cast

from slotwarden.domain.kinds import ENV, SLOT
from slotwarden.domain.names import is_slot_name, object_name
from slotwarden.gateway.catalog.departed import Departed
from slotwarden.gateway.catalog.environment import Environment, Page
from slotwarden.gateway.catalog.overlay import Overlay
from slotwarden.gateway.catalog.record import record_of
from slotwarden.gateway.refusals import away

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence
    from datetime import datetime

    from slotwarden.cluster.client import Json
    from slotwarden.domain.entries import EnvRef, SlotRef
    from slotwarden.gateway.catalog.record import Record
    from slotwarden.values.entries import Version

_log = logging.getLogger(__name__)
_NOTHING: Final = Page([], more=False, total=0)


class Source(Protocol):
    """What tells the catalog of a part of the objects."""

    @property
    def cause(self) -> str:
        """Why it has told nothing yet, or nothing new; empty while it is well."""
        ...

    @property
    def synced(self) -> bool:
        """Whether it has told all that there was once, or cannot ever."""
        ...

    @property
    def behind(self) -> float:
        """Seconds since it lost touch; 0 while it has not."""
        ...

    def lost(self, namespace: str) -> bool:
        """Whether what it told of a namespace is of no use, as it may not look there."""
        ...


class Catalog:
    """Objects by name, by what they stand for, and by age.

    Reads raise `Refusal` 503 until all sources have told what there is; without a source there is nothing to wait for.
    So do those of a namespace that a source may not look at: a Role can go, with its namespace or without it.

    Args:
        clock: seconds that never go back.
        sources: may grow until the first read.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.sources: list[Source] = []
        self._complete = False
        self._objects: dict[tuple[str, str], dict[str, Record]] = defaultdict(dict)
        self._environments: dict[tuple[str, str, str], Environment] = {}
        self._departed = Departed(clock)
        self._stored = Overlay()

    @property
    def ready(self) -> bool:
        """Whether it can be read. Once it can it stays so: what is known is better than nothing."""
        self._complete = self._complete or all(source.synced for source in self.sources)
        return self._complete

    @property
    def cause(self) -> str:
        """What is wrong with the first source that is not well; empty where all are."""
        return next((source.cause for source in self.sources if source.cause), "")

    @property
    def behind(self) -> float:
        """Seconds for which changes may have been missed; 0 while every source is in touch."""
        return max((source.behind for source in self.sources), default=0.0)

    def __len__(self) -> int:
        return sum(map(len, self._objects.values()))

    def get(self, resource: str, namespace: str, name: str) -> Record | None:
        """The object of that name."""
        self.check(namespace)
        return self._objects.get((resource, namespace), {}).get(name)

    def slot(self, ref: SlotRef) -> Record | None:
        """The object that declares a slot."""
        return self.get(SLOT.resource, ref.organization, object_name(ref.slot)) if is_slot_name(ref.slot) else None

    def env(self, ref: EnvRef) -> Record | None:
        """The object that holds a key of an environment: the oldest of those that stand for it."""
        self.check(ref.organization)
        return self._holder(ref)

    def env_name(self, ref: EnvRef) -> str:
        """The name of what `env` gives, empty where that is none; never refused, for nobody is told of it."""
        known = self._holder(ref)
        return known.name if known is not None else ""

    def slots(self, namespace: str) -> list[Record]:
        """The slots of a namespace by their own names."""
        self.check(namespace)
        found = self._objects.get((SLOT.resource, namespace), {}).values()
        return sorted(found, key=attrgetter("entry"))

    def environment(self, namespace: str, project: str, environment: str) -> Sequence[Record]:
        """The secrets of an environment by key; to be read before anything is awaited."""
        self.check(namespace)
        found = self._environments.get((namespace, project, environment))
        return found.secrets() if found else ()

    def page(
        self, namespace: str, project: str, environment: str, last: int, before: tuple[datetime, str] | None
    ) -> Page:
        """The `last` secrets of an environment made before a position (`Record.position`); the newest first.

        A position tells no more than a moment, so it holds whatever is made and removed meanwhile, its own record too.
        """
        self.check(namespace)
        found = self._environments.get((namespace, project, environment))
        return found.page(last, before) if found else _NOTHING

    def took(self, raw: Json) -> None:
        """An object is like that now, as the API server said; what is known better already stays."""
        try:
            record = record_of(raw)
        except (ValueError, KeyError, TypeError) as error:
            # The API server should not have taken it. Its text is not told: it can quote the object.
            _log.warning("an object cannot be read: %s", type(error).__name__)
            return
        self._put(record)

    def dropped(self, resource: str, namespace: str, name: str, uid: str) -> None:
        """An object is gone for good; another of its name stays."""
        self._departed.note(uid)
        self._stored.forget(uid)
        known = self._objects.get((resource, namespace), {}).get(name)
        if known is not None and known.uid == uid:
            self._remove(known)

    def stored(self, resource: str, namespace: str, name: str, uid: str, version: Version) -> None:
        """A version of an object's value was made here: told of it until its status tells as much."""
        self._stored.note(uid, version.created_time)
        known = self._objects.get((resource, namespace), {}).get(name)
        if known is not None and known.uid == uid:
            self._place(known)

    def listed(self, resource: str, namespace: str | None, uids: Container[str], version: int) -> None:
        """A whole list was taken in: what is known from before its version and not in it is gone.

        Args:
            namespace: the list was of this one alone; of all of them if None.
        """
        for known in self._of(resource, namespace):
            if known.uid not in uids and known.version <= version:
                self.dropped(resource, known.namespace, known.name, known.uid)

    def clear(self, resource: str, namespace: str | None) -> None:
        """Forget what is known, for it is of another history of the cluster: versions begin anew."""
        for known in self._of(resource, namespace):
            self._remove(known)

    def check(self, namespace: str) -> None:
        """Refuse what cannot be told, 503: there is no sure copy of what the namespace has."""
        if not self.ready:
            raise away(f"the gateway does not know the objects yet: {self.cause or 'it has just begun to list them'}")
        if any(source.lost(namespace) for source in self.sources):
            raise away("the gateway does not know the objects of this namespace: it has no permission to look at them")

    def _holder(self, ref: EnvRef) -> Record | None:
        environment = self._environments.get((ref.organization, ref.project, ref.environment))
        return environment.get(ref.key) if environment else None

    def _of(self, resource: str, namespace: str | None) -> list[Record]:
        return [
            record
            for (kind, place), records in self._objects.items()
            if kind == resource and namespace in (None, place)
            for record in records.values()
        ]

    def _put(self, record: Record) -> None:
        known = self._objects.get((record.resource, record.namespace), {}).get(record.name)
        if self._departed.has(record.uid) or (known is not None and known.version >= record.version):
            return
        if known is not None and (known.uid, known.entry) != (record.uid, record.entry):
            self._remove(known)
        self._place(record)

    def _place(self, record: Record) -> None:
        record = self._stored.over(record)
        self._objects[record.resource, record.namespace][record.name] = record
        if record.resource == ENV.resource:
            self._environments.setdefault(_environment(record), Environment()).put(record)

    def _remove(self, record: Record) -> None:
        records = self._objects[record.resource, record.namespace]
        del records[record.name]
        if not records:
            del self._objects[record.resource, record.namespace]
        if record.resource == ENV.resource:
            place = _environment(record)
            self._environments[place].drop(record)
            if not self._environments[place]:
                del self._environments[place]


def _environment(record: Record) -> tuple[str, str, str]:
    return cast("EnvRef", record.entry)[:3]
