"""The servers' own records of what was asked of them: tests count requests here, never by our own counters.

Reading from a mark sees only what was asked later.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

Json = dict[str, Any]
_BLOCK: Final = 64 * 1024
_LOOK: Final = 0.02
_PATIENCE: Final = 5.0
"""Seconds after which a request counts as one that is never answered: its server was killed, say."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in a log; as it is, its begin.

    Attributes:
        place: of the first byte that is later.
        time: as the API server writes it.
    """

    place: int = 0
    time: str = ""


BEGIN: Final = Mark()


class _Log:
    """A file of one JSON object per line; an unfinished last line is left for later."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mark(self) -> Mark:
        """Now."""
        return Mark(self._end(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))

    def _end(self) -> int:
        """The place after the last whole line: of one that is being written, a part may be there already."""
        with self.path.open("rb") as handle:
            end = handle.seek(0, os.SEEK_END)
            while end:
                begin = max(0, end - _BLOCK)
                handle.seek(begin)
                newline = handle.read(end - begin).rfind(b"\n")
                if newline >= 0:
                    return begin + newline + 1
                end = begin
        return 0

    def _lines(self, since: Mark, *parts: str | None) -> Iterator[Json]:
        """The lines that hold all of these texts somewhere, which is found out faster than what they say."""
        wanted = [part.encode() for part in parts if part]
        with self.path.open("rb") as handle:
            handle.seek(since.place)
            for line in handle:
                if line.endswith(b"\n") and all(part in line for part in wanted):
                    yield json.loads(line)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which requests are asked for."""

    after: str
    user: str | None
    namespace: str | None
    resource: str | None
    verbs: Container[str] | None

    def has(self, event: Json) -> bool:
        return (
            # What a request did can be seen before its line is there, which may come after a mark made of it.
            event["requestReceivedTimestamp"] > self.after
            and self.user in (None, _user(event))
            and self.namespace in (None, event.get("objectRef", {}).get("namespace"))
            and self.resource in (None, resource_of(event))
            and (self.verbs is None or event["verb"] in self.verbs)
        )


class KubernetesAudit(_Log):
    """The API server's audit log, at the level of whole requests and responses."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._never_answered: set[str] = set()

    def events(
        self,
        *,
        since: Mark = BEGIN,
        user: str | None = None,
        namespace: str | None = None,
        resource: str | None = None,
        verbs: Container[str] | None = None,
    ) -> list[Json]:
        """The answered requests of a user (the impersonated one counts), to a namespace, resource and verbs.

        `resource` is `secrets` or, with a subresource, `secretslots/status`. Those that are being answered are waited
        for: what they did can be seen already.
        """
        wanted = _Wanted(since.time, user, namespace, resource, verbs)
        deadline = time.monotonic() + _PATIENCE
        found, awaited = self._read(since, wanted)
        awaited -= self._never_answered
        while awaited:
            if time.monotonic() >= deadline:
                self._never_answered |= awaited
                break
            time.sleep(_LOOK)
            found, begun = self._read(since, wanted)
            awaited &= begun
        return found

    def _read(self, since: Mark, wanted: _Wanted) -> tuple[list[Json], set[str]]:
        """The answered requests, and which others have begun."""
        found, begun = [], set()
        for event in self._lines(since, wanted.user, wanted.namespace):
            is_watch = event["verb"] == "watch"
            if event["stage"] == "RequestReceived":
                if not is_watch and wanted.has(event):
                    begun.add(event["auditID"])
            elif event["stage"] != "ResponseStarted" or is_watch:
                begun.discard(event["auditID"])
                if wanted.has(event):
                    found.append(event)
        return found, begun


def _user(event: Json) -> str:
    return str((event.get("impersonatedUser") or event["user"]).get("username"))


def resource_of(event: Json) -> str:
    """What a request was for: `secrets`, `secretslots/status`; empty where it was for no resource."""
    reference = event.get("objectRef", {})
    parts = (reference.get("resource", ""), reference.get("subresource", ""))
    return "/".join(part for part in parts if part)


class VaultAudit(_Log):
    """Vault's file audit device; values in it are HMACs, paths are not."""

    def requests(
        self,
        prefix: str = "",
        *,
        since: Mark = BEGIN,
        operation: str | None = None,
        mount: str = "secret",
        user: str | None = None,
    ) -> list[Json]:
        """The requests to KV entries under `prefix` (any request where it is empty), each with its `path`.

        `operation` is Vault's: create, read, update, delete, list, patch. `user` is a token's display name.
        """
        return [
            entry["request"]
            for entry in self._lines(since, prefix, user)
            if entry["type"] == "request"
            and (not prefix or _under(entry["request"]["path"], mount, prefix))
            and operation in (None, entry["request"]["operation"])
            and user in (None, entry.get("auth", {}).get("display_name"))
        ]

    def writes(self, prefix: str, *, since: Mark = BEGIN, mount: str = "secret") -> list[Json]:
        """The answered writes to KV entries under `prefix`, failed ones too: whole entries, each with its `began`.

        `auth.display_name` tells whose token it was, `response.data.version` which version it made.
        """
        began: dict[str, str] = {}
        found = []
        for entry in self._lines(since, prefix):
            request = entry["request"]
            if not _under(request["path"], mount, prefix) or request["operation"] in ("read", "list"):
                continue
            if entry["type"] == "request":
                began[request["id"]] = entry["time"]
            else:
                found.append({**entry, "began": began.get(request["id"], entry["time"])})
        return found


def _under(path: str, mount: str, prefix: str) -> bool:
    """Whether `path` is `<mount>/<data|metadata|delete|…>/<prefix>` or below."""
    parts = path.split("/", 2)
    rest = parts[2].rstrip("/") if len(parts) > 2 else ""
    return parts[0] == mount and (rest == prefix or rest.startswith(f"{prefix}/"))
