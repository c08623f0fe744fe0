"""EnvSecret as a whole: one named value of a project's environment, declared here, held in Vault, set later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from slotwarden.resources import envrules
from slotwarden.resources.base import Model, ObjectMeta
from slotwarden.resources.credentials import FROM, ValueFrom
from slotwarden.resources.secretslot import AnnotationValue, DeletionPolicyField, LabelValue, RefreshInterval
from slotwarden.resources.slotstatus import Status
from slotwarden.sensitive import Sensitive

KIND: Final = "EnvSecret"
PLURAL: Final = "envsecrets"


class EnvProjection(Model):
    """The Secret that the value goes into, with all others of its environment."""

    model_config = ConfigDict(json_schema_extra=envrules.PROJECTION)

    secret_name: Annotated[
        str | None,
        Field(
            description="Name of the Secret, in the object's namespace. Absent: <project>-<environment>-env, in lower "
            "case and with '-' for '_', for example shop-production-env. Objects that name the same Secret share it. A "
            "Secret that the operator did not make is left alone unless it carries the annotation "
            'slotwarden.io/adopt: "true".',
            json_schema_extra={"maxLength": 253},
        ),
    ] = None
    labels: Annotated[
        Mapping[str, LabelValue],
        Field(
            description="Labels for the Secret beside the operator's own, for example example.com/team: shop. Those of "
            "all objects that share it are joined.",
            json_schema_extra={"maxProperties": 32},
        ),
    ] = Field(default_factory=dict)
    annotations: Annotated[
        Mapping[str, AnnotationValue],
        Field(
            description="Annotations for the Secret beside the operator's own, for example example.com/contact: "
            "shop@example.com. Those of all objects that share it are joined.",
            json_schema_extra={"maxProperties": 32},
        ),
    ] = Field(default_factory=dict)


class EnvSpec(Model):
    """What the user asks for."""

    model_config = ConfigDict(json_schema_extra=envrules.SPEC)

    project: Annotated[
        str,
        Field(
            description="The project, for example shop: 1 to 64 letters, digits, '-' and '_', begins and ends with a "
            "letter or digit. It cannot be changed.",
            json_schema_extra={"maxLength": 64},
        ),
    ]
    environment: Annotated[
        str,
        Field(
            description="The project's environment, for example production: 1 to 64 letters, digits, '-' and '_', "
            "begins and ends with a letter or digit. It cannot be changed.",
            json_schema_extra={"maxLength": 64},
        ),
    ]
    key: Annotated[
        str,
        Field(
            description="Key in the Secret and name of the environment variable, for example DATABASE_URL: letters, "
            "digits, '_', '-' and '.', begins with a letter or '_'. Of two objects with one project, environment and "
            "key the older holds it. It cannot be changed.",
            json_schema_extra={"maxLength": 253},
        ),
    ]
    description: Annotated[
        str | None,
        Field(
            description="What the value is for, in words that everybody may read who may read the object. Changing it "
            "touches no value.",
            json_schema_extra={"maxLength": 1024},
        ),
    ] = None
    value: Annotated[
        Sensitive | None,
        Field(
            description="The value itself; an empty one is a value. Write-only: the operator stores it in Vault and "
            "removes it from the object at once. A convenience, not a safe: it passes through the API server's storage "
            "and audit log, and applying the manifest again sets it again. Prefer valueFrom or the values API."
        ),
    ] = None
    value_from: Annotated[
        ValueFrom | None,
        Field(description=FROM.format(what="value")),
    ] = None
    encrypted: Annotated[
        bool | None,
        Field(
            description="Whether Vault holds the value encrypted, with a Transit key of the environment's own, so that "
            "its entry alone tells nothing. A value that is there already is encrypted as a new version. It takes the "
            "operator's and the gateway's --transit-mount. Once true it stays so. Absent: false."
        ),
    ] = None
    projection: Annotated[
        EnvProjection | None,
        Field(
            description="The Secret that the value goes into, made for envFrom. Absent: that of the environment, in "
            "the object's namespace."
        ),
    ] = None
    refresh_interval: RefreshInterval = None
    deletion_policy: DeletionPolicyField = None


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
