"""The CEL rules of SecretSlot, and those that EnvSecret shares: what the API server refuses, and what it says then.

Rules stand at objects and name their field by `fieldPath`: at a scalar the API server would print the refused text, and
a URL or an address is where a password ends up by mistake. No rule reads `password` or `token` beyond asking whether it
is there. Each message says what to write instead.
"""

from __future__ import annotations

import string
from typing import Any, Final

from slotwarden.resources import duration

Rule = dict[str, str]

HOST_LABEL: Final = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
HOST: Final = rf"({HOST_LABEL}([.]{HOST_LABEL})*|\\[[0-9a-f]{{0,4}}(:[0-9a-f]{{0,4}}){{2,7}}\\])"
PORT: Final = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
DNS_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_SUBDOMAIN_PATTERN: Final = f"^{DNS_LABEL}([.]{DNS_LABEL})*$"
DATA_KEY_PATTERN: Final = "^[-._a-zA-Z0-9]+$"
SLOT_NAME_PATTERN: Final = "^[A-Za-z0-9_-]{1,64}$"

_LABEL_NAME: Final = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"


def rule(
    expression: str, message: str, *, field_path: str | None = None, message_expression: str | None = None
) -> Rule:
    """One entry of `x-kubernetes-validations`."""
    made = {"rule": expression, "message": message}
    if field_path is not None:
        made["fieldPath"] = field_path
    if message_expression is not None:
        made["messageExpression"] = message_expression
    return made


def secret_name(field: str, *, example: str, optional: bool = False) -> Rule:
    """What the name of a Secret in a field has to be."""
    absent = f"!has(self.{field}) || " if optional else ""
    return rule(
        f"{absent}self.{field}.matches('{DNS_SUBDOMAIN_PATTERN}')",
        f"{field} is the name of a Secret: a-z, 0-9, '-' and '.', begins and ends with a letter or digit: "
        f'write "{example}"',
        field_path=f".{field}",
    )


def data_key(field: str, *, example: str) -> Rule:
    """What a key of a Secret's data in a required field has to be."""
    return rule(
        f"self.{field}.matches('{DATA_KEY_PATTERN}')",
        f"{field} is a key of a Secret's data: letters, digits, '-', '_' and '.': write \"{example}\"",
        field_path=f".{field}",
    )


def one_source(value: str, owner: str) -> Rule:
    """A value comes from the field or from the one beside it, `…From`."""
    source = f"{value}From"
    return rule(
        f"!(has(self.{value}) && has(self.{source}))",
        f"give at most one of {value} and {source}: {owner} takes its value from one place",
    )


def validations(*rules: Rule) -> dict[str, Any]:
    """The rules as an addition to a model's schema."""
    return {"x-kubernetes-validations": list(rules)}


_IS_LABEL: Final = f"matches('^{DNS_LABEL}$')"
_SLOT: Final = "self.spec.slotName"
# One replacement per character: CEL cannot bound the length of what `join` makes, so the API server refuses that.
# First what stays, so that the mask's own letters are not met again.
_MASK: Final = "".join(
    [f".replace('{char}', 'l')" for char in f"{string.ascii_lowercase}{string.digits}-" if char != "l"]
    + [f".replace('{char}', 'u')" for char in string.ascii_uppercase]
    + [".replace('_', 's')"]
)
# Mirrors domain/names.py: `A_b` is `xa-bx.usl`.
_ENCODED: Final = (
    f"{_SLOT}.size() <= 63 && {_SLOT}.{_IS_LABEL} ? {_SLOT} : "
    f"'x' + {_SLOT}.lowerAscii().replace('_', '-') + 'x.' + {_SLOT}{_MASK}"
)

SECRET_SLOT: Final = validations(
    rule(
        f"has({_SLOT}) || self.metadata.name.size() <= 63 && self.metadata.name.{_IS_LABEL}",
        "without spec.slotName the object's name is the slot's name: at most 63 of a-z, 0-9 and '-', no dot; "
        "for any other slot name set spec.slotName",
        field_path=".metadata.name",
    ),
    rule(
        f"!has({_SLOT}) || !{_SLOT}.matches('{SLOT_NAME_PATTERN}') || self.metadata.name == ({_ENCODED})",
        "metadata.name must be the encoded form of spec.slotName",
        field_path=".metadata.name",
        message_expression=f"'for this spec.slotName metadata.name must be \"' + ({_ENCODED}) + '\"'",
    ),
)

