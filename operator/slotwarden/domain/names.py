"""Names of slots and of objects, one for one, so that etcd keeps slot names unique.

A slot name that is a DNS label is the object's name. Any other becomes `x` + the name in lower case with `-` for `_` +
`x.` + a mask with one letter per character: `u` capital, `s` underscore, `l` anything else. `A_b` is `xa-bx.usl`. A
DNS label holds no dot, so the two forms never meet. The CRD's CEL rule mirrors this module.
"""

from __future__ import annotations

import re
from typing import Final

DNS_LABEL: Final = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
SLOT_NAME: Final = "[A-Za-z0-9_-]{1,64}"

_DNS_LABEL = re.compile(DNS_LABEL)
_SLOT_NAME = re.compile(SLOT_NAME)
_ENCODED = re.compile(r"x([a-z0-9-]{1,64})x\.([usl]{1,64})")


def is_dns_label(text: str) -> bool:
    """Whether a text is an RFC 1123 label of at most 63 characters, as namespaces are."""
    return _DNS_LABEL.fullmatch(text) is not None


def is_slot_name(text: str) -> bool:
    """Whether a text can name a slot; also the form of every free segment of a Vault path."""
    return _SLOT_NAME.fullmatch(text) is not None


def object_name(slot: str) -> str:
    """The name of the object that declares a slot.

    Raises:
        ValueError: if it is no slot name.
    """
    if not is_slot_name(slot):
        raise ValueError(f"not a slot name: want {SLOT_NAME}")
    if is_dns_label(slot):
        return slot
    return f"x{slot.lower().replace('_', '-')}x.{''.join(map(_mask, slot))}"


def slot_name(object_name: str) -> str:
    """The slot that an object declares.

    Raises:
        ValueError: if the object's name is not the one that `object_name` gives for any slot.
    """
    if is_dns_label(object_name):
        return object_name
    match = _ENCODED.fullmatch(object_name)
    if match is None or len(match[1]) != len(match[2]):
        raise ValueError("the object's name is neither a DNS label nor an encoded slot name")
    slot = "".join(map(_unmask, match[1], match[2]))
    if is_dns_label(slot) or "".join(map(_mask, slot)) != match[2]:
        raise ValueError("the object's name is not the canonical form of its slot name")
    return slot


def _mask(char: str) -> str:
    if char == "_":
        return "s"
    return "u" if char.isupper() else "l"


def _unmask(char: str, mask: str) -> str:
    if mask == "s":
        if char != "-":
            raise ValueError("the mask claims an underscore where the name has no dash")
        return "_"
    return char.upper() if mask == "u" else char
