"""What kstatus, Argo CD and Flux make of slots in every state that there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from slotwarden.resources.conditions import Reason
from testbed.clients.kube import core
from testbed.install import ROOT
from testbed.proxy import Answers
from testbed.wait import eventually
from tests.e2e.environments import into
from tests.e2e.states import all_states
from tests.e2e.support import Json, condition, git, projected, registry
from tests.faults.support import PATIENCE, ExposedEnvironment, refusal
from tests.gitops.tools import Judged, judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.support import Exposed

PAGE = ROOT / "docs" / "gitops.md"
READY = ("Current", "Healthy", "Current")
WORKS = ("InProgress", "Progressing", "InProgress")
FAILED = ("Failed", "Degraded", "Failed")
# What kstatus, Argo CD and Flux say of each reason of `Ready`.
STATES = {
    Reason.READY: READY,
    # Neither comes by itself, and neither is broken: somebody sets a value. A new slot does not hold Flux up for it.
    Reason.AWAITING_VALUE: ("InProgress", "Suspended", "Current"),
    Reason.VERSION_DELETED: ("InProgress", "Suspended", "InProgress"),
    Reason.SOURCE_MISSING: WORKS,
    Reason.VAULT_UNAVAILABLE: WORKS,
    Reason.VAULT_SEALED: WORKS,
    Reason.VAULT_DENIED: WORKS,
    Reason.PROJECTION_FAILED: WORKS,
    Reason.STALE: WORKS,
    Reason.INVALID_VALUE: FAILED,
    Reason.ADDRESS_MISMATCH: FAILED,
    Reason.NAME_CONFLICT: FAILED,
    Reason.NOT_OWNER: FAILED,
    Reason.TARGET_CONFLICT: FAILED,
    Reason.FOREIGN_SECRET: FAILED,
    Reason.SECRET_TOO_LARGE: FAILED,
    Reason.ENCRYPTION_FAILED: FAILED,
}
SLOTS = {
    "good": Reason.READY,
    "waits": Reason.AWAITING_VALUE,
    "lost": Reason.VERSION_DELETED,
    "sourced": Reason.SOURCE_MISSING,
    "away": Reason.VAULT_UNAVAILABLE,
    "sealed": Reason.VAULT_SEALED,
    "denied": Reason.VAULT_DENIED,
    "refused": Reason.PROJECTION_FAILED,
    "often": Reason.STALE,
    "invalid": Reason.INVALID_VALUE,
    "moved": Reason.ADDRESS_MISMATCH,
    "owned": Reason.NOT_OWNER,
    "foreign": Reason.FOREIGN_SECRET,
}
VALUES = {
    "set": Reason.READY,
    "unset": Reason.AWAITING_VALUE,
    "large": Reason.SECRET_TOO_LARGE,
    "encrypted": Reason.ENCRYPTION_FAILED,
}
KIB = 1024
ADOPT = {"slotwarden.io/adopt": "true"}


def spoil(org: Exposed) -> None:
    """What no user can cause: answers of Vault and the API server about one entry, one Secret."""
    for name, code, said in (("away", 500, "spoiled"), ("sealed", 503, "Vault is sealed"), ("denied", 403, "denied")):
        org.to_vault.add(Answers(f"/slots/{name}(\\?|$)", code, {"errors": [said]}))
    secret = f"^POST {core(org.namespace, 'secrets')}/refused"
    org.to_kube.add(Answers(secret, 403, refusal(403, "Forbidden")))


def all_slots(org: Exposed) -> None:
    """A SecretSlot in each of its states."""
    all_states(org)
    org.made("often", git("one", refreshInterval="1s"))
    org.to_vault.add(Answers("/slots/often", 500, {"errors": ["spoiled"]}))
    for name in ("away", "sealed", "denied", "refused"):
        org.create(name, registry("one"))


def all_values(org: ExposedEnvironment) -> None:
    """An EnvSecret in those of its states that differ from a slot's."""
    org.create("set", {"value": "one"})
    org.create("unset")
    org.create("encrypted", {"value": "one", "encrypted": True})
    full = core(org.namespace, "secrets")
    org.kube.create(full, {"metadata": {"name": "full", "annotations": ADOPT}, "stringData": {"F": "f" * 700 * KIB}})
    org.create("large", {"value": "l" * 400 * KIB, **into("full")})


def rivals(org: Exposed, env: ExposedEnvironment) -> list[Json]:
    """Those that stand back for an older one: of a Secret, and of an identity."""
    for name in ("first", "second"):
        org.create(name, registry(name, **projected("shared")))
        env.create(name, {"key": "SAME", "value": name})
    found = []
    for each, reason in ((org, Reason.TARGET_CONFLICT), (env, Reason.NAME_CONFLICT)):

        def stands_back(each: Exposed = each, reason: Reason = reason) -> Json:
            both = [each.slot(name) for name in ("first", "second")]
            back = [slot for slot in both if condition(slot)["reason"] == reason]
            assert back, [condition(slot) for slot in both]
            return back[0]

        found.append(eventually(stands_back, message=f"one of two says {reason}"))
    return found


def judged(health: Path, objects: list[Json]) -> dict[str, tuple[str, str, str]]:
    """What the tools say, by the kind of the object and the reason that it tells."""
    found = {}
    for slot, said in zip(objects, judge(health, objects), strict=True):
        ready = condition(slot)
        assert said.said == f"{ready['reason']}: {ready['message']}"
        found[f"{slot['kind']} {ready['reason']}"] = (said.kstatus, said.argo, said.flux)
    return found


@pytest.mark.timeout(900)
def test_every_state_is_told(health: Path, make_exposed: Callable[..., Exposed]) -> None:
    org = make_exposed("--transit-mount", "")
    env = ExposedEnvironment.of(org)
    spoil(org)
    all_slots(org)
    all_values(env)
    objects = rivals(org, env)
    for each, states in ((org, SLOTS), (env, VALUES)):
        for name, reason in states.items():
            objects.append(eventually(lambda: each.told(name, reason), PATIENCE))  # noqa: B023 - waited for here
    assert {condition(slot)["reason"] for slot in objects} == set(Reason)
    wanted = {f"{slot['kind']} {condition(slot)['reason']}": slot for slot in objects}
    assert judged(health, objects) == {told: STATES[Reason(told.split()[1])] for told in wanted}


def test_the_page_tells_the_same() -> None:
    rows = re.findall(r"^\| (`.*`) \| (\w+) \| (\w+) \| (\w+) \|$", PAGE.read_text(), re.MULTILINE)
    told = {Reason(reason): tuple(said) for reasons, *said in rows for reason in re.findall(r"`(\w+)`", reasons)}
    assert told == STATES


def test_what_the_operator_has_not_looked_at_is_in_progress(health: Path) -> None:
    old = {"type": "Ready", "status": "True", "reason": "Ready", "message": "of the spec before"}
    slots = [
        {
            "apiVersion": "slotwarden.io/v1beta1",
            "kind": kind,
            "metadata": {"name": "new", "namespace": "acme", "generation": 2},
            "status": status,
        }
        for kind in ("SecretSlot", "EnvSecret")
        for status in ({"observedGeneration": -1}, {"observedGeneration": 1, "conditions": [old]})
    ]
    unseen = "The operator has yet to look at the object as it is now"
    assert judge(health, slots) == [Judged("InProgress", "Progressing", unseen, "InProgress")] * 4
