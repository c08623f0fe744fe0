"""EnvSecret as a whole: one named value of a project's environment, declared here, held in Vault, set later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from slotwarden.resources.base import Model, ObjectMeta
from slotwarden.resources.credentials import ValueFrom
from slotwarden.resources.secretslot import AnnotationValue, DeletionPolicy, LabelValue
from slotwarden.resources.slotstatus import Status
from slotwarden.sensitive import Sensitive

KIND: Final = "EnvSecret"
PLURAL: Final = "envsecrets"


class EnvProjection(Model):
    """The Secret that the value goes into, with all others of its environment."""

    secret_name: Annotated[
        str | None,
        Field(
            description="Name of the Secret, in the object's namespace. Absent: <project>-<environment>-env, in lower "
            "case and with '-' for '_'. Objects that name the same Secret share it.",
            json_schema_extra={"minLength": 1, "maxLength": 253},
        ),
    ] = None
    labels: Annotated[
        Mapping[str, LabelValue],
        Field(
            description="Labels for the Secret beside the operator's own.",
            json_schema_extra={"maxProperties": 32},
        ),
    ] = Field(default_factory=dict)
    annotations: Annotated[
        Mapping[str, AnnotationValue],
        Field(
            description="Annotations for the Secret beside the operator's own.",
            json_schema_extra={"maxProperties": 32},
        ),
    ] = Field(default_factory=dict)


class EnvSpec(Model):
    """What the user asks for."""

    project: Annotated[str, Field(description="The project, for example shop. It cannot be changed.")]
    environment: Annotated[
        str, Field(description="The project's environment, for example production. It cannot be changed.")
    ]
    key: Annotated[
        str,
        Field(
            description="Key in the Secret and name of the environment variable, for example DATABASE_URL. It cannot "
            "be changed.",
        ),
    ]
    description: Annotated[str | None, Field(description="What the value is for.")] = None
    value: Annotated[Sensitive | None, Field(description="The value itself. Write-only.")] = None
    value_from: Annotated[ValueFrom | None, Field(description="Takes the value from a Secret.")] = None
    projection: Annotated[EnvProjection | None, Field(description="The Secret that the value goes into.")] = None
    refresh_interval: Annotated[str | None, Field(description="How often Vault is looked at.")] = None
    deletion_policy: Annotated[DeletionPolicy | None, Field(description="What becomes of the value in Vault.")] = None


class EnvSecret(Model):
    """A whole object, as read from the API server."""

    metadata: ObjectMeta
    spec: EnvSpec
    status: Status = Status()

    @classmethod
    def from_object(cls, raw: Mapping[str, Any]) -> EnvSecret:
        """Read an object as the API server gives it.

        Raises:
            pydantic.ValidationError: it is none that the API server would accept. The error shows no input.
        """
        return cls.model_validate(raw)
