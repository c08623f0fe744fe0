"""What a SecretSlot has to declare to hold a credential of the slots' API. Pure.

Of an object that is there as little as possible is changed: what people declared beside, such as the URL that a git
credential is for and the Secrets that are made of it, stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slotwarden.domain.address import canonical_git_url, canonical_server
from slotwarden.domain.credentials import GitCredential
from slotwarden.domain.names import is_dns_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.domain.credentials import Credential
    from slotwarden.resources.secretslot import Spec


def new(slot: str, login: Credential) -> dict[str, Any]:
    """The spec of a new object. The user name comes with the value, so it is not declared."""
    name = {} if is_dns_label(slot) else {"slotName": slot}
    return name | _kind(login)


def change(spec: Spec, raw: Mapping[str, Any], login: Credential) -> dict[str, Any] | None:
    """What to merge into the spec of an object, so that the credential may go where it is meant for; None for nothing.

    Args:
        raw: the same spec as the API server gives it.
    """
    if isinstance(login, GitCredential):
        if spec.git is None:
            return {"registry": None, **_kind(login), **_untyped(raw)}
        declared, part = spec.git.username, "git"
        changed: dict[str, Any] = {}
    else:
        if spec.registry is None:
            return {"git": None, **_kind(login)}
        declared, part = spec.registry.username, "registry"
        same = _server(spec.registry.server_address) == login.server_address
        changed = {} if same else {"serverAddress": login.server_address}
    if declared and declared != login.username:
        changed["username"] = login.username
    return {part: changed} if changed else None


def for_url(spec: Spec, login: Credential) -> Credential:
    """The credential as the object holds it: a git credential is for the URL that the object names, where it does."""
    if not isinstance(login, GitCredential) or spec.git is None or not spec.git.url:
        return login
    return replace(login, url=canonical_git_url(spec.git.url))


def _kind(login: Credential) -> dict[str, Any]:
    if isinstance(login, GitCredential):
        return {"git": {}}
    return {"registry": {"serverAddress": login.server_address}}


def _untyped(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Projections without the form that only a registry's credential has; lists are merged as a whole."""
    projections = raw.get("projections") or []
    if not any("type" in projection for projection in projections):
        return {}
    return {
        "projections": [{key: projection[key] for key in projection.keys() - {"type"}} for projection in projections]
    }


def _server(declared: str | None) -> str | None:
    try:
        return canonical_server(declared)
    except ValueError:
        return None
