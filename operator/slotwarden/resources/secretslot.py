"""SecretSlot as a whole: one git or one registry credential, declared here, held in Vault, projected into Secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from slotwarden.resources import rules
from slotwarden.resources.base import Model, ObjectMeta
from slotwarden.resources.credentials import Git, Registry
from slotwarden.resources.slotstatus import Status

__all__ = [
    "API_VERSION",
    "GROUP",
    "KIND",
    "PLURAL",
    "VERSION",
    "DeletionPolicy",
    "Git",
    "ObjectMeta",
    "Projection",
    "ProjectionType",
    "Registry",
    "SecretSlot",
    "Spec",
    "Status",
]

GROUP: Final = "slotwarden.io"
VERSION: Final = "v1beta1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "SecretSlot"
PLURAL: Final = "secretslots"

DeletionPolicy = Literal["Delete", "Retain"]
ProjectionType = Literal["dockerconfigjson", "basic-auth"]
LabelValue = Annotated[str, Field(json_schema_extra={"maxLength": 63})]
AnnotationValue = Annotated[str, Field(json_schema_extra={"maxLength": 4096})]
RefreshInterval = Annotated[
    str | None,
    Field(
        description="How often Vault, and an unlabelled source Secret, are looked at for changes made elsewhere: "
        "1s to 8760h, for example 30m or 1h30m. The moments are spread out. Absent: the operator's default, 1h.",
        json_schema_extra={"maxLength": 32},
    ),
]
DeletionPolicyField = Annotated[
    DeletionPolicy | None,
    Field(
        description="What becomes of the value in Vault when the object is deleted. Delete: it is soft-deleted at "
        "once and purged after 7 days. Retain: it stays. Absent: Delete.",
    ),
]


class Projection(Model):
    """One Secret that is made from the value."""

    model_config = ConfigDict(json_schema_extra=rules.PROJECTION)

    secret_name: Annotated[
        str | None,
        Field(
            description="Name of the Secret, in the object's namespace. Absent: the object's own name. A Secret that "
            'the operator did not make is left alone unless it carries the annotation slotwarden.io/adopt: "true".',
            json_schema_extra={"minLength": 1, "maxLength": 253, "pattern": rules.DNS_SUBDOMAIN_PATTERN},
        ),
    ] = None
    type: Annotated[
        ProjectionType | None,
        Field(
            description="Form of the Secret: dockerconfigjson (kubernetes.io/dockerconfigjson, for image pulls) or "
            "basic-auth (kubernetes.io/basic-auth, username and password). Absent: dockerconfigjson for a registry, "
            "basic-auth for git, which has no other. Changing it replaces the Secret.",
        ),
    ] = None
    labels: Annotated[
        Mapping[str, LabelValue],
        Field(
            description="Labels for the Secret beside the operator's own, for example "
            "jenkins.io/credentials-type: usernamePassword.",
            json_schema_extra={"maxProperties": 32},
        ),
    ] = Field(default_factory=dict)
    annotations: Annotated[
        Mapping[str, AnnotationValue],
        Field(
            description="Annotations for the Secret beside the operator's own, for example "
            "tekton.dev/git-0: https://github.com.",
            json_schema_extra={"maxProperties": 32},
        ),
    ] = Field(default_factory=dict)


class Spec(Model):
    """What the user asks for."""

    model_config = ConfigDict(json_schema_extra=rules.SPEC)

    slot_name: Annotated[
        str | None,
        Field(
            description="The slot's name where it cannot be an object's name, for example GHCR_pull: 1 to 64 letters, "
            "digits, '-' and '_'. The object's name is then its encoded form; the API server tells which when another "
            "is given. Absent: the object's name is the slot's name.",
            json_schema_extra={"maxLength": 64, "pattern": rules.SLOT_NAME_PATTERN},
        ),
    ] = None
    registry: Annotated[
        Registry | None,
        Field(description="A credential for a container registry. Exactly one of registry and git is given."),
    ] = None
    git: Annotated[
        Git | None,
        Field(description="A credential for a git host over HTTP. Exactly one of registry and git is given."),
    ] = None
    projections: Annotated[
        tuple[Projection, ...],
        Field(
            description="The Secrets to make from the value; at most one for now. Absent or empty: one, named like the "
            "object, in its namespace.",
            json_schema_extra={"maxItems": 1, "x-kubernetes-list-type": "atomic"},
        ),
    ] = ()
    refresh_interval: RefreshInterval = None
    deletion_policy: DeletionPolicyField = None


class SecretSlot(Model):
    """A whole object, as read from the API server."""

    metadata: ObjectMeta
    spec: Spec
    status: Status = Status()

    @classmethod
    def from_object(cls, raw: Mapping[str, Any]) -> SecretSlot:
        """Read an object as the API server gives it.

        Raises:
            pydantic.ValidationError: it is none that the API server would accept. The error shows no input.
        """
        return cls.model_validate(raw)
