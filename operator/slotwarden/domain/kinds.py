"""The kinds of object that declare a slot: what the parts that do not care for the kind have to know of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from slotwarden.domain.declared_env import DeclaredEnv
from slotwarden.domain.declared_slot import DeclaredSlot
from slotwarden.resources import envsecret, secretslot
from slotwarden.resources.envsecret import EnvSecret
from slotwarden.resources.secretslot import SecretSlot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slotwarden.domain.declared import Declared


@dataclass(frozen=True, slots=True)
class Kind:
    """One of them.

    Attributes:
        word: in keys, logs and metrics.
        name: as objects give it.
        resource: as paths give it.
        read: an object as the API server gives it; raises pydantic.ValidationError, without any input.
    """

    word: str
    name: str
    resource: str
    read: Callable[[Mapping[str, Any]], Declared[Any]]


SLOT: Final = Kind("slot", secretslot.KIND, secretslot.PLURAL, lambda raw: DeclaredSlot(SecretSlot.from_object(raw)))
ENV: Final = Kind("env", envsecret.KIND, envsecret.PLURAL, lambda raw: DeclaredEnv(EnvSecret.from_object(raw)))
KINDS: Final = (SLOT, ENV)
