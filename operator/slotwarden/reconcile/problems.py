"""How what goes wrong with a value is told: the reason, the cause, and whether somebody has to change something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotwarden.domain.credentials import InvalidValue
from slotwarden.reconcile.intake import SourceMissing
from slotwarden.reconcile.state import Problem
from slotwarden.resources.conditions import Reason
from slotwarden.values.entries import NotOwner, NoValue, VersionDeleted
from slotwarden.values.sealing import EncryptionFailed
from slotwarden.values.service import KEPT
from slotwarden.vault.errors import VaultDenied, VaultSealed

if TYPE_CHECKING:
    from slotwarden.reconcile.observe import SlotView
    from slotwarden.vault.errors import VaultError

TOLD: Final = (NoValue, NotOwner, VersionDeleted, InvalidValue, EncryptionFailed, SourceMissing)
"""What a look at Vault or at the source finds, and the status tells."""


def left_in(view: SlotView) -> str:
    """That an inline value was not stored: to remove it would be to lose it, but whoever reads this should know."""
    return "" if view.declared.inline is None else "; the value is still in the object: correct or remove it there"


def trouble_of(error: VaultError) -> Problem:
    """That Vault did not do what it was asked."""
    match error:
        case VaultSealed():
            return Problem(Reason.VAULT_SEALED, str(error))
        case VaultDenied():
            return Problem(Reason.VAULT_DENIED, str(error))
        case _:
            return Problem(Reason.VAULT_UNAVAILABLE, str(error))


def problem_of(error: Exception, view: SlotView, *, known: bool) -> Problem:
    """How an error is told; `known` says that a value was there before."""
    left = left_in(view)
    match error:
        case NoValue() if known:
            return Problem(Reason.VERSION_DELETED, f"the entry is gone from Vault; {KEPT}")
        case NoValue():
            return Problem(Reason.AWAITING_VALUE, str(error))
        case NotOwner():
            return Problem(Reason.NOT_OWNER, str(error) + left, stalled=True)
        case VersionDeleted():
            return Problem(Reason.VERSION_DELETED, str(error))
        case EncryptionFailed():
            return Problem(Reason.ENCRYPTION_FAILED, str(error) + left, stalled=True)
        case SourceMissing():
            return Problem(Reason.SOURCE_MISSING, str(error))
        case _:
            return Problem(Reason.INVALID_VALUE, str(error) + left, stalled=True)
