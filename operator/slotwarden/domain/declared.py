"""What an object declares, whichever of the two kinds it is of: where its value comes from, lies, and may go.

Asked by the operator and by the gateway, so that every door makes the same value of the same input.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from slotwarden.domain import credentials, envvalue
from slotwarden.domain.address import canonical_git_url, canonical_server
from slotwarden.domain.credentials import GitCredential, InvalidValue, NotText, RegistryCredential
from slotwarden.domain.entries import EntryRef, EnvRef, SlotRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.domain.names import slot_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slotwarden.resources.base import ObjectMeta
    from slotwarden.resources.envsecret import EnvSecret
    from slotwarden.resources.secretslot import SecretSlot
    from slotwarden.resources.slotstatus import Status
    from slotwarden.sensitive import Sensitive

Value = RegistryCredential | GitCredential | EnvValue


@dataclass(frozen=True, slots=True)
class Source:
    """A key of a Secret in the object's namespace, and the field that names it."""

    secret: str
    key: str
    field: str


class Declared(Protocol):
    """One object, as those see it who do not care for its kind."""

    @property
    def metadata(self) -> ObjectMeta:
        """The object's metadata."""

    @property
    def status(self) -> Status:
        """The object's status."""

    @property
    def entry(self) -> EntryRef:
        """Where its value is in Vault."""

    @property
    def inline(self) -> Sensitive | None:
        """The value in the spec, before it is scrubbed."""

    @property
    def source(self) -> Source | None:
        """Where it takes its value from; nothing else may set it then."""

    def value(self, secret: Sensitive, username: str | None = None) -> Value:
        """What a secret from a door makes with the spec around it.

        Raises:
            InvalidValue: naming the field.
        """

    def effective(self, stored: Value) -> Value:
        """What is projected of a stored value."""

    def mismatch(self, stored: Value) -> str | None:
        """What forbids to send a stored value to where the spec points."""


@dataclass(frozen=True, slots=True)
class DeclaredSlot:
    """See `Declared`: a git or a registry login."""

    slot: SecretSlot

    @property
    def metadata(self) -> ObjectMeta:
        """See `Declared`; so for all members."""
        return self.slot.metadata

    @property
    def status(self) -> Status:
        """See `Declared`."""
        return self.slot.status

    @property
    def entry(self) -> SlotRef:
        """See `Declared`."""
        name = self.slot.spec.slot_name or slot_name(self.metadata.name)
        return SlotRef(self.metadata.namespace, name)

    @property
    def inline(self) -> Sensitive | None:
        """See `Declared`."""
        spec = self.slot.spec
        return spec.registry.password if spec.registry else spec.git.token if spec.git else None

    @property
    def source(self) -> Source | None:
        """See `Declared`."""
        spec = self.slot.spec
        if spec.registry is not None and spec.registry.password_from is not None:
            ref = spec.registry.password_from.secret_key_ref
            return Source(ref.name, ref.key, "spec.registry.passwordFrom")
        if spec.git is not None and spec.git.token_from is not None:
            ref = spec.git.token_from.secret_key_ref
            return Source(ref.name, ref.key, "spec.git.tokenFrom")
        return None

    @property
    def username(self) -> str | None:
        """The user name that the spec declares."""
        spec = self.slot.spec
        return (spec.registry.username if spec.registry else spec.git.username if spec.git else None) or None

    def value(self, secret: Sensitive, username: str | None = None) -> RegistryCredential | GitCredential:
        """See `Declared`; the spec's user name goes before one that comes with the secret."""
        name, spec = self.username or username or "", self.slot.spec
        if spec.registry:
            return RegistryCredential(name, secret, canonical_server(spec.registry.server_address))
        return GitCredential(name, secret, self._git_url())

    def effective(self, stored: Value) -> Value:
        """See `Declared`: the stored credential, under the user name that the spec declares."""
        if isinstance(stored, EnvValue) or not self.username:
            return stored
        return replace(stored, username=self.username)

    def mismatch(self, stored: Value) -> str | None:
        """See `Declared`: changing an address would otherwise send a password to another host."""
        spec = self.slot.spec
        asked = canonical_server(spec.registry.server_address) if spec.registry else self._git_url()
        if isinstance(stored, RegistryCredential):
            meant, fits = f"the registry {stored.server_address}", spec.registry is not None
            same = stored.server_address == asked
        elif isinstance(stored, GitCredential):
            meant, fits, same = f"git at {stored.url}", spec.git is not None, stored.url == asked
        else:
            meant, fits, same = "an environment", False, False
        if fits and same:
            return None
        wanted = f"the registry {asked}" if spec.registry else f"git at {asked}"
        return (
            f"the stored value was set for {meant}, the object names {wanted}: set the value again, or change it back"
        )

    def _git_url(self) -> str:
        return canonical_git_url(self.slot.spec.git.url) if self.slot.spec.git else ""


@dataclass(frozen=True, slots=True)
class DeclaredEnv:
    """See `Declared`: one key of a project's environment."""

    env: EnvSecret

    @property
    def metadata(self) -> ObjectMeta:
        """See `Declared`; so for all members."""
        return self.env.metadata

    @property
    def status(self) -> Status:
        """See `Declared`."""
        return self.env.status

    @property
    def entry(self) -> EnvRef:
        """See `Declared`: what the object is known by, beside its name."""
        spec = self.env.spec
        return EnvRef(self.metadata.namespace, spec.project, spec.environment, spec.key)

    @property
    def inline(self) -> Sensitive | None:
        """See `Declared`."""
        return self.env.spec.value

    @property
    def source(self) -> Source | None:
        """See `Declared`."""
        source = self.env.spec.value_from
        return Source(source.secret_key_ref.name, source.secret_key_ref.key, "spec.valueFrom") if source else None

    def value(self, secret: Sensitive, username: str | None = None) -> EnvValue:
        """See `Declared`; there is no user name."""
        if username is not None:
            raise InvalidValue("username", "has no place in a value of an environment")
        return EnvValue(secret)

    def effective(self, stored: Value) -> Value:
        """See `Declared`."""
        return stored

    def mismatch(self, stored: Value) -> str | None:
        """See `Declared`: it goes nowhere but into the Secret."""
        return None if isinstance(stored, EnvValue) else "the stored value is a login: set the value again"


def to_vault(value: Value) -> dict[str, Sensitive]:
    """The form that a value has in Vault."""
    return envvalue.to_vault(value) if isinstance(value, EnvValue) else credentials.to_vault(value)


def from_vault(ref: EntryRef, data: Mapping[str, Sensitive | NotText]) -> Value:
    """The value that an entry of that name holds.

    Raises:
        InvalidValue: naming the field.
    """
    return envvalue.from_vault(data) if isinstance(ref, EnvRef) else credentials.from_vault(data)
