"""What a body makes with the object that it is for: a value, or what is wrong with it, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.domain import envvalue
from slotwarden.domain.address import canonical_git_url, canonical_server
from slotwarden.domain.credentials import GitCredential, InvalidValue, RegistryCredential
from slotwarden.domain.declared_env import DeclaredEnv
from slotwarden.gateway.aggregated.bodies import FIELDS
from slotwarden.gateway.refusals import Cause, conflict, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slotwarden.domain import declared as domain
    from slotwarden.domain.declared_slot import DeclaredSlot
    from slotwarden.gateway.aggregated.bodies import Value
    from slotwarden.sensitive import Sensitive

_REGISTRY: Final = ("username", "password", "server_address")
_GIT: Final = ("username", "token", "url")
_ENVIRONMENT: Final = ("value", "value_base64")
_NOT_ITS_OWN: Final = "is not the one that the object declares"


def value_of(declared: DeclaredSlot | DeclaredEnv, body: Value) -> domain.Value:
    """The value to store.

    Raises:
        Refusal: 422 with the fields that are wrong; 409 where the object's own address is no address.
    """
    causes = list(_misplaced(body, _members(declared)))
    if causes:
        raise invalid(*causes)
    try:
        secret = _secret(declared, body)
        if isinstance(declared, DeclaredEnv):
            return declared.value(secret)
        return _login(declared, body, secret)
    except InvalidValue as error:
        raise invalid(Cause(FIELDS[error.field], error.why)) from None


def _members(declared: DeclaredSlot | DeclaredEnv) -> tuple[str, ...]:
    if isinstance(declared, DeclaredEnv):
        return _ENVIRONMENT
    return _REGISTRY if declared.manifest.spec.registry is not None else _GIT


def _misplaced(body: Value, members: tuple[str, ...]) -> Iterator[Cause]:
    for name, field in FIELDS.items():
        if name not in members and getattr(body, name) is not None:
            yield Cause(field, "has no place in a value of this object", "FieldValueForbidden")


def _secret(declared: DeclaredSlot | DeclaredEnv, body: Value) -> Sensitive:
    if isinstance(declared, DeclaredEnv):
        given = {name: getattr(body, name) for name in _ENVIRONMENT if getattr(body, name) is not None}
        if not given:
            raise InvalidValue("value", "is required, or valueBase64 in its place")
        if len(given) > 1:
            raise InvalidValue("value_base64", "is there beside value: give one of the two")
        return envvalue.from_vault(given).value
    name = _members(declared)[1]
    secret: Sensitive | None = getattr(body, name)
    if secret is None:
        raise InvalidValue(name, "is required")
    return secret


def _login(declared: DeclaredSlot, body: Value, secret: Sensitive) -> RegistryCredential | GitCredential:
    if declared.username and body.username not in (None, declared.username):
        raise InvalidValue("username", _NOT_ITS_OWN)
    try:
        login = declared.value(secret, body.username)
    except ValueError:
        raise conflict("the object's own address is not usable") from None
    if isinstance(login, RegistryCredential):
        if not _same(login.server_address, body.server_address, canonical_server):
            raise InvalidValue("server_address", _NOT_ITS_OWN)
    elif not _same(login.url, body.url, canonical_git_url):
        raise InvalidValue("url", _NOT_ITS_OWN)
    return login


def _same(own: str, given: str | None, canonical: Callable[[str], str]) -> bool:
    """Whether nothing else is given."""
    try:
        return given is None or canonical(given) == own
    except ValueError:
        return False
