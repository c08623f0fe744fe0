"""Something that the operator does, with all its writes: what the tests of stops between them are told of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from testbed.proxy import WRITES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.e2e.support import Organization

CLAIM, STORE, LET_GO, MARK = "POST metadata", "POST data", "POST delete", "PATCH metadata"
SCRUB, STATUS = "PATCH secretslots", "PATCH secretslots/status"
ENV_SCRUB, ENV_STATUS = "PATCH envsecrets", "PATCH envsecrets/status"
MAKE, CHANGE, REMOVE = "POST secrets", "PATCH secrets", "DELETE secrets"


def kind(asked: str) -> str:
    """What a write is, in a word or two."""
    method, path = asked.split(" ", 1)
    if vault := re.match(r"/v1/secret/(\w+)/", path):
        return f"{'POST' if method == 'PUT' else method} {vault[1]}"
    found = re.search(r"/namespaces/[^/]+/(\w+)/[^/?]+(/status)?", path)
    assert found is not None, asked
    return f"{method} {found[1]}{found[2] or ''}"


def steps(kinds: Iterable[str]) -> list[set[str]]:
    """Writes of the gateway as they follow each other: it claims an entry while it states what it is about to write.

    The operator writes to the status of a new object too, so the gateway may have to state it again.
    """
    together = groupby(kinds, key=lambda each: each == CLAIM or each.endswith("/status") or each)
    return [set(group) for _, group in together]


def write_to(*names: str, at: str = "") -> str:
    """The pattern of a write of a kind, to what has one of these names; of any write if none is told."""
    either = f"/({'|'.join(names)})"
    if not at:
        return rf"^{WRITES}.*{either}(/status)?(\?|$)"
    method, what = at.split()
    if what in ("metadata", "data"):
        return f"^(POST|PUT) /v1/[^/]+/{what}/.*{either}$"
    resource, _, status = what.partition("/")
    return rf"^{method} .*/{resource}{either}{'/status' if status else ''}(\?|$)"


@dataclass(frozen=True)
class Work:
    """Something that the operator does to a slot, with all its writes.

    Attributes:
        prepare: called first, for each slot; returns once the operator has nothing left to do.
        act: what makes the operator write.
        check: raises until all is as it should be.
        secrets: the names of the Secrets that are there in the end.
        versions: how many versions the entry has in the end.
        where: how the paths of its writes begin.
        together: which of the writes are made at one time, in any order.
        raced: whether the garbage collector writes to the Secret too, so that a write of ours may be made again.
        env: whether it is done to EnvSecrets.
    """

    name: str
    writes: list[str]
    act: Callable[[Organization, str], Any]
    check: Callable[[Organization, str], Any]
    prepare: Callable[[Organization, str], Any] = lambda _org, _name: None
    secrets: Callable[[str], set[str]] = lambda name: {name}
    versions: int = 1
    where: str = "/"
    together: frozenset[str] = frozenset()
    raced: bool = False
    env: bool = False

    def is_all(self, asked: list[str]) -> bool:
        """Whether these requests are its writes, and no others."""
        made = sorted(map(kind, asked))
        return made == sorted(self.writes) or (self.raced and set(made) == set(self.writes))


def released(org: Organization, name: str) -> None:
    found = org.vault.metadata(org.entry(name))
    assert found is not None
    assert "slotwarden.io/released" in found["custom_metadata"]
    assert found["versions"]["1"]["deletion_time"]
    assert not found["versions"]["1"]["destroyed"]
