"""Who wrote what and when, as the servers' audit logs have it: the operators are not asked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tests.e2e.support import WRITES

if TYPE_CHECKING:
    from testbed.clients.audit import Mark
    from testbed.operator import Operator
    from tests.e2e.support import Json, Organization


@dataclass(frozen=True)
class Write:
    """A write of a replica, whatever came of it.

    Attributes:
        who: the replica's name in the API server's audit log.
        began: when the server had the request.
        ended: when it had answered.
        what: the object or entry.
        order: of this write among all those to the object, where the server tells it: a resourceVersion or version.
    """

    who: str
    began: datetime
    ended: datetime
    what: str
    done: bool
    order: int | None

    def is_before(self, other: Write) -> bool:
        """Whether the server did it before another to the same object."""
        if self.order is not None and other.order is not None:
            # The same where the other write changed nothing.
            return self.order <= other.order
        return self.ended <= other.began


@dataclass
class Term:
    """The time from which a replica held the Lease.

    Attributes:
        since: when the server had the request by which it took the Lease.
        held: when it had answered to that.
        renewed: when the server had answered to its last renewal.
        released: when it let the Lease go, if it did.
    """

    who: str
    since: datetime
    held: datetime
    renewed: datetime
    released: datetime | None = None


@dataclass(frozen=True)
class Evidence:
    """All that the replicas wrote since two marks."""

    terms: list[Term]
    writes: list[Write]

    @classmethod
    def of(cls, org: Organization, replicas: list[Operator], marks: tuple[Mark, Mark]) -> Evidence:
        """Read the logs."""
        names = {replica.user for replica in replicas}
        events = org.session.kube_audit.events(since=marks[0], namespace=org.namespace, verbs=WRITES)
        events = [event for event in events if event["user"]["username"] in names]
        leases = [event for event in events if event["objectRef"]["resource"] == "leases"]
        writes = [_kube_write(event) for event in events if event["objectRef"]["resource"] != "leases"]
        users = {replica.vault_user: replica.user for replica in replicas}
        writes += [
            _vault_write(entry, users[entry["auth"]["display_name"]])
            for entry in org.session.vault_audit.writes(org.prefix, since=marks[1])
            if entry["auth"].get("display_name") in users
        ]
        return cls(_terms(leases), writes)

    def of_replica(self, replica: Operator, since: datetime | None = None) -> list[Write]:
        """What one wrote, or asked for from a time on."""
        return [w for w in self.writes if w.who == replica.user and (since is None or w.began >= since)]

    def without(self, spared: list[Write]) -> Evidence:
        """The same but for some writes, which the caller has looked at."""
        return Evidence(self.terms, [write for write in self.writes if write not in spared])

    def assert_one_at_a_time(self) -> None:
        """No write reached a server after another replica had asked for the Lease that it got."""
        assert [t.who for t in self.terms] == list(dict.fromkeys(t.who for t in self.terms))
        for old, new in zip(self.terms, self.terms[1:], strict=False):
            late = [w for w in self.writes if w.who == old.who and w.began >= new.since]
            early = [w for w in self.writes if w.who == new.who and w.began <= new.since]
            assert (late, early) == ([], []), (late, early)
        led = {term.who for term in self.terms}
        assert [w for w in self.writes if w.who not in led] == []

    def assert_nothing_overwritten(self) -> None:
        """Of each object, all that a leader did comes before all that a later one did."""
        rank = {term.who: number for number, term in enumerate(self.terms)}
        objects: dict[str, list[Write]] = defaultdict(list)
        for write in self.writes:
            if write.done:
                objects[write.what].append(write)
        shared = 0
        for writes in objects.values():
            shared += len({write.who for write in writes}) > 1
            for old in writes:
                for new in writes:
                    if rank[old.who] < rank[new.who]:
                        assert old.is_before(new), (old, new)
        assert shared, "no object was written by two leaders: the test shows nothing"

    def first_write(self, number: int = 1) -> Write:
        """The first one of a leader, who is told by its number."""
        return min((w for w in self.writes if w.who == self.terms[number].who), key=lambda write: write.began)


def _kube_write(event: Json) -> Write:
    reference, answer = event["objectRef"], event.get("responseObject") or {}
    name = reference.get("name") or (answer.get("metadata") or {}).get("name", "")
    version = (answer.get("metadata") or {}).get("resourceVersion") if event["verb"] != "delete" else None
    code = event["responseStatus"].get("code", 0)
    return Write(
        event["user"]["username"],
        _time(event["requestReceivedTimestamp"]),
        _time(event["stageTimestamp"]),
        f"{reference['resource']}/{name}",
        code < 300,
        int(version) if version and code < 300 else None,
    )


def _vault_write(entry: Json, who: str) -> Write:
    answer = (entry.get("response") or {}).get("data") or {}
    # `secret/data/…`: the value, its metadata and its deletion are things of their own.
    return Write(
        who,
        _time(entry["began"]),
        _time(entry["time"]),
        entry["request"]["path"],
        not entry.get("error") and "error" not in answer,
        answer.get("version"),
    )


def _terms(leases: list[Json]) -> list[Term]:
    terms: list[Term] = []
    done = [event for event in leases if event["responseStatus"]["code"] < 300]
    for event in sorted(done, key=lambda event: int(event["responseObject"]["metadata"]["resourceVersion"])):
        who, holder = event["user"]["username"], event["responseObject"]["spec"]["holderIdentity"]
        ended = _time(event["stageTimestamp"])
        if not holder:
            terms[-1].released = ended
        elif terms and terms[-1].who == who:
            terms[-1].renewed = ended
        else:
            terms.append(Term(who, _time(event["requestReceivedTimestamp"]), ended, ended))
    return terms


def _time(text: str) -> datetime:
    """Microseconds are enough: Vault tells nanoseconds."""
    head, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{head}.{fraction[:6]:0<6}+00:00")
