"""kopf's part: its registry, its settings, its loop. Imported by the thread that runs it and by nobody else.

Only low-level event handlers are registered: they make no writes, add no finalizers and keep no copy of a spec in an
annotation. Most events tell of our own writes, hence the filter: kopf calls no handler for what it lets not through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import kopf

from slotwarden.cluster.client import PAGE
from slotwarden.cluster.listing import WATCHED

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    IsNews = Callable[[str | None, Any], bool]
    Take = Callable[[str | None, Any], None]


@dataclass(frozen=True, slots=True)
class Resource:
    """What is watched.

    Attributes:
        name: group, version and plural.
        is_news: tells whether an event, by its type and object, is news.
        take: takes it then.
    """

    name: tuple[str, str, str]
    is_news: IsNews
    take: Take


async def watch(namespaces: Sequence[str], resources: Sequence[Resource], ending: asyncio.Event) -> None:
    """Watch until told to end.

    Args:
        namespaces: where; everywhere if empty.
    """
    await kopf.operator(
        registry=registry(resources),
        settings=settings(),
        standalone=True,
        clusterwide=not namespaces,
        namespaces=namespaces,
        stop_flag=ending,
    )


def registry(resources: Sequence[Resource]) -> kopf.OperatorRegistry:
    """What kopf is to log in with, and to call."""
    made = kopf.OperatorRegistry()

    @kopf.on.login(registry=made)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_via_client(**kwargs)

    for resource in resources:
        event = kopf.on.event(*resource.name, registry=made, id=resource.name[2], when=_filter(resource.is_news))
        event(_handler(resource.take))
    return made


def _filter(is_news: IsNews) -> Callable[..., bool]:
    def when(event: kopf.RawEvent, **_: Any) -> bool:
        return is_news(event["type"], event["object"])

    return when


def _handler(take: Take) -> Callable[..., Any]:
    async def handle(event: kopf.RawEvent, **_: Any) -> None:
        take(event["type"], event["object"])

    return handle


class Nothing(kopf.DiffBaseStorage):
    """What kopf compares an object with, for handlers of changes: there are none, and to copy each object is dear."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Of no object anything counts."""
        return kopf.BodyEssence({})

    def fetch(self, **_: Any) -> None:
        """Nothing was stored."""

    def store(self, **_: Any) -> None:
        """Nothing is stored."""


def settings() -> kopf.OperatorSettings:
    """Kopf's settings: watch, and nothing else."""
    found = kopf.OperatorSettings()
    found.posting.enabled = False
    found.scanning.disabled = True
    found.watching.chunk_size = PAGE
    found.watching.server_timeout = 600
    # A connection can go silent and stay open. A watch has a bookmark every minute, any other request an answer soon.
    found.watching.inactivity_timeout = 70
    found.networking.request_timeout = 30
    found.networking.connect_timeout = 5
    found.watching.label_selectors["", "v1", "secrets"] = WATCHED
    found.queueing.idle_timeout = 1.0
    found.persistence.consistency_timeout = 0
    found.persistence.diffbase_storage = Nothing()
    found.persistence.progress_storage = kopf.MultiProgressStorage([])
    return found
