"""What all models share: they read what the API server has already validated, and never show what they hold.

Limits that only the API server enforces (patterns, lengths, CEL) therefore stand in `json_schema_extra` and not in
pydantic's own constraints: a stored object stays readable when a rule becomes stricter, and there is one set of
messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from datetime import datetime

_UNRECORDED: Final[set[str]] = set()


class Model(BaseModel):
    """A frozen part of an object, in camelCase outside and snake_case inside."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        # The input of a failed validation can hold a value.
        hide_input_in_errors=True,
    )

    def model_post_init(self, _context: Any) -> None:
        """Keep no record of which fields were given: nothing asks for it, and it is half of a model's memory."""
        object.__setattr__(self, "__pydantic_fields_set__", _UNRECORDED)

    def to_object(self) -> dict[str, Any]:
        """The JSON form, without what is absent. Refuses a model that holds a value."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")


class OwnerReference(Model):
    """The part of an owner reference that tells whose an object is."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class ObjectMeta(Model):
    """The part of `metadata` that the operator reads. Times are RFC 3339 in UTC, so that text order is time order."""

    namespace: str
    name: str
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    finalizers: tuple[str, ...] = ()
    labels: Mapping[str, str] = Field(default_factory=dict)
    annotations: Mapping[str, str] = Field(default_factory=dict)
    owner_references: tuple[OwnerReference, ...] = ()


def rfc3339(moment: datetime) -> str:
    """A time in UTC as the API server writes it, to the second."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
