"""Each answer of Vault's becomes one kind of error, with words for a condition and nothing of the answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.vault.errors import (
    CasMismatch,
    Failure,
    Operation,
    VaultDenied,
    VaultError,
    VaultRejected,
    VaultSealed,
    VaultUnavailable,
    classify,
    explain,
)

PATH = "secret/data/slotwarden/acme/slots/a"


@pytest.mark.parametrize(
    ("status", "errors", "kind"),
    [
        (307, [], VaultUnavailable),
        (400, ["check-and-set parameter did not match the current version"], CasMismatch),
        (400, ["Upgrading from non-versioned to versioned data. This backend will be unavailable"], VaultUnavailable),
        (400, ["missing client token"], VaultDenied),
        (400, ["no data provided"], VaultRejected),
        (403, ["permission denied"], VaultDenied),
        (404, ['no handler for route "x/data/y". route entry not found.'], VaultRejected),
        (405, ["unsupported operation"], VaultRejected),
        (412, ["required index state not present"], VaultUnavailable),
        (413, [], VaultRejected),
        (429, ["request path: rate limit quota exceeded"], VaultUnavailable),
        (500, ["internal error"], VaultUnavailable),
        (500, ["local node not active but active cluster node not found"], VaultUnavailable),
        (501, [], VaultSealed),
        (502, [], VaultUnavailable),
        (503, ["Vault is sealed"], VaultSealed),
        (503, [], VaultUnavailable),
    ],
)
def test_kinds(status: int, errors: list[str], kind: type[VaultError]) -> None:
    failure = classify(status, errors)
    assert failure.kind is kind
    assert failure.code == str(status)
    assert type(explain(failure, Operation.READ, PATH)) is kind


@given(st.integers(300, 599), st.text(min_size=8, max_size=30), st.sampled_from(Operation))
def test_nothing_of_an_answer_is_repeated(status: int, text: str, operation: Operation) -> None:
    canary = f"c4n4ry{text}"
    error = explain(classify(status, [canary]), operation, PATH)
    assert canary not in f"{error!r} {error}"
    assert PATH in str(error)


@pytest.mark.parametrize(
    ("operation", "creates", "message"),
    [
        (Operation.WRITE, True, f"Vault answered 403 to a write at {PATH}: the role lacks `create`"),
        (Operation.WRITE, False, f"Vault answered 403 to a write at {PATH}: the role lacks `update`"),
        (Operation.READ, False, f"Vault answered 403 to a read at {PATH}: the role lacks `read`"),
        (Operation.LIST, False, f"Vault answered 403 to a list at {PATH}: the role lacks `list`"),
        (Operation.PURGE, False, f"Vault answered 403 to a purge at {PATH}: the role lacks `delete`"),
    ],
)
def test_a_denial_names_the_capability(operation: Operation, creates: bool, message: str) -> None:
    assert str(explain(classify(403, []), operation, PATH, creates=creates)) == message


def test_a_sealed_vault_says_so() -> None:
    error = explain(classify(503, ["Vault is sealed"]), Operation.READ, PATH)
    assert str(error) == f"Vault answered 503 to a read at {PATH}: it is sealed"
    assert (error.operation, error.path) == (Operation.READ, PATH)


def test_without_an_answer_the_cause_is_told() -> None:
    error = explain(Failure(VaultUnavailable, "tls", "self-signed certificate"), Operation.READ, PATH)
    assert str(error) == f"Vault was not trusted for a read at {PATH}: self-signed certificate"
