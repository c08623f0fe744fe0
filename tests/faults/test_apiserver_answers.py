"""The way to the API server spoiled: refused, cut, silent, with errors; nothing of what happened meanwhile is lost."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import core, slots
from testbed.proxy import Answers, Hold
from testbed.wait import eventually
from tests.e2e.support import data, encoded, git
from tests.faults.support import PATIENCE, Exposed, answered, has_password, is_released, refusal, shape, told_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.support import Json

WATCH = "[?&]watch=true"
LIST = "(secrets|secretslots)[?]limit="
SILENCE = 75.0
"""Seconds within which a watch that went silent is begun anew: kopf's 70 of inactivity, and the new one."""


@pytest.fixture
def org(make_exposed: Callable[..., Exposed]) -> Exposed:
    """The only replica, so that it outlives what would cost it its Lease; done with all lists of its start."""
    made = make_exposed("--no-leader-elect", start=False)
    mark = made.mark()
    made.operator.start()
    eventually(lambda: len(made.calls(mark, "secretslots", verbs={"list"})) >= 2, message="its own, and kopf's")
    return made


def fill(org: Exposed) -> Json:
    """Slots to be left alone, changed, repaired and deleted; returns the Secret to be left alone."""
    for name in ("known", "changed", "drifted", "gone"):
        org.create(name, git("one"))
    for name in ("known", "changed", "drifted", "gone"):
        org.ready(name)
    return org.secret("known")


def happen(org: Exposed) -> None:
    """What the operator cannot see."""
    org.create("new", git("new"))
    org.edit("changed", git("two"))
    org.patch_secret("drifted", {"data": {"password": encoded("strange")}})
    org.delete_slot("gone")


def made_up_for(org: Exposed, known: Json, timeout: float = PATIENCE) -> None:
    """All of it was noticed, and nothing was done twice."""
    eventually(lambda: has_password(org, "new", "new"), timeout, message="the new slot is projected")
    eventually(lambda: has_password(org, "changed", "two"), timeout, message="the change is projected")
    eventually(lambda: has_password(org, "drifted", "one"), timeout, message="the drift is repaired")
    eventually(lambda: is_released(org, "gone"), timeout, message="the deletion is worked off")
    for name, versions in {"known": 1, "new": 1, "changed": 2, "drifted": 1}.items():
        assert "token" not in org.ready(name)["spec"]["git"]
        assert org.vault.version(org.entry(name)) == versions
    assert shape(org.secret("known")) == shape(known)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(429, "TooManyRequests"), pytest.param(503, "ServiceUnavailable", marks=pytest.mark.long)],
)
def test_errors_are_told_and_outlasted(org: Exposed, status: int, reason: str) -> None:
    known = fill(org)
    org.to_kube.add(Answers("", status, refusal(status, reason), {"Retry-After": "1"}))
    org.to_kube.cut()
    happen(org)
    told_of(org, "kubernetes", up=False, said=f"the API server answers {status}")
    assert answered(org, "kubernetes", status) > 0
    org.to_kube.clear()
    told_of(org, "kubernetes", up=True)
    made_up_for(org, known)


def test_a_refused_connection_is_told_and_outlasted(org: Exposed) -> None:
    known = fill(org)
    org.to_kube.stop()
    happen(org)
    told_of(org, "kubernetes", up=False, said="the API server could not be reached")
    org.to_kube.start()
    told_of(org, "kubernetes", up=True)
    made_up_for(org, known)


def test_connections_that_are_cut_in_the_middle_of_much_work_lose_nothing(exposed: Exposed) -> None:
    names = [f"git-{number:02}" for number in range(24)]
    for number, name in enumerate(names):
        exposed.create(name, git(f"token-of-{name}"))
        if number % 4 == 0:
            exposed.to_kube.cut()
    for name in names:
        slot = eventually(lambda name=name: exposed.ready(name), PATIENCE)
        assert "token" not in slot["spec"]["git"]
        assert data(exposed.secret(name))["password"] == f"token-of-{name}"
        assert exposed.vault.version(exposed.entry(name)) == 1


def annotate(org: Exposed, name: str) -> None:
    org.kube.patch(slots(org.namespace, name), {"metadata": {"annotations": {"example.com/note": "changed"}}})


def set_again(org: Exposed, name: str) -> None:
    org.edit(name, git("two"))


