"""Where values live in Vault. Vault lets `a/../../b` climb, so nothing but allowed segments ever becomes a path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from slotwarden.domain.names import is_dns_label, is_slot_name

SLOTS: Final = "slots"
SYSTEM: Final = "_system"  # no namespace can begin with an underscore
MAC_KEY: Final = "mac-key"


class UnsafePath(Exception):
    """A name that would not be one plain segment of a path."""


@dataclass(frozen=True, slots=True)
class EntryRef:
    """A slot's value: the organization (a namespace) and the slot's name. Plain data until a path is asked for."""

    organization: str
    slot: str

    def path(self, prefix: str) -> str:
        """`<prefix>/<organization>/slots/<slot>`, relative to the mount.

        Raises:
            UnsafePath: naming the part that is not allowed.
        """
        if not is_slot_name(self.slot):
            raise UnsafePath("the slot's name is not a segment of letters, digits, - and _")
        return f"{SlotPaths(prefix).slots(self.organization)}/{self.slot}"


@dataclass(frozen=True, slots=True)
class SlotPaths:
    """All paths below one prefix, which may have several segments.

    Raises:
        UnsafePath: on construction, for a prefix that is not made of allowed segments.
    """

    prefix: str

    def __post_init__(self) -> None:
        if not all(map(is_slot_name, self.prefix.split("/"))):
            raise UnsafePath("the prefix is not made of segments of letters, digits, - and _")

    def organizations(self) -> str:
        """The folder of organizations."""
        return self.prefix

    def slots(self, organization: str) -> str:
        """The folder of an organization's slots.

        Raises:
            UnsafePath: if it can be no namespace.
        """
        if not is_dns_label(organization):
            raise UnsafePath("the organization is not a namespace's name")
        return f"{self.prefix}/{organization}/{SLOTS}"

    def mac_key(self) -> str:
        """The entry of the key that MACs are made with."""
        return f"{self.prefix}/{SYSTEM}/{MAC_KEY}"

    def parse_organization(self, listed: str) -> str | None:
        """The organization that a name in `organizations()` stands for; None for anything else."""
        name = listed.removesuffix("/")
        return name if name != listed and is_dns_label(name) else None

    def parse_slot(self, organization: str, listed: str) -> EntryRef | None:
        """The entry that a name in `slots(organization)` stands for; None for folders and foreign names."""
        return EntryRef(organization, listed) if is_slot_name(listed) else None

    def parse(self, path: str) -> EntryRef | None:
        """The entry at a full path; None where it is not a slot's."""
        head, slash, slot = path.rpartition("/")
        parent, _, _ = head.rpartition("/")
        organization = parent.rpartition("/")[2]
        ref = EntryRef(organization, slot)
        try:
            return ref if slash and ref.path(self.prefix) == path else None
        except UnsafePath:
            return None
