"""The roles for people: none that Kubernetes' own take in gives a value, or lets one be set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotwarden.gateway.aggregated.group import GROUP, REVEAL, ROLLBACK, SUBRESOURCES, VALUE, VERSIONS
from tests.chart.objects import named, of

if TYPE_CHECKING:
    from slotwarden.gateway.aggregated.group import Subresource
    from tests.chart.objects import Json, Render

AGGREGATED = "rbac.authorization.k8s.io/aggregate-to-"


def roles(render: Render, values: Json | None = None) -> dict[str, Json]:
    """The roles by the last part of their name."""
    found = of(render(values), "roles")
    assert {item["kind"] for item in found} <= {"ClusterRole"}
    return {item["metadata"]["name"].removeprefix("slotwarden-"): item for item in found}


def given(role: Json, group: str) -> set[tuple[str, str]]:
    """The verbs and resources that a role gives in a group."""
    rules = [rule for rule in role["rules"] if rule["apiGroups"] == [group]]
    return {(verb, resource) for rule in rules for verb in rule["verbs"] for resource in rule["resources"]}


def to(*parts: Subresource) -> set[tuple[str, str]]:
    """What RBAC has to allow for parts of the values API, for both kinds."""
    return {(part.verb, f"{resource}/{part.name}") for part in parts for resource in ("secretslots", "envsecrets")}


def test_kubernetes_own_roles_take_in_three(render: Render) -> None:
    labels = {name: role["metadata"]["labels"] for name, role in roles(render).items()}
    into = {
        name: {label.removeprefix(AGGREGATED) for label in found if label.startswith(AGGREGATED)}
        for name, found in labels.items()
    }
    assert into == {
        "view": {"view", "edit", "admin"},
        "edit": {"edit", "admin"},
        "admin": {"admin"},
        "set-value": set(),
        "reveal": set(),
    }
    alone = roles(render, {"roles": {"aggregate": False}})
    assert AGGREGATED not in str(alone)
    assert named(list(alone.values()), "ClusterRole") == named(list(roles(render).values()), "ClusterRole")
    assert roles(render, {"roles": {"create": False}}) == {}


def test_values_are_given_by_two_of_them_alone(render: Render) -> None:
    found = {name: given(role, GROUP) for name, role in roles(render).items()}
    assert found == {
        "view": set(),
        "edit": set(),
        "admin": to(VERSIONS),
        "set-value": to(VALUE, ROLLBACK, VERSIONS),
        "reveal": to(REVEAL),
    }
    assert set.union(*found.values()) == to(*SUBRESOURCES)


def test_objects_are_declared_by_who_edits_and_seen_by_who_views(render: Render) -> None:
    found = {name: {verb for verb, _ in given(role, "slotwarden.io")} for name, role in roles(render).items()}
    assert {name: verbs for name, verbs in found.items() if verbs} == {
        "view": {"get", "list", "watch"},
        "edit": {"create", "update", "patch", "delete", "deletecollection"},
    }
    assert "status" not in str([role["rules"] for role in roles(render).values()])
