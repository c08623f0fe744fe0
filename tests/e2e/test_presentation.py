"""What people see: the table of slots and the description of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.support import git, projected, registry

if TYPE_CHECKING:
    from tests.e2e.support import Organization


def rows(org: Organization, *words: str) -> dict[str, dict[str, str]]:
    """The table of slots, by name; columns are told apart by where their headings begin."""
    shown = org.session.kubectl("get", "sslot", *words, namespace=org.namespace, check=True).stdout.splitlines()
    headings = ["NAME", "TYPE", "READY", "REASON", "SECRET", "AGE", "SERVER", "VAULT VERSION", "MESSAGE"]
    begins = [shown[0].index(heading) for heading in headings if heading in shown[0]]
    ends = [*begins[1:], None]
    found = [[line[begin:end].strip() for begin, end in zip(begins, ends, strict=True)] for line in shown[1:]]
    return {row[0]: dict(zip(headings, row, strict=False)) for row in found}


def test_the_table_tells_how_each_slot_is(org: Organization) -> None:
    org.made("pull", registry("one", **projected("regcred")))
    org.made("token", git("one"))
    org.create("waits", registry(server="quay.io"))
    org.told("waits", "AwaitingValue")
    wide = rows(org, "-o", "wide")
    pull, token, waits = wide["pull"], wide["token"], wide["waits"]
    assert (pull["TYPE"], pull["READY"], pull["REASON"], pull["SECRET"]) == ("registry", "True", "Ready", "regcred")
    assert (pull["SERVER"], pull["VAULT VERSION"]) == ("ghcr.io", "1")
    assert pull["MESSAGE"] == "Secret regcred holds version 1 of the value"
    assert (token["TYPE"], token["SECRET"], token["SERVER"]) == ("git", "token", "https://github.com")
    assert (waits["READY"], waits["REASON"], waits["SERVER"]) == ("False", "AwaitingValue", "quay.io")
    assert waits["SECRET"] == "waits"
    assert waits["MESSAGE"].startswith("no value was set yet; set it inline")
    assert list(rows(org)["pull"].values())[:5] == ["pull", "registry", "True", "Ready", "regcred"]


def test_the_description_tells_state_place_and_what_happened(org: Organization) -> None:
    org.made("pull", registry("one"))
    org.edit("pull", registry("two"))
    org.event("pull", "Rotated")
    org.ready("pull")
    text = org.session.kubectl("describe", "sslot", "pull", namespace=org.namespace, check=True).stdout
    assert f"{org.vault.mount}/{org.entry('pull')}" in text
    assert "Secret pull holds version 2 of the value" in text
    assert "Rotated" in text
