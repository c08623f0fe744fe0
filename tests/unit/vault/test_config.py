"""Settings are checked once, at start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.sensitive import Sensitive
from slotwarden.vault.config import VaultConfig
from slotwarden.vault.policy import render

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = Sensitive(b"c4n4ry")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"address": "vault:8200"}, "address"),
        ({"address": "ftp://vault"}, "address"),
        ({"address": "https://vault/v1"}, "address"),
        ({"token": None}, "token"),
        ({"token": Sensitive(b"")}, "token"),
        ({"auth": "kubernetes"}, "role"),
        ({"mount": "a/../b"}, "mount"),
        ({"mount": ""}, "mount"),
        ({"auth_mount": "a//b"}, "auth mount"),
        ({"transit_mount": "transit/"}, "transit mount"),
        ({"ca": "/does/not/exist"}, "CA file"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VaultConfig(**{"address": "https://vault:8200", "token": TOKEN, **settings})


def test_good_settings(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("")
    config = VaultConfig("https://vault:8200/", token=TOKEN, ca=str(ca), mount="team/kv")
    assert "c4n4ry" not in repr(config)
    assert VaultConfig("http://127.0.0.1:8200", token_file=tmp_path / "token").auth == "token"
    assert VaultConfig("https://[::1]:8200", auth="kubernetes", role="slotwarden").role == "slotwarden"


@pytest.mark.parametrize(
    ("mount", "prefix", "namespaces"), [("a/+", "p", []), ("m", "p*", []), ("m", "p", ["a/b"]), ("m", "p", ["+"])]
)
def test_a_policy_takes_no_patterns(mount: str, prefix: str, namespaces: list[str]) -> None:
    with pytest.raises(ValueError, match="must be"):
        render(mount, prefix, namespaces)


def test_a_policy_for_named_namespaces_holds_no_pattern_for_them() -> None:
    policy = render("secret", "team/slotwarden", ["acme", "beta"])
    assert 'path "secret/data/team/slotwarden/acme/slots/+"' in policy
    assert 'path "secret/data/team/slotwarden/beta/slots/+"' in policy
    assert "slotwarden/+/slots" not in policy
    assert "encrypt" not in policy


def test_a_policy_opens_the_keys_of_the_same_namespaces() -> None:
    policy = render("secret", "team/slotwarden", ["acme"], transit="team/transit")
    assert 'path "team/transit/decrypt/team.slotwarden.acme.*"' in policy
    assert "slotwarden.*" not in policy
    assert 'path "transit/encrypt/slotwarden.*"' in render("secret", "slotwarden", transit="transit")
    with pytest.raises(ValueError, match="must be"):
        render("secret", "slotwarden", transit="+")
    assert 'path "secret/metadata/team/slotwarden"' not in policy
