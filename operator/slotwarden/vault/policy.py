"""The Vault policy that the operator needs, and no more: printed by `slotwarden vault-policy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.domain.names import is_dns_label
from slotwarden.vault.config import is_mount

if TYPE_CHECKING:
    from collections.abc import Sequence

# Which endpoint of an entry is used how; `+` stands for one segment.
_ENTRY: Final = (
    # No `create`: the operator claims an entry by its metadata before it writes, which makes that an update.
    ("data", ("read", "update")),
    ("metadata", ("create", "read", "update", "patch", "delete")),
    ("delete", ("update",)),
    ("undelete", ("update",)),
    ("destroy", ("update",)),
)
_ENTRIES: Final = ("slots/+", "env/+/+/+")
_FOLDERS: Final = ("slots", "env", "env/+", "env/+/+")
# In Vault's `default` policy too, which a role need not have.
_TOKEN: Final = (("auth/token/lookup-self", ("read",)), ("auth/token/renew-self", ("update",)))


def render(mount: str, prefix: str, namespaces: Sequence[str] = ()) -> str:
    """The policy as HCL, for all organizations or for the given ones alone.

    Without `namespaces` the organizations can be listed; with them they are known.

    Raises:
        ValueError: if the mount, the prefix or a namespace is not made of allowed segments.
    """
    if not is_mount(mount) or not is_mount(prefix):
        raise ValueError("mount and prefix must be segments of letters, digits, - and _, joined by /")
    for namespace in namespaces:
        if not is_dns_label(namespace):
            raise ValueError("a namespace must be a DNS label")
    rules: list[tuple[str, Sequence[str]]] = list(_TOKEN)
    rules.append((f"{mount}/data/{prefix}/_system/mac-key", ("create", "read", "update")))
    if not namespaces:
        rules.append((f"{mount}/metadata/{prefix}", ("list",)))
    for organization in namespaces or ("+",):
        rules += [(f"{mount}/metadata/{prefix}/{organization}/{folder}", ("list",)) for folder in _FOLDERS]
        rules += [
            (f"{mount}/{endpoint}/{prefix}/{organization}/{entry}", capabilities)
            for entry in _ENTRIES
            for endpoint, capabilities in _ENTRY
        ]
    return "\n".join(_rule(path, capabilities) for path, capabilities in rules)


def _rule(path: str, capabilities: Sequence[str]) -> str:
    listed = ", ".join(f'"{capability}"' for capability in capabilities)
    return f'path "{path}" {{\n  capabilities = [{listed}]\n}}\n'
