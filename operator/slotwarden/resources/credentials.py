"""The two kinds of credential that a slot can declare, and where their values can come from."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from slotwarden.resources import rules
from slotwarden.resources.base import Model
from slotwarden.sensitive import Sensitive

Username = Annotated[
    str | None,
    Field(
        description="The name to log in with, for example acme-bot. Required where the password or token is given; "
        "otherwise it can come with the value. It is stored with the value.",
        json_schema_extra={"maxLength": 1024},
    ),
]
_INLINE = (
    "The {what} itself. Write-only: the operator stores it in Vault and removes it from the object at once. "
    "A convenience, not a safe: it passes through the API server's storage and audit log, and applying the "
    "manifest again sets it again. Prefer {what}From."
)
FROM = (
    "Takes the {what} from a Secret in the same namespace and follows it. While it is set, the value can be set "
    "in no other way. Its author must be allowed to get that Secret."
)


class SecretKeyRef(Model):
    """One key of a Secret in the object's own namespace."""

    model_config = ConfigDict(json_schema_extra=rules.SECRET_KEY_REF)

    name: Annotated[
        str,
        Field(
            description="Name of the Secret, in the same namespace, for example ghcr-source. Label it "
            'slotwarden.io/watch: "true" to have changes followed at once; else they are seen at the next refresh.',
            json_schema_extra={"maxLength": 253},
        ),
    ]
    key: Annotated[
        str,
        Field(
            description="Key in the Secret's data that holds the value, for example password.",
            json_schema_extra={"maxLength": 253},
        ),
    ]


class ValueFrom(Model):
    """A source of a value."""

    secret_key_ref: Annotated[
        SecretKeyRef,
        Field(description="The Secret, and the key in it, that hold the value."),
    ]


class Registry(Model):
    """A credential for a container registry."""

    model_config = ConfigDict(json_schema_extra=rules.REGISTRY)

    server_address: Annotated[
        str | None,
        Field(
            description="The registry's host[:port] in lower case, without scheme and path, for example ghcr.io or "
            "registry.example.com:5000. Empty or absent means Docker Hub, as does docker.io. It is stored with the "
            "value: after a change nothing is projected until the value is set again.",
            json_schema_extra={"maxLength": 253},
        ),
    ] = None
    username: Username = None
    password: Annotated[Sensitive | None, Field(description=_INLINE.format(what="password"))] = None
    password_from: Annotated[ValueFrom | None, Field(description=FROM.format(what="password"))] = None


class Git(Model):
    """A credential for a git host over HTTP."""

    model_config = ConfigDict(json_schema_extra=rules.GIT)

    url: Annotated[
        str | None,
        Field(
            description="Where the credential is valid: http(s)://host[:port][/path] with a host in lower case, for "
            "example https://github.com. Absent: whatever host its consumer clones from. It is stored with the value: "
            "after a change nothing is projected until the value is set again.",
            json_schema_extra={"minLength": 1, "maxLength": 2048},
        ),
    ] = None
    username: Username = None
    token: Annotated[Sensitive | None, Field(description=_INLINE.format(what="token"))] = None
    token_from: Annotated[ValueFrom | None, Field(description=FROM.format(what="token"))] = None
