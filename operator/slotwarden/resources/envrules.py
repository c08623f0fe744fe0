"""The CEL rules of EnvSecret, by the manner of `rules`: no message shows what stands in a field.

Project, environment and key are segments of the value's path in Vault and part of the object's identity, so they stay
as they are once they are given. No rule reads `value` beyond asking whether it is there.
"""

from __future__ import annotations

from typing import Final

from slotwarden.resources import rules
from slotwarden.resources.rules import Rule, rule

_SEGMENT: Final = "^[A-Za-z0-9]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$"


def _segment(field: str, example: str) -> Rule:
    """Mirrors domain/names.py `is_env_segment`."""
    return rule(
        f"self.{field}.matches('{_SEGMENT}')",
        f"{field} is 1 to 64 letters, digits, '-' and '_', begins and ends with a letter or digit: write \"{example}\"",
        field_path=f".{field}",
    )


def _stays(field: str) -> Rule:
    return rule(
        f"self.{field} == oldSelf.{field}",
        f"{field} cannot be changed, the value is kept under it: make another object, and delete this one",
        field_path=f".{field}",
    )


SPEC: Final = rules.validations(
    _segment("project", "shop"),
    _segment("environment", "production"),
    # Together they are domain/names.py `is_env_key`; apart, so that the message tells which of the two is meant.
    rule(
        "self.key.matches('^[A-Za-z_][^=]*$')",
        "key is the name of an environment variable: begins with a letter or '_' and has no '=': "
        'write "DATABASE_URL"',
        field_path=".key",
    ),
    rules.data_key("key", example="DATABASE_URL"),
    _stays("project"),
    _stays("environment"),
    _stays("key"),
    rule(
        "!has(oldSelf.encrypted) || !oldSelf.encrypted || (has(self.encrypted) && self.encrypted)",
        "encrypted cannot be taken back, the next value would lie open: make another object, and delete this one",
        field_path=".encrypted",
    ),
    rules.one_source("value", "an EnvSecret"),
    rules.REFRESH_INTERVAL,
)

PROJECTION: Final = rules.validations(
    rules.secret_name("secretName", example="shop-production-env", optional=True), *rules.METADATA
)
