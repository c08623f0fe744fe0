"""What a SecretSlot has to declare for a credential of the slots' API, and how little of it is changed."""

from __future__ import annotations

from typing import Any

import pytest

from slotwarden.domain.credentials import Credential, GitCredential, RegistryCredential
from slotwarden.gateway.published.slots_specs import change, for_url, new
from slotwarden.resources.secretslot import Spec
from slotwarden.sensitive import Sensitive

HUB = "https://index.docker.io/v1/"


def git(username: str = "bot") -> Credential:
    return GitCredential(username, Sensitive(b"t"), "")


def registry(server: str = "ghcr.io", username: str = "bot") -> Credential:
    return RegistryCredential(username, Sensitive(b"p"), server)


def test_a_new_object_declares_kind_and_address_alone() -> None:
    assert new("pull", registry()) == {"registry": {"serverAddress": "ghcr.io"}}
    assert new("A_b", git()) == {"slotName": "A_b", "git": {}}


@pytest.mark.parametrize(
    ("spec", "login", "changed"),
    [
        ({"git": {}}, git(), None),
        ({"git": {"url": "https://github.com"}}, git(), None),
        ({"git": {"username": "bot"}}, git(), None),
        ({"git": {"username": "other"}}, git(), {"git": {"username": "bot"}}),
        ({"git": {"username": "bot"}}, registry(), {"git": None, "registry": {"serverAddress": "ghcr.io"}}),
        ({"registry": {"serverAddress": "ghcr.io"}}, registry(), None),
        ({"registry": {}}, registry(HUB), None),
        ({"registry": {"serverAddress": "docker.io"}}, registry(HUB), None),
        ({"registry": {}}, registry(), {"registry": {"serverAddress": "ghcr.io"}}),
        (
            {"registry": {"serverAddress": "quay.io", "username": "other"}},
            registry(),
            {"registry": {"serverAddress": "ghcr.io", "username": "bot"}},
        ),
        ({"registry": {}}, git(), {"registry": None, "git": {}}),
        (
            {"registry": {}, "projections": [{"secretName": "one", "type": "dockerconfigjson"}]},
            git(),
            {"registry": None, "git": {}, "projections": [{"secretName": "one"}]},
        ),
        ({"registry": {}, "projections": [{"secretName": "one"}]}, git(), {"registry": None, "git": {}}),
    ],
    ids=range(13),
)
def test_what_changes(spec: dict[str, Any], login: Credential, changed: dict[str, Any] | None) -> None:
    assert change(Spec.model_validate(spec), spec, login) == changed


def test_a_git_credential_is_for_the_url_that_is_declared() -> None:
    declared = Spec.model_validate({"git": {"url": "https://GitHub.com:443/"}})
    held = for_url(declared, git())
    assert isinstance(held, GitCredential)
    assert held.url == "https://github.com"
    assert for_url(Spec.model_validate({"git": {}}), git()) == git()
    assert for_url(Spec.model_validate({"registry": {}}), registry()) == registry()
