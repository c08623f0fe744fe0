"""The parts of a Secret's data, each with the bytes that its MAC is taken over.

A MAC for each part, instead of one for the whole Secret, tells whose contribution drifted and leaves the others'
statuses alone when one of them changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slotwarden.domain import basicauth, dockerconfig
from slotwarden.domain.credentials import RegistryCredential, canonical_bytes
from slotwarden.domain.envvalue import EnvValue
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.domain.declared import Value

PAIR: Final = "basic-auth"
ENV_TYPE: Final = "Opaque"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a Secret's data.

    Attributes:
        values: by part, what is compared.
        clean: whether the data is nothing but these parts in their canonical form. The keys of an environment are.
    """

    values: Mapping[str, Sensitive]
    clean: bool


def entry_part(server: str) -> str:
    """The name of the part that is a registry's entry."""
    return f"auths/{server}"


def env_part(key: str) -> str:
    """The name of the part that is a key of an environment."""
    return f"env/{key}"


def env_key(part: str) -> str:
    """The key that such a part is."""
    return part.removeprefix("env/")


def of_value(part: str, value: Value) -> Sensitive:
    """What a part should be, for a value that contributes it."""
    if isinstance(value, EnvValue):
        return value.value
    if part == PAIR:
        pair = basicauth.render(value)
        return _joined(pair["username"], pair["password"])
    return canonical_bytes(value)


def of_secret(secret_type: str, data: Mapping[str, Sensitive]) -> Parts:
    """The parts of a Secret's data as it is; none where it cannot be read."""
    if secret_type == dockerconfig.SECRET_TYPE:
        document = data.get(dockerconfig.KEY)
        entries = _entries(document) if document is not None else None
        if document is None or entries is None:
            return Parts({}, clean=False)
        values = {entry_part(server): canonical_bytes(entry) for server, entry in entries.items()}
        return Parts(values, clean=dockerconfig.is_canonical(document))
    if secret_type == ENV_TYPE:
        return Parts({env_part(key): value for key, value in data.items()}, clean=True)
    pair = basicauth.parse(data)
    if pair is None:
        return Parts({}, clean=False)
    return Parts({PAIR: _joined(Sensitive.of_text(pair[0]), pair[1])}, clean=True)


def entries_of_secret(data: Mapping[str, Sensitive]) -> dict[str, RegistryCredential]:
    """The credentials in a dockerconfigjson Secret by part; none where it cannot be read."""
    document = data.get(dockerconfig.KEY)
    entries = _entries(document) if document is not None else None
    return {entry_part(server): entry for server, entry in (entries or {}).items()}


def _entries(document: Sensitive) -> dict[str, RegistryCredential] | None:
    try:
        return dockerconfig.parse(document)
    except ValueError:
        return None


def _joined(username: Sensitive, password: Sensitive) -> Sensitive:
    name = username.reveal()
    return Sensitive(len(name).to_bytes(8, "big") + name + password.reveal())
