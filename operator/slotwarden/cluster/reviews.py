"""Asks the cluster's own authenticators and authorizers: TokenReview and SubjectAccessReview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from slotwarden.cluster import paths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slotwarden.cluster.client import KubeClient
    from slotwarden.sensitive import Sensitive

_AUTHENTICATION: Final = "authentication.k8s.io"
_AUTHORIZATION: Final = "authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class User:
    """A user, as an authenticator of the cluster names them."""

    name: str
    uid: str
    groups: tuple[str, ...]
    extra: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is asked for, as RBAC has it. The group is that of an API, the version may be any."""

    verb: str
    group: str
    version: str
    resource: str
    subresource: str
    namespace: str
    name: str


class Reviews:
    """Methods raise `KubernetesError`s."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def token(self, token: Sensitive, audiences: Sequence[str]) -> User | None:
        """Whose token it is; None where it is nobody's, or for none of the audiences."""
        spec = {"token": token.reveal_text(), "audiences": list(audiences)}
        status = await self._ask(_AUTHENTICATION, "TokenReview", "tokenreviews", spec)
        # An authenticator that knows of no audiences names none.
        if not status.get("authenticated") or not {*audiences} & {*(status.get("audiences") or ())}:
            return None
        user = status.get("user") or {}
        extra = {key.lower(): tuple(values) for key, values in (user.get("extra") or {}).items()}
        return User(user.get("username") or "", user.get("uid") or "", tuple(user.get("groups") or ()), extra)

    async def access(self, user: User, asked: Attributes) -> bool:
        """Whether the user may."""
        spec = {
            "user": user.name,
            "uid": user.uid,
            "groups": list(user.groups),
            "extra": {key: list(values) for key, values in user.extra.items()},
            "resourceAttributes": {
                "verb": asked.verb,
                "group": asked.group,
                "version": asked.version,
                "resource": asked.resource,
                "subresource": asked.subresource,
                "namespace": asked.namespace,
                "name": asked.name,
            },
        }
        status = await self._ask(_AUTHORIZATION, "SubjectAccessReview", "subjectaccessreviews", spec)
        return bool(status.get("allowed")) and not status.get("denied")

    async def _ask(self, group: str, kind: str, resource: str, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        body = {"apiVersion": f"{group}/v1", "kind": kind, "spec": spec}
        answer = await self._client.request("create", resource, paths.review(group, resource), body=body)
        status: Mapping[str, Any] = answer.get("status") or {}
        return status
