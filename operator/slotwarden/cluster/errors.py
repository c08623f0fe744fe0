"""What can go wrong between us and the API server.

KubernetesError
├── Unavailable      no answer, 5xx, 429, or a server that shuts down: try again later
├── Forbidden        403: RBAC, admission or quota said no; the server's sentence is kept
│   └── Terminating  403: the namespace is being deleted and takes nothing new
├── NotFound         404
├── AlreadyExists    409 to a creation: somebody has made the object
├── Conflict         409 to a write or a deletion: the object is not as we saw it
├── Expired          410: what was asked for is from too long ago
└── Rejected         400, 422 and the rest: names the fields, never what they hold
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class KubernetesError(Exception):
    """A request that did not succeed.

    Attributes:
        verb: as in RBAC (`get`, `list`, `create`, `patch`, `delete`).
        resource: plural, with subresource (`secrets`, `secretslots/status`).
        status: the HTTP status; 0 where there was no answer.
    """

    def __init__(self, verb: str, resource: str, status: int, message: str) -> None:
        super().__init__(f"the API server answered {status or 'nothing'} to {verb} {resource}: {message}")
        self.verb = verb
        self.resource = resource
        self.status = status


class Unavailable(KubernetesError):
    """The server cannot answer now."""


class Forbidden(KubernetesError):
    """The server will not do it for this user, or not in this namespace."""


class Terminating(Forbidden):
    """The namespace is being deleted."""


class NotFound(KubernetesError):
    """The object, or its kind, is not there."""


class AlreadyExists(KubernetesError):
    """An object of that name is there."""


class Conflict(KubernetesError):
    """The object changed since it was read, or is another one of the same name."""


class Expired(KubernetesError):
    """The server knows no more how things were then: ask for how they are."""


class Rejected(KubernetesError):
    """The server did not take the object."""


def from_answer(verb: str, resource: str, status: int, answer: Mapping[str, Any]) -> KubernetesError:
    """The error for an answer of kind Status.

    A validation message can quote the object that was sent, so only the names of its fields are kept of it.
    """
    if status in (400, 422) or status not in _BY_STATUS:
        if status >= 500 or status == 429:
            return Unavailable(verb, resource, status, str(answer.get("reason") or "no reason given"))
        fields = sorted({str(cause["field"]) for cause in _causes(answer) if cause.get("field")})
        named = ", ".join(fields) or "no field named"
        return Rejected(verb, resource, status, f"{answer.get('reason', 'no reason given')} ({named})")
    kind = _BY_STATUS[status]
    if status == 409 and answer.get("reason") == "AlreadyExists":
        kind = AlreadyExists
    if status == 403 and any(cause.get("reason") == "NamespaceTerminating" for cause in _causes(answer)):
        kind = Terminating
    return kind(verb, resource, status, str(answer.get("message") or answer.get("reason") or "no reason given"))


def _causes(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return (answer.get("details") or {}).get("causes") or ()


_BY_STATUS: Mapping[int, type[KubernetesError]] = {
    401: Unavailable,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
}
