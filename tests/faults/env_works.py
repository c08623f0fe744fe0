"""What the operator does to the keys of an environment, with all its writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.environments import into
from tests.e2e.support import Organization, data
from tests.faults.support import ExposedEnvironment
from tests.faults.works import CHANGE, CLAIM, ENV_SCRUB, ENV_STATUS, LET_GO, MAKE, MARK, STORE, Work, released

if TYPE_CHECKING:
    from collections.abc import Callable


def beside(org: Organization, name: str) -> None:
    """Another key in the Secret that the key of that name goes into."""
    org.create(f"base-{name}", {"key": f"BASE.{name}", "value": "stays", **into(name)})


def made_beside(org: Organization, name: str) -> None:
    beside(org, name)
    org.create(name, {"value": "one"})


def holds_beside(value: str | None) -> Callable[[Organization, str], None]:
    """That the Secret holds a key's value, or the key no more, and the other one in any case."""

    def check(org: Organization, name: str) -> None:
        org.ready(f"base-{name}")
        if value is None:
            released(org, name)
        else:
            assert "value" not in org.ready(name)["spec"]
        assert data(org.secret(name)) == {f"BASE.{name}": "stays"} | ({name: value} if value is not None else {})

    return check


def holds_alone(org: Organization, name: str) -> None:
    assert "value" not in org.ready(name)["spec"]
    assert data(org.secret(name)) == {name: "one"}


def announced(org: Organization, name: str) -> None:
    assert isinstance(org, ExposedEnvironment)
    org.give(name, "two", 2)


def answered(org: Organization, name: str) -> None:
    holds_beside("two")(org, name)
    status = org.slot(name)["status"]
    assert "pending" not in status
    assert [(done["requestID"], done["state"], done["version"]) for done in status["operations"]] == [
        ("r-1", "Succeeded", 2)
    ]


ENV_WORKS = [
    Work(
        "env-new",
        [CLAIM, STORE, ENV_SCRUB, MAKE, ENV_STATUS],
        lambda org, name: org.create(name, {"value": "one"}),
        holds_alone,
        env=True,
    ),
    Work(
        "env-joins",
        [CLAIM, STORE, ENV_SCRUB, CHANGE, ENV_STATUS],
        lambda org, name: org.create(name, {"value": "one"}),
        holds_beside("one"),
        beside,
        env=True,
    ),
    Work(
        "env-rotation",
        [STORE, ENV_SCRUB, CHANGE, ENV_STATUS],
        lambda org, name: org.edit(name, {"value": "two"}),
        holds_beside("two"),
        made_beside,
        versions=2,
        env=True,
    ),
    Work("env-announced", [CHANGE, ENV_STATUS], announced, answered, made_beside, versions=2, env=True),
    Work(
        "env-deletion",
        [CHANGE, LET_GO, MARK],
        Organization.delete_slot,
        holds_beside(None),
        made_beside,
        together=frozenset({CHANGE, LET_GO, MARK}),
        raced=True,
        env=True,
    ),
]
