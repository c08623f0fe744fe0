"""The two kinds of credential and their form in Vault.

A credential that exists is valid: whatever a consumer would choke on is refused here, once, with the name of the field
and never with its content, so that nothing further on has to ask again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from slotwarden.domain.address import canonical_git_url, canonical_server
from slotwarden.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

# Vault answers 500 to an entry of 770 KiB, and a Secret holds 1 MiB.
MAX_BYTES: Final = 512 * 1024
# What the strings of an entry may take in the JSON that Vault keeps; base64 of MAX_BYTES stays below it.
MAX_JSON: Final = 700 * 1024
# With these user names the password is a key file: it is passed on as it is, final newline and all.
KEY_FILE_USERS: Final = frozenset({"_json_key", "_json_key_base64"})

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Vault's JSON makes up to six bytes of each: it escapes what HTML could take for a tag, too.
_ESCAPED = re.compile('[\x00-\x1f"\\\\<>&\u2028\u2029]')


class InvalidValue(Exception):
    """A value that no consumer could use.

    Attributes:
        field: the field in Vault's naming, such as `server_address`.
        why: what is wrong with it, fit for a condition; never a part of the value.
    """

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} {why}")
        self.field = field
        self.why = why


class NotText(Enum):
    """Stands in an entry read from Vault for a field that holds no string (a number, a list, null)."""

    NOT_TEXT = "not text"


NOT_TEXT: Final = NotText.NOT_TEXT


@dataclass(frozen=True, slots=True)
class GitCredential:
    """A user name and a token for the repositories below `url` (`https://host[:port][/path]`).

    An empty `url` stands for whatever host its consumer clones from: who gave the credential named none.

    Raises:
        InvalidValue: on construction, where a field is unusable.
    """

    username: str
    token: Sensitive
    url: str

    def __post_init__(self) -> None:
        _check_username(self.username)
        _check_secret("token", self.token, self.username, key_file=False)
        if _git(self.url) != self.url:
            raise InvalidValue("url", "is not in its canonical form")


@dataclass(frozen=True, slots=True)
class RegistryCredential:
    """A user name and a password for one registry; `server_address` is the canonical key.

    Raises:
        InvalidValue: on construction, where a field is unusable.
    """

    username: str
    password: Sensitive
    server_address: str

    def __post_init__(self) -> None:
        _check_username(self.username)
        _check_secret("password", self.password, self.username, key_file=self.username in KEY_FILE_USERS)
        if _server(self.server_address) != self.server_address:
            raise InvalidValue("server_address", "is not in its canonical form")


Credential = GitCredential | RegistryCredential


def to_vault(credential: Credential) -> dict[str, Sensitive]:
    """The entry's data: git `{username, token, url?}`, registry `{username, password, server_address}`."""
    if isinstance(credential, GitCredential):
        login = {"username": Sensitive.of_text(credential.username), "token": credential.token}
        return login | ({"url": Sensitive.of_text(credential.url)} if credential.url else {})
    return {
        "username": Sensitive.of_text(credential.username),
        "password": credential.password,
        "server_address": Sensitive.of_text(credential.server_address),
    }


def from_vault(data: Mapping[str, Sensitive | NotText]) -> Credential:
    """The credential that an entry's data holds, whoever wrote it.

    A `token` makes it git, a `password` registry. Keys of neither kind are ignored; addresses are made canonical, an
    empty or missing `server_address` is Docker Hub, and an empty or missing `url` no host in particular.

    Raises:
        InvalidValue: naming the field that is missing, no text, or unusable.
    """
    if "token" in data and "password" in data:
        raise InvalidValue("token", "and password are both set: an entry holds one credential")
    username = _text(data, "username")
    if "token" in data:
        url = _text(data, "url") if "url" in data else ""
        return GitCredential(username, _field(data, "token"), _git(url))
    if "password" not in data:
        raise InvalidValue("password", "(registry) or token (git) is missing")
    server = _text(data, "server_address") if "server_address" in data else ""
    return RegistryCredential(username, _field(data, "password"), _server(server))


def canonical_bytes(credential: Credential) -> Sensitive:
    """One unambiguous serialisation, for MACs and for telling equal content: no two credentials share it."""
    kind = b"git" if isinstance(credential, GitCredential) else b"registry"
    parts = [kind]
    for name, value in sorted(to_vault(credential).items()):
        parts += [name.encode(), value.reveal()]
    return Sensitive(b"".join(len(part).to_bytes(8, "big") + part for part in parts))


def json_length(text: str) -> int:
    """The bytes that a text takes in Vault's JSON; at least as many as it does."""
    return len(text.encode()) + 5 * len(_ESCAPED.findall(text))


def _field(data: Mapping[str, Sensitive | NotText], name: str) -> Sensitive:
    value = data.get(name)
    if value is None:
        raise InvalidValue(name, "is missing")
    if isinstance(value, NotText):
        raise InvalidValue(name, "is not a string")
    return value


def _text(data: Mapping[str, Sensitive | NotText], name: str) -> str:
    try:
        return _field(data, name).reveal_text()
    except ValueError:
        raise InvalidValue(name, "is not UTF-8 text") from None


def _server(text: str) -> str:
    try:
        return canonical_server(text)
    except ValueError as error:
        raise InvalidValue("server_address", str(error)) from None


def _git(url: str) -> str:
    try:
        return canonical_git_url(url) if url else ""
    except ValueError as error:
        raise InvalidValue("url", str(error)) from None


def _check_username(username: str) -> None:
    """Refuse what breaks `user:password`, which both kinds end up as."""
    if not username:
        raise InvalidValue("username", "is empty")
    if ":" in username:
        raise InvalidValue("username", "holds a colon, which ends it in `user:password`")
    if _CONTROL.search(username):
        raise InvalidValue("username", "holds a newline or another control character")
    _check_length("username", _utf8("username", username))


def _check_secret(field: str, value: Sensitive, username: str, *, key_file: bool) -> None:
    if not value:
        raise InvalidValue(field, "is empty")
    _check_length(field, len(value))
    try:
        text = value.reveal_text()
    except ValueError:
        raise InvalidValue(field, "is not UTF-8 text") from None
    if "\0" in text:
        raise InvalidValue(field, "holds a NUL character")
    if text.endswith("\n") and not key_file:
        # Some consumers trim and some do not, so trimming here would only hide which of them would have failed.
        raise InvalidValue(field, "ends with a newline: write it without one (`printf %s`, not `echo`)")
    if json_length(username + text) > MAX_JSON:
        raise InvalidValue(field, f"is longer than {MAX_JSON // 1024} KiB as JSON, with the user name")


def _utf8(field: str, text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise InvalidValue(field, "is not UTF-8 text") from None


def _check_length(field: str, length: int) -> None:
    if length > MAX_BYTES:
        raise InvalidValue(field, f"is longer than {MAX_BYTES // 1024} KiB")
