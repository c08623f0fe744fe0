"""The credentials of the slots' API as both of its forms have them: what they make, and the one answer that tells one.

Fields go by the names of the proto; a form that spells them otherwise says how.
"""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from slotwarden.domain.address import DOCKER_HUB, canonical_server
from slotwarden.domain.credentials import GitCredential, InvalidValue, RegistryCredential
from slotwarden.domain.entries import SlotRef
from slotwarden.domain.names import is_slot_name
from slotwarden.gateway.refusals import Cause, Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from slotwarden.domain.credentials import Credential
    from slotwarden.sensitive import Sensitive

    Spell = Callable[[str], str]

USER_NAME: Final = 1024
"""Characters of a user name: a SecretSlot declares none that is longer."""
GIT: Final = "git_secret"
REGISTRY: Final = "registry_secret"
TYPES: Final = {"git": GIT, "registry": REGISTRY}
"""How a slot's type is called here."""


def slot(organization: str, name: str) -> SlotRef:
    """The slot of that name. Raises Refusal, 400."""
    if not is_slot_name(name):
        raise wrong("name", "is not 1 to 64 letters, digits, '-' and '_'")
    return SlotRef(organization, name)


def wrong(field: str, why: str) -> Refusal:
    """A field that is not acceptable."""
    return invalid(Cause(field, why), code=HTTPStatus.BAD_REQUEST)


def git(username: str, token: Sensitive, spell: Spell) -> Credential:
    """A credential for whatever host its consumer clones from. Raises Refusal, 400."""
    with _named(GIT, spell):
        _check(username)
        return GitCredential(username, token, "")


def registry(username: str, password: Sensitive, server_address: str, spell: Spell) -> Credential:
    """A credential for one registry; an empty address is Docker Hub's. Raises Refusal, 400."""
    with _named(REGISTRY, spell):
        _check(username)
        try:
            server = canonical_server(server_address)
        except ValueError as error:
            raise InvalidValue("server_address", str(error)) from None
        return RegistryCredential(username, password, server)


def told(credential: Credential) -> tuple[str, dict[str, str]]:
    """Which member of the oneof a credential is, and its fields in cleartext: for one who may read it."""
    if isinstance(credential, GitCredential):
        return GIT, {"username": credential.username, "token": credential.token.reveal_text()}
    server = credential.server_address
    return REGISTRY, {
        "username": credential.username,
        "password": credential.password.reveal_text(),
        # As whoever means Docker Hub writes it here.
        "server_address": "" if server == DOCKER_HUB else server,
    }


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp() * 1000)


def _check(username: str) -> None:
    if len(username) > USER_NAME:
        raise InvalidValue("username", f"is longer than {USER_NAME} characters")


@contextmanager
def _named(member: str, spell: Spell) -> Iterator[None]:
    try:
        yield
    except InvalidValue as error:
        raise wrong(".".join(map(spell, ("value", member, error.field))), error.why) from None
