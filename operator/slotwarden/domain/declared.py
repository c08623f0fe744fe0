"""What an object declares, whichever of the two kinds it is of: where its value comes from, lies, and may go.

Asked by the operator and by the gateway, so that every door makes the same value of the same input.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from slotwarden.domain import credentials, envvalue
from slotwarden.domain.credentials import GitCredential, RegistryCredential
from slotwarden.domain.entries import EntryRef, EnvRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.resources.duration import parse_duration
from slotwarden.resources.envsecret import EnvSecret
from slotwarden.resources.secretslot import SecretSlot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slotwarden.domain.credentials import NotText
    from slotwarden.domain.targets import Contributor
    from slotwarden.resources.base import ObjectMeta
    from slotwarden.resources.secretslot import DeletionPolicy
    from slotwarden.resources.slotstatus import SlotType, Status
    from slotwarden.sensitive import Sensitive

Value = RegistryCredential | GitCredential | EnvValue
T = TypeVar("T", SecretSlot, EnvSecret)

ADOPT_VALUE_ANNOTATION: Final = "slotwarden.io/adopt-value"
CREATED_ANNOTATION: Final = "slotwarden.io/created-at"


@dataclass(frozen=True, slots=True)
class Source:
    """A key of a Secret in the object's namespace, and the field that names it."""

    secret: str
    key: str
    field: str


@dataclass(frozen=True, slots=True)
class Declared(ABC, Generic[T]):
    """One object, as those see it who do not care for its kind."""

    manifest: T

    @property
    def metadata(self) -> ObjectMeta:
        """The object's metadata."""
        return self.manifest.metadata

    @property
    def status(self) -> Status:
        """The object's status."""
        return self.manifest.status

    @property
    def adopts_value(self) -> bool:
        """Whether the object says that it takes over an entry of another's."""
        return self.metadata.annotations.get(ADOPT_VALUE_ANNOTATION) == "true"

    @property
    def refresh_interval(self) -> str | None:
        """How often Vault is to be looked at."""
        return self.manifest.spec.refresh_interval

    @property
    def deletion_policy(self) -> DeletionPolicy:
        """What becomes of the value in Vault when the object goes."""
        return self.manifest.spec.deletion_policy or "Delete"

    @property
    @abstractmethod
    def entry(self) -> EntryRef:
        """Where its value is in Vault."""

    @property
    @abstractmethod
    def inline(self) -> Sensitive | None:
        """The value in the spec, before it is scrubbed."""

    @property
    @abstractmethod
    def inline_path(self) -> tuple[str, ...]:
        """Where in the spec that value stands."""

    @property
    @abstractmethod
    def source(self) -> Source | None:
        """Where it takes its value from; nothing else may set it then."""

    @property
    @abstractmethod
    def type(self) -> SlotType | None:
        """The kind of credential, where it is one."""

    def unusable(self) -> str:
        """The field that cannot be worked with although the API server holds it; empty where all can."""
        places = ((self.refresh_interval, parse_duration, "spec.refreshInterval"), *self._texts())
        return next((place for text, read, place in places if text and not _can(read, text)), "")

    @abstractmethod
    def _texts(self) -> tuple[tuple[str | None, Callable[[str], object], str], ...]:
        """Texts of the spec, what reads them, and their fields."""

    @abstractmethod
    def contribution(self) -> tuple[str, Contributor]:
        """The Secret that it asks for, by name, and what it contributes to it."""

    @abstractmethod
    def value(self, secret: Sensitive, username: str | None = None) -> Value:
        """What a secret from a door makes with the spec around it.

        Raises:
            InvalidValue: naming the field.
        """

    @abstractmethod
    def effective(self, stored: Value) -> Value:
        """What is projected of a stored value."""

    def kept(self, stored: Value) -> Value:
        """A stored value, as Vault is to hold it."""
        return stored

    @abstractmethod
    def mismatch(self, stored: Value) -> str | None:
        """What forbids to send a stored value to where the spec points."""


def _can(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def to_vault(value: Value) -> dict[str, Sensitive]:
    """The form that a value has in Vault where it is not encrypted."""
    return envvalue.to_vault(value) if isinstance(value, EnvValue) else credentials.to_vault(value)


def from_vault(ref: EntryRef, data: Mapping[str, Sensitive | NotText], *, sealed: bool = False) -> Value:
    """The value that an entry of that name holds; `sealed` tells that it was decrypted before.

    Raises:
        InvalidValue: naming the field.
    """
    return envvalue.from_vault(data, sealed=sealed) if isinstance(ref, EnvRef) else credentials.from_vault(data)
