"""A slot in each state, for those who look at how states are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed.clients.kube import core
from tests.e2e.support import git, projected, registry

if TYPE_CHECKING:
    from tests.e2e.support import Organization


def all_states(org: Organization) -> None:
    """One slot in each state that a user can cause."""
    for name in ("good", "moved", "lost"):
        org.made(name, registry("one"))
    org.edit("moved", registry(server="evil.example"))
    org.vault.soft_delete(org.entry("lost"))
    org.ask_refresh("lost")
    org.create("waits", registry())
    org.create("invalid", git("one\n"))
    org.kube.create(core(org.namespace, "secrets"), {"metadata": {"name": "stranger"}})
    org.create("foreign", registry("one", **projected("stranger")))
    reference = {"secretKeyRef": {"name": "missing", "key": "key"}}
    org.create("sourced", {"registry": {"username": "bot", "passwordFrom": reference}})
    org.vault.write(org.entry("owned"), {"username": "eve", "password": "one", "server_address": "ghcr.io"})
    theirs = {"slotwarden.io/cluster": "another", "slotwarden.io/object-uid": "another"}
    org.vault.set_custom_metadata(org.entry("owned"), theirs)
    org.create("owned", registry())
