"""A value of a project's environment, and its form in Vault: any bytes, for which an entry's JSON has two fields."""

from __future__ import annotations

import base64
import binascii
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotwarden.domain.credentials import MAX_BYTES, MAX_JSON, InvalidValue, NotText, json_length
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT: Final = "value"
BYTES: Final = "value_base64"
CIPHERTEXT: Final = "ciphertext"


@dataclass(frozen=True, slots=True)
class EnvValue:
    """Any bytes, none at all too.

    Attributes:
        sealed: whether Vault holds it, or is to hold it, encrypted.

    Raises:
        InvalidValue: on construction, where there are too many for an entry.
    """

    value: Sensitive
    sealed: bool = False

    def __post_init__(self) -> None:
        if len(self.value) > MAX_BYTES:
            raise InvalidValue(TEXT, f"is longer than {MAX_BYTES // 1024} KiB")


def to_vault(value: EnvValue) -> dict[str, Sensitive]:
    """The entry's data where it is not encrypted.

    It is `{value}`, or `{value_base64}` for bytes that are not UTF-8 or get too long with escapes.
    """
    with contextlib.suppress(ValueError):
        if json_length(value.value.reveal_text()) <= MAX_JSON:
            return {TEXT: value.value}
    return {BYTES: encoded(value)}


def encoded(value: EnvValue) -> Sensitive:
    """The bytes in base64."""
    return Sensitive(base64.b64encode(value.value.reveal()))


def from_vault(data: Mapping[str, Sensitive | NotText], *, sealed: bool = False) -> EnvValue:
    """The value that an entry's data holds, whoever wrote it; `sealed` tells that it was decrypted before.

    Raises:
        InvalidValue: naming the field that is missing, no text, or no base64.
    """
    if TEXT in data and BYTES in data:
        raise InvalidValue(TEXT, f"and {BYTES} are both set: an entry holds one value")
    name = BYTES if BYTES in data else TEXT
    held = data.get(name)
    if held is None:
        raise InvalidValue(TEXT, "is missing")
    if isinstance(held, NotText):
        raise InvalidValue(name, "is not a string")
    if name == TEXT:
        return EnvValue(held, sealed)
    try:
        return EnvValue(Sensitive(base64.b64decode(held.reveal(), validate=True)), sealed)
    except binascii.Error:
        raise InvalidValue(BYTES, "is not base64") from None
