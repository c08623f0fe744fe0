"""Where values live in Vault. Vault lets `a/../../b` climb, so nothing but allowed segments ever becomes a path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from slotwarden.domain.entries import EntryRef, EnvRef, SlotRef
from slotwarden.domain.names import is_dns_label, is_env_key, is_env_segment, is_slot_name

SLOTS: Final = "slots"
ENV: Final = "env"
SYSTEM: Final = "_system"  # no namespace can begin with an underscore
MAC_KEY: Final = "mac-key"


class UnsafePath(Exception):
    """A name that would not be one plain segment of a path."""


@dataclass(frozen=True, slots=True)
class EntryPaths:
    """All paths below one prefix, which may have several segments, relative to the mount.

    Methods that make a path raise `UnsafePath`, naming the part that is not allowed.

    Raises:
        UnsafePath: on construction, for a prefix that is not made of allowed segments.
    """

    prefix: str

    def __post_init__(self) -> None:
        if not all(map(is_slot_name, self.prefix.split("/"))):
            raise UnsafePath("the prefix is not made of segments of letters, digits, - and _")

    def of(self, ref: EntryRef) -> str:
        """`<prefix>/<organization>/slots/<slot>` or `<prefix>/<organization>/env/<project>/<environment>/<key>`."""
        if isinstance(ref, EnvRef):
            if not is_env_key(ref.key):
                raise UnsafePath("the key is not the name of an environment variable")
            return f"{self.env(ref.organization, ref.project, ref.environment)}/{ref.key}"
        if not is_slot_name(ref.slot):
            raise UnsafePath("the slot's name is not a segment of letters, digits, - and _")
        return f"{self.slots(ref.organization)}/{ref.slot}"

    def organizations(self) -> str:
        """The folder of organizations."""
        return self.prefix

    def slots(self, organization: str) -> str:
        """The folder of an organization's slots."""
        return f"{self._organization(organization)}/{SLOTS}"

    def env(self, organization: str, *folders: str) -> str:
        """The folder of an organization's projects, of a project's environments, or of an environment's keys."""
        if not all(map(is_env_segment, folders)):
            raise UnsafePath("the project or the environment is not a segment of letters, digits, - and _")
        return "/".join((self._organization(organization), ENV, *folders))

    def transit_key(self, ref: EnvRef) -> str:
        """The name of the Transit key of an environment: `<prefix>.<organization>.<project>.<environment>`.

        No part of the path holds a dot, so that no two environments of a prefix have one name.
        """
        self.env(ref.organization, ref.project, ref.environment)
        return ".".join((self.prefix.replace("/", "."), ref.organization, ref.project, ref.environment))

    def mac_key(self) -> str:
        """The entry of the key that MACs are made with."""
        return f"{self.prefix}/{SYSTEM}/{MAC_KEY}"

    def _organization(self, organization: str) -> str:
        if not is_dns_label(organization):
            raise UnsafePath("the organization is not a namespace's name")
        return f"{self.prefix}/{organization}"


def parse_organization(listed: str) -> str | None:
    """The organization that a name in the folder of organizations stands for; None for anything else."""
    name = listed.removesuffix("/")
    return name if name != listed and is_dns_label(name) else None


def parse_slot(organization: str, listed: str) -> SlotRef | None:
    """The entry that a name in an organization's folder of slots stands for; None for folders and foreign names."""
    return SlotRef(organization, listed) if is_slot_name(listed) else None


def parse_env_folder(listed: str) -> str | None:
    """The project or environment that a listed name stands for; None for entries and foreign names."""
    name = listed.removesuffix("/")
    return name if name != listed and is_env_segment(name) else None


def parse_env_key(organization: str, project: str, environment: str, listed: str) -> EnvRef | None:
    """The entry that a name in an environment's folder stands for; None for folders and foreign names."""
    return EnvRef(organization, project, environment, listed) if is_env_key(listed) else None