# As rules and not as patterns, which would print what stands there: a value in the place of a name is an easy mistake.
SECRET_KEY_REF: Final = validations(
    secret_name("name", example="ghcr-source"),
    data_key("key", example="password"),
)

REFRESH_INTERVAL: Final = rule(
    "!has(self.refreshInterval) || self.refreshInterval != ''"
    f" && self.refreshInterval.matches('{duration.PATTERN}')"
    " && duration(self.refreshInterval) >= duration('1s')"
    " && duration(self.refreshInterval) <= duration('8760h')",
    duration.HINT,
    field_path=".refreshInterval",
)

SPEC: Final = validations(
    rule(
        "has(self.git) || has(self.registry)",
        "give one of git and registry: what kind of credential the slot holds",
    ),
    rule("!(has(self.git) && has(self.registry))", "give one of git and registry, not both"),
    rule(
        "!has(self.git) || !has(self.projections) || self.projections.all(p, !has(p.type) || p.type == 'basic-auth')",
        "a git credential is projected as basic-auth; dockerconfigjson is for registry",
        field_path=".projections",
    ),
    REFRESH_INTERVAL,
)


def _value_rules(value: str) -> tuple[Rule, ...]:
    source = f"{value}From"
    given = f"(has(self.{value}) || has(self.{source}))"
    return (
        one_source(value, "a slot"),
        rule(
            f"!{given} || has(self.username)",
            f"username is required with {value} or {source}: "
            f"the {value} alone is no credential, and only a value set elsewhere brings its own username",
        ),
        rule(
            "!has(self.username) || self.username != '' && !self.username.matches('[:\\\\x00-\\\\x1f\\\\x7f]')",
            "username must not be empty and must not hold a colon or a control character: "
            "basic authentication separates it from the password with a colon",
            field_path=".username",
        ),
    )


_ADDRESS: Final = "self.serverAddress"
# Empty is Docker Hub, and so is its key in a dockerconfigjson, which people copy from there: the one URL that is taken.
_NO_ADDRESS: Final = f"!has({_ADDRESS}) || {_ADDRESS} in ['', 'https://index.docker.io/v1/']"
# Mirrors domain/address.py `is_server_address`.
_HUB: Final = "['index.docker.io', 'registry-1.docker.io', 'docker.io']"


def _suggestion(why: str, host: str) -> str:
    """A message that names the host found in the address, but only where it is plainly nothing else than a host."""
    plain = f"!{_ADDRESS}.contains('@') && {host}.matches('^{HOST}(:{PORT})?$')"
    written = f"({host} in {_HUB} ? 'docker.io' : {host})"
    return f"'{why}: write \"' + ({plain} ? {written} : 'ghcr.io') + '\"'"


_AFTER_SCHEME: Final = f"{_ADDRESS}.lowerAscii().split('://')[1].split('/')[0]"
_BEFORE_PATH: Final = f"{_ADDRESS}.lowerAscii().split('/')[0]"
_SCHEME: Final = "serverAddress is a bare host[:port] without a scheme"
_PATH: Final = "serverAddress is a bare host[:port] without a path"
_UPPER: Final = "serverAddress is written in lower case"
_BARE: Final = f"{_ADDRESS}.contains('/')"

REGISTRY: Final = validations(
    rule(
        f"{_NO_ADDRESS} || !{_ADDRESS}.contains('://')",
        f'{_SCHEME}: write "ghcr.io"',
        field_path=".serverAddress",
        message_expression=_suggestion(_SCHEME, _AFTER_SCHEME),
    ),
    rule(
        f"{_NO_ADDRESS} || {_ADDRESS}.contains('://') || !{_BARE}",
        f'{_PATH}: write "ghcr.io"',
        field_path=".serverAddress",
        message_expression=_suggestion(_PATH, _BEFORE_PATH),
    ),
    rule(
        f"{_NO_ADDRESS} || {_BARE} || {_ADDRESS} == {_ADDRESS}.lowerAscii()",
        f'{_UPPER}: write "ghcr.io"',
        field_path=".serverAddress",
        message_expression=_suggestion(_UPPER, f"{_ADDRESS}.lowerAscii()"),
    ),
    rule(
        f"{_NO_ADDRESS} || {_BARE} || {_ADDRESS} != {_ADDRESS}.lowerAscii()"
        f" || {_ADDRESS}.matches('^{HOST}(:{PORT})?$')",
        "serverAddress is a bare host[:port] with a port from 1 to 65535 and an IPv6 address in brackets: "
        'write "ghcr.io", "registry.example.com:5000" or "[fd00::1]:5000"; leave it empty for Docker Hub',
        field_path=".serverAddress",
    ),
    *_value_rules("password"),
)

