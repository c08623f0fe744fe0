"""The names of the aggregated API: its group, its resources, and what each subresource is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from slotwarden.domain.kinds import KINDS
from slotwarden.gateway.identity.permissions import Permission
from slotwarden.gateway.journal import Act

GROUP: Final = "values.slotwarden.io"
VERSION: Final = "v1beta1"
API_VERSION: Final = "values.slotwarden.io/v1beta1"
ROOT: Final = f"/apis/{API_VERSION}"

Resource = Literal["secretslots", "envsecrets"]
RESOURCES: Final = {kind.resource: kind.name for kind in KINDS}
"""The resources, by the kind of the object that each stands for."""


@dataclass(frozen=True, slots=True)
class Subresource:
    """One thing that can be done with the value of an object.

    Attributes:
        verb: what RBAC has to allow: `create` for a POST, `get` for a GET.
        kind: of the request's body; for `get`, of the answer.
        answer: kind of the answer.
        done: what the journal says of it.
        about: a sentence for OpenAPI.
    """

    name: str
    verb: Literal["create", "get"]
    kind: str
    answer: str
    done: str
    about: str

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "POST" if self.verb == "create" else "GET"

    @property
    def act(self) -> Act:
        """What the journal says of it."""
        counts: Literal["", "read", "write"] = "write" if self.writes else "read" if self.answer == "Value" else ""
        return Act(self.done, Permission(self.verb, GROUP, self.name), counts, 201 if self.verb == "create" else 200)

    @property
    def writes(self) -> bool:
        """Whether it can make a version."""
        return self.answer == "ValueVersion"


VALUE: Final = Subresource(
    "value",
    "create",
    "Value",
    "ValueVersion",
    "set a value",
    "Set the value of an object. The answer does not tell it.",
)
REVEAL: Final = Subresource("reveal", "create", "Reveal", "Value", "read a value", "Read the value of an object.")
VERSIONS: Final = Subresource(
    "versions",
    "get",
    "ValueVersionList",
    "ValueVersionList",
    "list the versions of a value",
    "List the versions of an object's value.",
)
ROLLBACK: Final = Subresource(
    "rollback",
    "create",
    "Rollback",
    "ValueVersion",
    "roll a value back",
    "Make an earlier version the newest one again.",
)
SUBRESOURCES: Final = (VALUE, REVEAL, VERSIONS, ROLLBACK)


def path(resource: str, subresource: str) -> str:
    """The path of a subresource, with `{namespace}` and `{name}` in it."""
    return f"{ROOT}/namespaces/{{namespace}}/{resource}/{{name}}/{subresource}"
