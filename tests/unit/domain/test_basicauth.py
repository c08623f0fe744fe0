"""`kubernetes.io/basic-auth`."""

from __future__ import annotations

import pytest
from hypothesis import given

from slotwarden.domain.basicauth import parse, render
from slotwarden.domain.credentials import Credential, GitCredential
from slotwarden.sensitive import Sensitive

from .strategies import CREDENTIALS


@given(CREDENTIALS)
def test_what_is_rendered_comes_back(credential: Credential) -> None:
    password = credential.token if isinstance(credential, GitCredential) else credential.password
    rendered = render(credential)
    assert set(rendered) == {"username", "password"}
    assert parse(rendered) == (credential.username, password)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"username": Sensitive(b"u")},
        {"password": Sensitive(b"p")},
        {"username": Sensitive(b"\xff"), "password": Sensitive(b"p")},
    ],
)
def test_half_a_pair_is_none(data: dict[str, Sensitive]) -> None:
    assert parse(data) is None