_URL: Final = "self.url"
_NO_URL: Final = f"!has({_URL})"
# Mirrors domain/address.py `canonical_git_url`; \\x27 is a single quote.
_GIT_PATH: Final = r"(/[A-Za-z0-9._~!$&\\x27()*+,;:@=-]+)*/?"
_HTTP: Final = f"{_URL}.matches('^https?://')"
_BARE_URL: Final = f"!{_URL}.matches('[?#]') && !{_URL}.matches('^https?://[^/]*@')"

GIT: Final = validations(
    rule(
        f"{_NO_URL} || {_HTTP}",
        'url begins with "https://" or "http://": write "https://github.com"; ssh needs no password',
        field_path=".url",
    ),
    rule(
        f"{_NO_URL} || !{_HTTP} || !{_URL}.matches('^https?://[^/]*@')",
        "url must not hold a user name or a password, it is stored and shown in the open: "
        'give username and token instead and write "https://github.com"',
        field_path=".url",
    ),
    rule(
        f"{_NO_URL} || !{_URL}.matches('[?#]')",
        'url has no query and no fragment: write "https://github.com/org/repository"',
        field_path=".url",
    ),
    rule(
        f"{_NO_URL} || !{_HTTP} || !({_BARE_URL}) || {_URL}.matches('^https?://[^/A-Z]*(/|$)')",
        'the host in url is written in lower case: write "https://github.com"',
        field_path=".url",
    ),
    rule(
        f"{_NO_URL} || !{_HTTP} || !({_BARE_URL}) || {_URL}.matches('^https?://[^/]*[A-Z]')"
        f" || {_URL}.matches('^https?://{HOST}(:{PORT})?{_GIT_PATH}$')"
        f" && !{_URL}.matches('/[.][.]?(/|$)') && {_URL}.matches('^https?://[^/]{{1,253}}(/|$)')",
        "url is http(s)://host[:port][/path] with a port from 1 to 65535, without spaces, '%' and empty segments: "
        'write "https://git.example.com:8443/team"',
        field_path=".url",
    ),
    *_value_rules("token"),
)

_KEY_PREFIX: Final = "([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?"
_OURS: Final = (
    "k.startsWith('slotwarden.io/') || k in ['app.kubernetes.io/managed-by', 'app.kubernetes.io/name',"
    " 'app.kubernetes.io/component', 'app.kubernetes.io/instance']"
)


def _metadata_rules(field: str) -> tuple[Rule, ...]:
    absent = f"!has(self.{field})"
    return (
        rule(
            f"{absent} || self.{field}.all(k, k.matches('^{_KEY_PREFIX}{_LABEL_NAME}$'))",
            f'each key in {field} is [prefix/]name, at most 63 characters after the prefix: write "example.com/team"',
            field_path=f".{field}",
        ),
        rule(
            f"{absent} || !self.{field}.exists(k, {_OURS})",
            f"{field} must not hold slotwarden.io/* or app.kubernetes.io/managed-by, name, component or instance: "
            "the operator and GitOps tools track Secrets by them",
            field_path=f".{field}",
        ),
    )


METADATA: Final = (
    *_metadata_rules("labels"),
    *_metadata_rules("annotations"),
    rule(
        f"!has(self.labels) || self.labels.all(k, self.labels[k].matches('^({_LABEL_NAME})?$'))",
        "a label's value is at most 63 letters, digits, '-', '_' and '.', and begins and ends with a letter or digit",
        field_path=".labels",
    ),
)
PROJECTION: Final = validations(*METADATA)
