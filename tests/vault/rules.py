"""Rules for tests that write to Vault as the operator never does."""

from __future__ import annotations

from slotwarden.vault.policy import render


def for_direct_writes(mount: str, prefix: str) -> str:
    """The operator's policy with `create`, which it does without because it claims an entry before it writes."""
    rules = render(mount, prefix)
    wider = rules.replace('["read", "update"]', '["create", "read", "update"]')
    assert wider != rules
    return wider
