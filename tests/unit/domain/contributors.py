"""A slot that asks for a Secret, for the tests to vary."""

from __future__ import annotations

from slotwarden.domain.targets import Contributor, Form

BASE = Contributor(
    "SecretSlot",
    "acme",
    "one",
    "uid-1",
    "2026-01-01T00:00:00Z",
    "registry",
    Form.DOCKERCONFIGJSON,
    "auths/ghcr.io",
)
