"""Names that become segments of Vault paths, names of objects and of Secrets; the CRDs' CEL rules mirror them.

Names of slots and of objects are one for one, so that etcd keeps slot names unique.

A slot name that is a DNS label is the object's name. Any other becomes `x` + the name in lower case with `-` for `_` +
`x.` + a mask with one letter per character: `u` capital, `s` underscore, `l` anything else. `A_b` is `xa-bx.usl`. A
DNS label holds no dot, so the two forms never meet.

A project and its environment begin and end with a letter or digit, so that the name of their Secret is one.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from slotwarden.domain.entries import EnvRef

DNS_LABEL: Final = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
SLOT_NAME: Final = "[A-Za-z0-9_-]{1,64}"
ENV_SEGMENT: Final = "[A-Za-z0-9]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?"
ENV_KEY: Final = "[A-Za-z_][A-Za-z0-9_.-]{0,252}"

_SLUG: Final = 40
_DIGEST: Final = 12

_DNS_LABEL = re.compile(DNS_LABEL)
_SLOT_NAME = re.compile(SLOT_NAME)
_ENV_SEGMENT = re.compile(ENV_SEGMENT)
_ENV_KEY = re.compile(ENV_KEY)
_ENCODED = re.compile(r"x([a-z0-9-]{1,64})x\.([usl]{1,64})")


def is_dns_label(text: str) -> bool:
    """Whether a text is an RFC 1123 label of at most 63 characters, as namespaces are."""
    return _DNS_LABEL.fullmatch(text) is not None


def is_slot_name(text: str) -> bool:
    """Whether a text can name a slot; also the form of every free segment of a Vault path."""
    return _SLOT_NAME.fullmatch(text) is not None


def is_env_segment(text: str) -> bool:
    """Whether a text can name a project or one of its environments."""
    return _ENV_SEGMENT.fullmatch(text) is not None


def is_env_key(text: str) -> bool:
    """Whether a text can be a key of an environment: the name of an environment variable, and a key of a Secret."""
    return _ENV_KEY.fullmatch(text) is not None


def environment_secret(project: str, environment: str) -> str:
    """The name of an environment's Secret where its objects name none: `Shop`, `eu_1` gives `shop-eu-1-env`.

    Different environments can have the same one: the older then keeps the Secret.
    """
    return f"{project}-{environment}-env".lower().replace("_", "-")


def env_object_name(ref: EnvRef) -> str:
    """The name of an EnvSecret that an API makes: `shop`, `production`, `API_KEY` gives `shop-production-api-key-…`.

    It is for people as far as it fits, and ends with a digest of what the object stands for. So whoever makes the same
    one meets the same name, and etcd lets one of them have it; an EnvSecret made by hand may have any other.
    """
    slug = re.sub("[^a-z0-9]", "-", f"{ref.project}-{ref.environment}-{ref.key}".lower())[:_SLUG].rstrip("-")
    # No part holds the separator. The namespace is where the name counts, so it is no part of it.
    digest = hashlib.sha256("/".join((ref.project, ref.environment, ref.key)).encode()).digest()
    return f"{slug}-{base64.b32encode(digest).decode().lower()[:_DIGEST]}"


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
