"""A refusal in the one form that Kubernetes clients read: a metav1.Status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slotwarden.gateway.aggregated.group import GROUP

if TYPE_CHECKING:
    from aiohttp import web

    from slotwarden.gateway.refusals import Refusal


def status(refused: Refusal, resource: str = "", name: str = "") -> dict[str, Any]:
    """The metav1.Status, about an object where there is one."""
    details: dict[str, Any] = {"name": name, "group": GROUP, "kind": resource} if name else {}
    if refused.causes:
        details["causes"] = [
            {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in refused.causes
        ]
    if refused.retry:
        details["retryAfterSeconds"] = refused.retry
    told = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": refused.message}
    return told | {"reason": refused.reason} | ({"details": details} if details else {}) | {"code": refused.code}


def of_request(request: web.Request, refused: Refusal) -> dict[str, Any]:
    """A `Form`: the Status about the object that the path names."""
    return status(refused, request.match_info.get("resource", ""), request.match_info.get("name", ""))
