"""The way to the API server spoiled: refused, cut, silent, with errors; nothing of what happened meanwhile is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import slots
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
    # The first, kopf's, the sweep's, and the one after kopf's, which would make up for anything else.
    eventually(lambda: len(made.calls(mark, "secretslots", verbs={"list"})) >= 4, message="four lists")
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


@pytest.mark.parametrize(("status", "reason"), [(429, "TooManyRequests"), (503, "ServiceUnavailable")])
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


def annotate(org: Exposed) -> None:
    org.kube.patch(slots(org.namespace, "git"), {"metadata": {"annotations": {"example.com/note": "changed"}}})


def set_again(org: Exposed) -> None:
    org.edit("git", git("two"))


def label_secret(org: Exposed) -> None:
    org.patch_secret("git", {"metadata": {"labels": {"example.com/note": "changed"}}})


@pytest.mark.parametrize(
    ("write", "meanwhile", "password"),
    [
        ("PATCH .*/secretslots/git\\?", annotate, "one"),
        ("PATCH .*/secretslots/git\\?", set_again, "two"),
        ("PATCH .*/secretslots/git/status", annotate, "one"),
        ("PATCH .*/secretslots/git/status", set_again, "two"),
        ("PATCH .*/secrets/git", label_secret, "rotated"),
        ("POST .*/secrets/git", None, "one"),
    ],
    ids=["scrub", "scrub-of-another-value", "status", "status-of-another-value", "secret", "made-by-another"],
)
def test_an_object_that_changes_under_a_write_is_looked_at_again(
    exposed: Exposed, write: str, meanwhile: Callable[[Exposed], None] | None, password: str
) -> None:
    org = exposed
    if password == "rotated":
        org.made("git", git("one"))
    hold = Hold(write)
    org.to_kube.add(hold)
    mark = org.mark()
    org.create("git", git("one")) if password != "rotated" else org.edit("git", git("rotated"))
    hold.wait()
    if meanwhile is not None:
        meanwhile(org)
    else:
        # A Secret of the operator's own, as one that was made by an answer that was lost.
        body = {"metadata": {"name": "git", "annotations": {"slotwarden.io/adopt": "true"}}}
        org.kube.create(
            f"/api/v1/namespaces/{org.namespace}/secrets",
            {**body, "type": "kubernetes.io/basic-auth", "data": {"username": encoded("x"), "password": encoded("y")}},
        )
    hold.release()
    eventually(lambda: has_password(org, "git", password), message="the value arrives")
    slot = org.ready("git")
    assert "token" not in slot["spec"]["git"]
    assert org.vault.version(org.entry("git")) == (1 if password == "one" else 2)
    refused = org.session.kube_audit.events(since=mark, user=org.operator.user, namespace=org.namespace)
    assert 409 in {event["responseStatus"]["code"] for event in refused}, "the server did refuse"
    if meanwhile is annotate:
        assert slot["metadata"]["annotations"]["example.com/note"] == "changed"
    if meanwhile is label_secret:
        assert org.secret("git")["metadata"]["labels"]["example.com/note"] == "changed"


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
