"""A container for values that must not be seen.

A value goes in once and comes out only through `reveal`: printing, formatting, logging, serialising, hashing and
pickling all refuse or show a placeholder. Which modules may call `reveal` is listed in `tools/conventions.py` and
held by `make lint`.
"""

from __future__ import annotations

import hmac
from typing import Any, Final, NoReturn, final

from pydantic_core import core_schema

PLACEHOLDER: Final = "<sensitive>"


@final
class Sensitive:
    """Bytes that never show themselves; comparison takes constant time."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    @classmethod
    def of_text(cls, text: str) -> Sensitive:
        """The UTF-8 form of a text."""
        return cls(text.encode())

    def reveal(self) -> bytes:
        """The value itself. Only modules named in `tools/conventions.py` may call this."""
        return self._value

    def reveal_text(self) -> str:
        """The value as text.

        Raises:
            ValueError: if it is not UTF-8; a UnicodeDecodeError would carry the bytes.
        """
        try:
            return self._value.decode()
        except UnicodeDecodeError:
            raise ValueError("the value is not UTF-8 text") from None

    def __len__(self) -> int:
        return len(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sensitive):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return PLACEHOLDER

    def __format__(self, spec: str) -> str:
        return PLACEHOLDER

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sensitive value is not to be pickled or copied")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        """Read from a string; refuse to be written."""

        def refuse(value: object) -> NoReturn:
            raise TypeError("a sensitive value is not to be serialised")

        return core_schema.no_info_after_validator_function(
            cls.of_text,
            core_schema.str_schema(strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(refuse),
        )
