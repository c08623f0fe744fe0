"""The Vault policies that the operator and the gateway need, and no more: printed by `slotwarden vault-policy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from slotwarden.domain.names import is_dns_label
from slotwarden.vault.config import is_mount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Role = Literal["operator", "gateway"]

# Which endpoint of an entry is used how; `+` stands for one segment.
_ENTRY: Final[Mapping[Role, Sequence[tuple[str, Sequence[str]]]]] = {
    "operator": (
        # No `create`: an entry is claimed by its metadata before it is written, which makes that an update.
        ("data", ("read", "update")),
        ("metadata", ("create", "read", "update", "patch", "delete")),
        ("delete", ("update",)),
        ("undelete", ("update",)),
        ("destroy", ("update",)),
    ),
    # It neither restores nor removes for good, and knows what it is asked for, so that it lists nothing.
    "gateway": (
        ("data", ("read", "update")),
        ("metadata", ("create", "read", "update")),
        ("delete", ("update",)),
    ),
}
_ENTRIES: Final = ("slots/+", "env/+/+/+")
_FOLDERS: Final = ("slots", "env", "env/+", "env/+/+")
# `create` makes a key on first use. Neither its settings nor the key itself is anybody's here to look at.
_TRANSIT: Final = (("encrypt", ("create", "update")), ("decrypt", ("update",)))
# In Vault's `default` policy too, which a role need not have.
_TOKEN: Final = (("auth/token/lookup-self", ("read",)), ("auth/token/renew-self", ("update",)))


def render(
    mount: str,
    prefix: str,
    namespaces: Sequence[str] = (),
    role: Role = "operator",
    transit: str | None = None,
) -> str:
    """The policy as HCL, for all organizations or for the given ones alone.

    Without `namespaces` the operator can list the organizations; with them they are known.

    Args:
        transit: where Transit is mounted; None: nothing is encrypted.

    Raises:
        ValueError: if a mount, the prefix or a namespace is not made of allowed segments.
    """
    if not all(map(is_mount, (mount, prefix, transit or mount))):
        raise ValueError("mount and prefix must be segments of letters, digits, - and _, joined by /")
    for namespace in namespaces:
        if not is_dns_label(namespace):
            raise ValueError("a namespace must be a DNS label")
    organizations = namespaces or ("+",)
    rules: list[tuple[str, Sequence[str]]] = list(_TOKEN)
    if role == "operator":
        rules.append((f"{mount}/data/{prefix}/_system/mac-key", ("create", "read", "update")))
        folders = [f"{prefix}/{organization}/{folder}" for organization in organizations for folder in _FOLDERS]
        rules += [(f"{mount}/metadata/{path}", ("list",)) for path in ([] if namespaces else [prefix]) + folders]
    rules += [
        (f"{mount}/{endpoint}/{prefix}/{organization}/{entry}", capabilities)
        for organization in organizations
        for entry in _ENTRIES
        for endpoint, capabilities in _ENTRY[role]
    ]
    if transit:
        root = prefix.replace("/", ".")
        keys = [f"{root}.{namespace}.*" for namespace in namespaces] or [f"{root}.*"]
        rules += [(f"{transit}/{verb}/{key}", capabilities) for key in keys for verb, capabilities in _TRANSIT]
    return "\n".join(_rule(path, capabilities) for path, capabilities in rules)


def _rule(path: str, capabilities: Sequence[str]) -> str:
    listed = ", ".join(f'"{capability}"' for capability in capabilities)
    return f'path "{path}" {{\n  capabilities = [{listed}]\n}}\n'
