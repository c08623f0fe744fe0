"""What a rendered release lets its programs do, right by right, and the same objects without one of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from testbed.clients.audit import resource_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

Json = dict[str, Any]
COMPONENT = "app.kubernetes.io/component"
# A role of Kubernetes' own that is bound to, by what it is for here.
READER = ("extension-apiserver-authentication-reader", "list", "configmaps")


@dataclass(frozen=True, order=True)
class Right:
    """One verb for one resource in one role, as every release has it.

    Attributes:
        role: kind and name of the role (or of the binding to a role of Kubernetes' own), and what kind of namespace it
            is in: `release`, `served` or a name.
        what: verb, resource and group, and the name that it is for where there is one: `get namespaces served`.
    """

    component: str
    role: str
    what: str

    @property
    def verb(self) -> str:
        return self.what.split()[0]

    @property
    def resource(self) -> str:
        """With its subresource, without its group."""
        return self.what.split()[1].partition(".")[0]

    def is_missed(self, refused: Json) -> bool:
        """Whether a request was refused for want of it; a policy that asks for it says so."""
        if (refused["verb"], resource_of(refused)) == (self.verb, self.resource):
            return True
        return self.resource in refused["responseStatus"].get("message", "")

    def __str__(self) -> str:
        return f"{self.role}: {self.what}"


@dataclass(frozen=True)
class Places:
    """Which namespaces a release is in and serves: their names differ from one to the next."""

    release: str
    served: Container[str]

    def of(self, namespace: str) -> str:
        """What kind of namespace it is."""
        if namespace == self.release:
            return "release"
        return "served" if namespace in self.served else namespace

    def rights(self, objects: Sequence[Json], components: Container[str] = ("operator", "gateway")) -> set[Right]:
        """What the objects give the programs."""
        return {right for item in objects for right, _ in self._of_object(item) if right.component in components}

    def without(self, objects: Sequence[Json], taken: Right) -> list[Json]:
        """The objects without a right, wherever it is given."""
        left = copy.deepcopy(list(objects))
        for item in left:
            found = [rule for right, rule in self._of_object(item) if right == taken]
            if found and "roleRef" in item:
                left.remove(item)
                return left
            for rule in found:
                item["rules"].remove(rule)
                item["rules"] += _but(rule, taken)
        return left

    def _of_object(self, item: Json) -> Iterator[tuple[Right, Json]]:
        """Each right that an object gives, with the rule that gives it."""
        metadata = item["metadata"]
        component = metadata.get("labels", {}).get(COMPONENT, "")
        where = f" in {self.of(metadata['namespace'])}" if "namespace" in metadata else ""
        role = f"{item['kind']} {metadata['name'].replace(f'.{self.release}', '')}{where}"
        if item["kind"] in ("Role", "ClusterRole"):
            for rule in item["rules"]:
                for what in self._of_rule(rule):
                    yield Right(component, role, what), rule
        elif item.get("roleRef", {}).get("name") == READER[0]:
            yield Right(component, role, " ".join(READER[1:])), item

    def _of_rule(self, rule: Json) -> Iterator[str]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames", [""]):
                        yield _what(verb, resource, group, self.of(name) if resource == "namespaces" else name)


def _what(verb: str, resource: str, group: str, name: str = "") -> str:
    return " ".join(part for part in (verb, f"{resource}.{group}" if group else resource, name) if part)


def _but(rule: Json, taken: Right) -> list[Json]:
    """A rule, which names one group, without one verb for one resource."""
    (group,) = rule["apiGroups"]
    return [
        {**rule, "resources": [resource], "verbs": [verb]}
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if _what(verb, resource, group).split() != taken.what.split()[:2]
    ]
