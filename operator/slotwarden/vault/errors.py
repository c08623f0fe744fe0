"""What can go wrong with Vault, in the words of a condition.

    VaultError
    ├── VaultUnavailable     no answer, a time-out, 412, 429, 5xx: try again later
    │   └── VaultSealed      up, but sealed or not initialised: someone must act
    ├── VaultDenied          403: a capability is lacking, or the login or token is not valid
    ├── CasMismatch          someone else wrote first: read again
    └── VaultRejected        any other answer: a setting or the mount is wrong
        └── KeyMissing       Transit has no such key: it was never made, or deleted

Errors carry the operation, the path and a message of ours, and nothing of an answer's body: it can hold data.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Operation(StrEnum):
    """What was asked of Vault; the label of metrics and the verb of messages."""

    READ = "read"
    READ_METADATA = "read_metadata"
    WRITE = "write"
    WRITE_METADATA = "write_metadata"
    PATCH_METADATA = "patch_metadata"
    DELETE = "delete"
    UNDELETE = "undelete"
    DESTROY = "destroy"
    PURGE = "purge"
    LIST = "list"
    LOGIN = "login"
    LOOKUP = "lookup"
    RENEW = "renew"
    HEALTH = "health"
    ENCRYPT = "encrypt"
    DECRYPT = "decrypt"


class VaultError(Exception):
    """Base of all errors of Vault.

    Attributes:
        operation: what was asked.
        path: the full path below `/v1/`, as a policy names it.
    """

    def __init__(self, operation: Operation, path: str, message: str) -> None:
        super().__init__(message)
        self.operation = operation
        self.path = path


class VaultUnavailable(VaultError):
    """Vault cannot answer now."""


class VaultSealed(VaultUnavailable):
    """Vault runs, but is sealed or not initialised."""


class VaultDenied(VaultError):
    """Vault refuses us."""


class CasMismatch(VaultError):
    """The entry's current version is not the expected one."""


class VaultRejected(VaultError):
    """Vault does not accept the request."""


class KeyMissing(VaultRejected):
    """Transit has no such key."""


class Failure(Exception):
    """An answer that is no success, classified where it was read; the session makes a `VaultError` of it.

    Attributes:
        kind: the class of error that it becomes.
        code: the HTTP status, or `timeout`, `tls` or `unreachable`; the label of metrics.
        note: the cause in our words, or empty.
    """

    def __init__(self, kind: type[VaultError], code: str, note: str = "") -> None:
        super().__init__(code)
        self.kind = kind
        self.code = code
        self.note = note


# Vault tells these cases apart by text alone. Texts are looked for, never passed on.
_KNOWN: Final[tuple[tuple[int, str, type[VaultError], str], ...]] = (
    (400, "check-and-set parameter", CasMismatch, "the entry has changed since it was read"),
    (400, "upgrading from non-versioned", VaultUnavailable, "the mount is still being made ready"),
    (400, "encryption key not found", KeyMissing, "the key is not there: it was deleted"),
    (400, "invalid role name", VaultRejected, "Vault knows no such role"),
    (400, "missing client token", VaultDenied, "no token was sent"),
    (404, "no handler for route", VaultRejected, "nothing is mounted there"),
    (503, "sealed", VaultSealed, "it is sealed"),
    (503, "not initialized", VaultSealed, "it is not initialised"),
    (500, "no active cluster node", VaultUnavailable, "a standby finds no active node"),
    (500, "active cluster node not found", VaultUnavailable, "a standby finds no active node"),
    (500, "context deadline exceeded", VaultUnavailable, "it ran into its own time-out"),
)
_BY_STATUS: Final[dict[int, tuple[type[VaultError], str]]] = {
    403: (VaultDenied, ""),
    405: (VaultRejected, "the mount is not KV version 2"),
    412: (VaultUnavailable, "this node has not caught up yet"),
    413: (VaultRejected, "the request is too large"),
    429: (VaultUnavailable, "a rate limit is reached"),
    501: (VaultSealed, "it is not initialised"),
    503: (VaultUnavailable, "it is not ready"),
}


def classify(status: int, errors: list[str]) -> Failure:
    """The failure that a status other than 200, 204 and a plain 404 means; `errors` are only looked at."""
    text = "\n".join(errors).lower()
    for known, needle, kind, note in _KNOWN:
        if status == known and needle in text:
            return Failure(kind, str(status), note)
    if 300 <= status < 400:
        return Failure(VaultUnavailable, str(status), "it is a standby that redirects instead of forwarding")
    default = (VaultUnavailable if status >= 500 else VaultRejected, "")
    kind, note = _BY_STATUS.get(status, default)
    return Failure(kind, str(status), note)


_PHRASE: Final[dict[Operation, tuple[str, str]]] = {
    Operation.READ: ("a read", "`read`"),
    Operation.READ_METADATA: ("a read", "`read`"),
    Operation.WRITE: ("a write", "`update`"),
    Operation.WRITE_METADATA: ("a write", "`update`"),
    Operation.PATCH_METADATA: ("a patch", "`patch`"),
    Operation.DELETE: ("a deletion", "`update`"),
    Operation.UNDELETE: ("an undeletion", "`update`"),
    Operation.DESTROY: ("a destruction", "`update`"),
    Operation.PURGE: ("a purge", "`delete`"),
    Operation.LIST: ("a list", "`list`"),
    Operation.LOGIN: ("a login", ""),
    Operation.LOOKUP: ("a look-up of the token", "`read`"),
    Operation.RENEW: ("a renewal of the token", "`update`"),
    Operation.HEALTH: ("a health check", ""),
    Operation.ENCRYPT: ("an encryption", "`create` or `update`"),
    Operation.DECRYPT: ("a decryption", "`update`"),
}
_NO_ANSWER: Final = {
    "timeout": "did not answer in time",
    "tls": "was not trusted",
    "unreachable": "could not be reached",
    "garbled": "gave an answer that is not Vault's",
}


def explain(failure: Failure, operation: Operation, path: str, *, creates: bool = False) -> VaultError:
    """The error to raise for a failed request; `creates` marks a write that expects no entry yet."""
    phrase, capability = _PHRASE[operation]
    note = failure.note
    if failure.code in _NO_ANSWER:
        said = f"Vault {_NO_ANSWER[failure.code]} for {phrase} at {path}"
    else:
        said = f"Vault answered {failure.code} to {phrase} at {path}"
    if failure.kind is VaultDenied and not note:
        note = f"the role lacks {'`create`' if creates else capability}"
        if operation is Operation.LOGIN:
            note = "the role does not accept this ServiceAccount, or Vault may not review its token"
    return failure.kind(operation, path, f"{said}: {note}" if note else said)
