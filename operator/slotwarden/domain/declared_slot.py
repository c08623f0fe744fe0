"""What a SecretSlot declares: a git or a registry login."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slotwarden.domain.address import canonical_git_url, canonical_server
from slotwarden.domain.credentials import GitCredential, RegistryCredential
from slotwarden.domain.declared import Declared, Source
from slotwarden.domain.entries import SlotRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.domain.parts import PAIR, entry_part
from slotwarden.domain.targets import Contributor, Form
from slotwarden.resources import secretslot
from slotwarden.resources.secretslot import Projection, SecretSlot

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.domain.declared import Value
    from slotwarden.resources.slotstatus import SlotType
    from slotwarden.sensitive import Sensitive


@dataclass(frozen=True, slots=True)
class DeclaredSlot(Declared[SecretSlot]):
    """See `Declared`: a git or a registry login."""

    @property
    def entry(self) -> SlotRef:
        """See `Declared`."""
        return SlotRef(self.metadata.namespace, self.manifest.spec.slot_name or self.metadata.name)

    @property
    def inline(self) -> Sensitive | None:
        """See `Declared`."""
        spec = self.manifest.spec
        return spec.registry.password if spec.registry else spec.git.token if spec.git else None

    @property
    def inline_path(self) -> tuple[str, ...]:
        """See `Declared`."""
        return ("registry", "password") if self.manifest.spec.registry else ("git", "token")

    @property
    def source(self) -> Source | None:
        """See `Declared`."""
        spec = self.manifest.spec
        if spec.registry is not None and spec.registry.password_from is not None:
            ref = spec.registry.password_from.secret_key_ref
            return Source(ref.name, ref.key, "spec.registry.passwordFrom")
        if spec.git is not None and spec.git.token_from is not None:
            ref = spec.git.token_from.secret_key_ref
            return Source(ref.name, ref.key, "spec.git.tokenFrom")
        return None

    @property
    def type(self) -> SlotType:
        """See `Declared`."""
        return "registry" if self.manifest.spec.registry else "git"

    @property
    def username(self) -> str | None:
        """The user name that the spec declares."""
        spec = self.manifest.spec
        return (spec.registry.username if spec.registry else spec.git.username if spec.git else None) or None

    def _texts(self) -> tuple[tuple[str | None, Callable[[str], object], str], ...]:
        spec = self.manifest.spec
        return (
            (spec.registry.server_address if spec.registry else None, canonical_server, "spec.registry.serverAddress"),
            (spec.git.url if spec.git else None, canonical_git_url, "spec.git.url"),
        )

    def contribution(self) -> tuple[str, Contributor]:
        """See `Declared`."""
        spec = self.manifest.spec
        projection = spec.projections[0] if spec.projections else Projection()
        default = Form.DOCKERCONFIGJSON if spec.registry else Form.BASIC_AUTH
        form = Form(projection.type) if projection.type else default
        server = canonical_server(spec.registry.server_address) if spec.registry else ""
        return projection.secret_name or self.metadata.name, Contributor(
            kind=secretslot.KIND,
            namespace=self.metadata.namespace,
            name=self.metadata.name,
            uid=self.metadata.uid,
            created=self.metadata.creation_timestamp,
            component=self.type,
            form=form,
            part=entry_part(server) if form is Form.DOCKERCONFIGJSON else PAIR,
            labels=projection.labels,
            annotations=projection.annotations,
        )

    def value(self, secret: Sensitive, username: str | None = None) -> RegistryCredential | GitCredential:
        """See `Declared`; the spec's user name goes before one that comes with the secret."""
        name, spec = self.username or username or "", self.manifest.spec
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
        spec = self.manifest.spec
        asked = canonical_server(spec.registry.server_address) if spec.registry else self._git_url()
        if isinstance(stored, RegistryCredential):
            meant, fits = f"the registry {stored.server_address}", spec.registry is not None
            same = stored.server_address == asked
        elif isinstance(stored, GitCredential):
            meant, fits, same = _git_at(stored.url), spec.git is not None, stored.url == asked
        else:
            meant, fits, same = "an environment", False, False
        if fits and same:
            return None
        wanted = f"the registry {asked}" if spec.registry else _git_at(asked)
        return (
            f"the stored value was set for {meant}, the object names {wanted}: set the value again, or change it back"
        )

    def _git_url(self) -> str:
        """The URL that it names; empty where it names none."""
        git = self.manifest.spec.git
        return canonical_git_url(git.url) if git and git.url else ""


def _git_at(url: str) -> str:
    return f"git at {url}" if url else "git without a URL"
