"""`kubernetes.io/basic-auth`: the form for git, and for consumers that take no dockerconfigjson."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.domain.credentials import GitCredential
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.domain.credentials import Credential

SECRET_TYPE: Final = "kubernetes.io/basic-auth"  # noqa: S105 - a type's name


def render(credential: Credential) -> dict[str, Sensitive]:
    """The Secret's data: `{username, password}`; a git token is the password."""
    password = credential.token if isinstance(credential, GitCredential) else credential.password
    return {"username": Sensitive.of_text(credential.username), "password": password}


def parse(data: Mapping[str, Sensitive]) -> tuple[str, Sensitive] | None:
    """User name and password of a Secret's data; None where one is missing or the user name is no text."""
    username, password = data.get("username"), data.get("password")
    if username is None or password is None:
        return None
    try:
        return username.reveal_text(), password
    except ValueError:
        return None
