"""How bytes become a body without being told again: the base of all bodies, and the one way to read one.

A body holds a value, so no error of the parser's or the validator's leaves this module: what is wrong is said by field
names of our own, and a member that is not known is not named.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from slotwarden.gateway.refusals import Cause, Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import ErrorDetails

MAX_BODY: Final = 1536 * 1024
"""Bytes of a body: a value of 512 KiB in base64, with room for what stands around it."""


class Part(BaseModel):
    """A frozen part of a body, in camelCase outside. Unknown members are errors, and no type is made of another."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
    )


Body = TypeVar("Body", bound=Part)
_MESSAGES: Final = {
    "missing": "is required",
    "string_type": "is not a string",
    "bool_type": "is not true or false",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "int_parsing_size": "is too large",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "model_type": "is not a JSON object",
    "model_attributes_type": "is not a JSON object",
}


def fitting(fits: Callable[[str], bool], words: str) -> AfterValidator:
    """A check of a text, and what is said of one that does not fit: it tells nothing of that text."""

    def check(text: str) -> str:
        if not fits(text):
            raise PydanticCustomError("words", "{words}", {"words": words})
        return text

    return AfterValidator(check)


def read(model: type[Body], raw: bytes, code: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> Body:
    """The body of a request; none at all is one without members.

    Args:
        code: that of the refusal of a field that is wrong.

    Raises:
        Refusal: 400 for what is no JSON object of known members, `code` for fields that are wrong. It tells no input.
    """
    try:
        body = model.model_validate_json(raw or b"{}", by_alias=True, by_name=False)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    else:
        if _doubled(raw or b"{}"):
            raise Refusal(HTTPStatus.BAD_REQUEST, "the body has a member twice")
        return body
    name = model.__name__
    for each in found:
        match each["type"]:
            case "json_invalid":
                raise Refusal(HTTPStatus.BAD_REQUEST, "the body is not JSON")
            case "model_type" | "model_attributes_type" if not each["loc"]:
                raise Refusal(HTTPStatus.BAD_REQUEST, f"the body is not a JSON object of kind {name}")
            case "extra_forbidden":
                raise Refusal(HTTPStatus.BAD_REQUEST, _unknown(model, tuple(map(str, each["loc"][:-1]))))
    raise invalid(*(_cause(model.__name__, each) for each in found), code=code)


def _doubled(raw: bytes) -> bool:
    """Whether a member stands twice in its object: which of the two was meant, the sender alone knows."""
    doubled = False

    def look(members: list[tuple[str, object]]) -> None:
        nonlocal doubled
        doubled = doubled or len(dict(members)) < len(members)

    json.loads(raw, object_pairs_hook=look)
    return doubled


def _unknown(model: type[Part], place: tuple[str, ...]) -> str:
    """What is said of a member that is not known; `place` is that of what it stands in."""
    if place:
        return f"{'.'.join(place)} has a member that is not known"
    known = ", ".join(field.alias or "" for field in model.model_fields.values())
    return f"the body has a member that kind {model.__name__} does not know; it knows {known}"


def _cause(name: str, error: ErrorDetails) -> Cause:
    field = ".".join(map(str, error["loc"])) or name
    match error["type"]:
        case "literal_error":
            # What is expected, which is of the model; never what is there.
            return Cause(field, f"is not {str(error['ctx']['expected']).replace(chr(39), '')}")
        case "words":
            return Cause(field, error["msg"])
        case kind:
            return Cause(field, _MESSAGES.get(kind, "is not acceptable"))