def label_secret(org: Exposed, name: str) -> None:
    org.patch_secret(name, {"metadata": {"labels": {"example.com/note": "changed"}}})


def make_adoptable(org: Exposed, name: str) -> None:
    metadata = {"name": name, "annotations": {"slotwarden.io/adopt": "true"}}
    content = {"username": encoded("somebody"), "password": encoded("else")}
    secret = {"metadata": metadata, "type": "kubernetes.io/basic-auth", "data": content}
    org.kube.create(core(org.namespace, "secrets"), secret)


@dataclass(frozen=True)
class Conflict:
    """What happens while the operator is about to write, and the values that there are in the end."""

    write: str
    meanwhile: Callable[[Exposed, str], None]
    values: tuple[str, ...] = ("one",)


CONFLICTS = {
    "scrub": Conflict("PATCH .*/secretslots/{}[?]", annotate),
    "scrub-of-another-value": Conflict("PATCH .*/secretslots/{}[?]", set_again, ("one", "two")),
    "status": Conflict("PATCH .*/secretslots/{}/status", annotate),
    "status-of-another-value": Conflict("PATCH .*/secretslots/{}/status", set_again, ("one", "two")),
    "secret": Conflict("PATCH .*/secrets/{}[?]", label_secret, ("before", "one")),
    "secret-of-another": Conflict("POST .*/secrets/{}[?]", make_adoptable),
}


def test_an_object_that_changes_under_a_write_is_looked_at_again(exposed: Exposed) -> None:
    org = exposed
    org.made("secret", git("before"))
    mark = org.mark()
    holds = {name: Hold(conflict.write.format(name)) for name, conflict in CONFLICTS.items()}
    org.to_kube.add(*holds.values())
    for name in CONFLICTS:
        org.edit(name, git("one")) if name == "secret" else org.create(name, git("one"))
    for name, conflict in CONFLICTS.items():
        holds[name].wait()
        conflict.meanwhile(org, name)
        holds[name].release()
    for name, conflict in CONFLICTS.items():
        eventually(lambda name=name, conflict=conflict: has_password(org, name, conflict.values[-1]), message=name)
        assert "token" not in org.ready(name)["spec"]["git"]
        assert org.vault.version(org.entry(name)) == len(conflict.values), name
    for name in ("scrub", "status"):
        assert org.slot(name)["metadata"]["annotations"]["example.com/note"] == "changed"
    assert org.secret("secret")["metadata"]["labels"]["example.com/note"] == "changed"
    sent = org.session.kube_audit.events(since=mark, user=org.operator.user, namespace=org.namespace)
    refused = {event["objectRef"]["name"] for event in sent if event["responseStatus"]["code"] == HTTPStatus.CONFLICT}
    assert refused >= CONFLICTS.keys(), "the API server did refuse"


@pytest.mark.long
def test_a_watch_that_goes_silent_is_begun_anew(org: Exposed) -> None:
    """What is silent stays so; that it is, only the operator can find out. Other requests pass all the while."""
    known = fill(org)
    eventually(lambda: len(org.to_kube.underway(WATCH)) >= 2, message="the watches")
    org.to_kube.remove(org.to_kube.silence(WATCH))
    happen(org)
    made_up_for(org, known, SILENCE)


@pytest.mark.long
def test_a_list_that_goes_silent_is_made_anew(org: Exposed) -> None:
    """A watch is told that its version is too old, so that all is listed; that list never ends."""
    known = fill(org)
    too_old = {"type": "ERROR", "object": refusal(410, "Expired")}
    expired, lost = Answers(WATCH, 200, too_old), org.to_kube.silence(LIST)
    org.to_kube.add(expired)
    org.to_kube.cut()
    eventually(lambda: len(org.to_kube.underway(LIST)) >= 2, message="lists of both resources that do not end")
    org.to_kube.remove(expired, lost)
    happen(org)
    made_up_for(org, known, SILENCE)


@pytest.mark.long
def test_a_network_that_goes_silent_is_told_and_outlasted(org: Exposed) -> None:
    known = fill(org)
    org.to_kube.silence()
    happen(org)
    told_of(org, "kubernetes", up=False, said="does not answer in time")
    org.to_kube.clear()
    told_of(org, "kubernetes", up=True, timeout=40)
    made_up_for(org, known, SILENCE)
