"""What an EnvSecret declares: one key of a project's environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slotwarden.domain.credentials import InvalidValue
from slotwarden.domain.declared import Declared, Source
from slotwarden.domain.entries import EnvRef
from slotwarden.domain.envvalue import EnvValue
from slotwarden.domain.names import environment_secret
from slotwarden.domain.parts import env_part
from slotwarden.domain.targets import Contributor, Form
from slotwarden.resources import envsecret
from slotwarden.resources.envsecret import EnvProjection, EnvSecret

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.domain.declared import Value
    from slotwarden.sensitive import Sensitive


@dataclass(frozen=True, slots=True)
class DeclaredEnv(Declared[EnvSecret]):
    """See `Declared`: one key of a project's environment."""

    @property
    def entry(self) -> EnvRef:
        """See `Declared`: what the object is known by, beside its name."""
        spec = self.manifest.spec
        return EnvRef(self.metadata.namespace, spec.project, spec.environment, spec.key)

    @property
    def inline(self) -> Sensitive | None:
        """See `Declared`."""
        return self.manifest.spec.value

    @property
    def inline_path(self) -> tuple[str, ...]:
        """See `Declared`."""
        return ("value",)

    @property
    def source(self) -> Source | None:
        """See `Declared`."""
        source = self.manifest.spec.value_from
        return Source(source.secret_key_ref.name, source.secret_key_ref.key, "spec.valueFrom") if source else None

    @property
    def type(self) -> None:
        """See `Declared`: none."""
        return None

    @property
    def encrypted(self) -> bool:
        """Whether Vault is to hold the value encrypted."""
        return bool(self.manifest.spec.encrypted)

    def _texts(self) -> tuple[tuple[str | None, Callable[[str], object], str], ...]:
        return ()

    def contribution(self) -> tuple[str, Contributor]:
        """See `Declared`."""
        spec, projection = self.manifest.spec, self.manifest.spec.projection or EnvProjection()
        default = environment_secret(spec.project, spec.environment)
        name = projection.secret_name or default
        return name, Contributor(
            kind=envsecret.KIND,
            namespace=self.metadata.namespace,
            name=self.metadata.name,
            uid=self.metadata.uid,
            created=self.metadata.creation_timestamp,
            component="environment",
            form=Form.ENVIRONMENT,
            part=env_part(spec.key),
            environment=f"{spec.project}/{spec.environment}" if name == default else "",
            labels=projection.labels,
            annotations=projection.annotations,
        )

    def value(self, secret: Sensitive, username: str | None = None) -> EnvValue:
        """See `Declared`; there is no user name."""
        if username is not None:
            raise InvalidValue("username", "has no place in a value of an environment")
        return EnvValue(secret, self.encrypted)

    def effective(self, stored: Value) -> Value:
        """See `Declared`."""
        return stored

    def kept(self, stored: Value) -> Value:
        """See `Declared`: encrypted where the spec says so; what is encrypted already is never laid open."""
        return EnvValue(stored.value, sealed=True) if isinstance(stored, EnvValue) and self.encrypted else stored

    def mismatch(self, stored: Value) -> str | None:
        """See `Declared`: it goes nowhere but into the Secret."""
        return None if isinstance(stored, EnvValue) else "the stored value is a login: set the value again"
