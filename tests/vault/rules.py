"""Rules that are wider than a policy, or narrower."""

from __future__ import annotations

import re

from slotwarden.vault.policy import render


def for_direct_writes(mount: str, prefix: str) -> str:
    """The operator's policy with `create`, which it does without because it claims an entry before it writes."""
    rules = render(mount, prefix)
    wider = rules.replace('["read", "update"]', '["create", "read", "update"]')
    assert wider != rules
    return wider


def without(policy: str, path: str, capability: str) -> str:
    """The policy without one capability of one path."""
    block = re.search(rf'path "{re.escape(path)}" {{\n  capabilities = \[(.*?)\]', policy)
    assert block is not None
    assert f'"{capability}"' in block[1]
    kept = ", ".join(one for one in block[1].split(", ") if one != f'"{capability}"') or '"deny"'
    return policy[: block.start(1)] + kept + policy[block.end(1) :]
