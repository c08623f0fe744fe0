"""Registry keys and git URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotwarden.domain.address import DOCKER_HUB, canonical_git_url, canonical_server, is_server_address

HOSTS = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,2}(:[1-9][0-9]{0,3})?", fullmatch=True)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "docker.io",
        "Docker.IO",
        "index.docker.io",
        "registry-1.docker.io",
        "https://docker.io/",
        DOCKER_HUB,
        "https://index.docker.io/v1",
        "http://index.docker.io/v2/",
        "index.docker.io/v1/",
    ],
)
def test_docker_hub_has_one_key(text: str | None) -> None:
    assert canonical_server(text) == "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ghcr.io", "ghcr.io"),
        ("GHCR.io/", "ghcr.io"),
        ("https://quay.io/v1/", "quay.io"),
        ("HTTP://quay.io/v2", "quay.io"),
        ("localhost:5000", "localhost:5000"),
        ("[fd00::1]:5000", "[fd00::1]:5000"),
        ("10.0.0.1:65535", "10.0.0.1:65535"),
    ],
)
def test_other_registries(text: str, key: str) -> None:
    assert canonical_server(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "ghcr.io/acme",
        "https://",
        "/",
        "//",
        "ghcr.io//",
        "a b",
        " ghcr.io",
        "ghcr.io\n",
        "user@ghcr.io",
        "a:0",
        "a:65536",
        "a:",
        "a..b",
        "-a",
        "a_b",
        "ghcr.io?x",
        "ghcr.io#x",
        "gh%63r.io",
        "é.io",
        "ssh://ghcr.io",
        "a" * 254,
        "::1",
    ],
)
def test_what_is_no_registry(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        canonical_server(text)
    assert not is_server_address(text)


@given(HOSTS)
def test_a_bare_host_is_its_own_key(host: str) -> None:
    assert is_server_address(host)
    assert canonical_server(host) == host


@given(st.text(max_size=30) | HOSTS.map(str.upper) | HOSTS.map("https://{}/".format))
def test_a_key_is_its_own_key(text: str) -> None:
    try:
        key = canonical_server(text)
    except ValueError:
        return
    assert canonical_server(key) == key
    assert is_server_address(key)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://github.com", "https://github.com"),
        ("HTTPS://GitHub.com:443/", "https://github.com"),
        ("https://git.example.com:8443/Team/repo.git/", "https://git.example.com:8443/Team/repo.git"),
        ("http://git:80/a", "http://git/a"),
        ("http://git:443", "http://git:443"),
    ],
)
def test_git_urls(text: str, url: str) -> None:
    assert canonical_git_url(text) == url
    assert canonical_git_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "github.com",
        "ssh://github.com",
        "git@github.com:a/b",
        "https://",
        "https:///a",
        "https://u:p@github.com",
        "https://github.com?a=b",
        "https://github.com/#a",
        "https://github.com//",
        "https://github.com/a/../b",
        "https://github.com/./a",
        "https://github.com/a b",
        "https://github.com/a\n",
        "https://github.com/%2e%2e/b",
        "https://github.com\\@evil.example",
        "https://é.example",
    ],
)
def test_what_is_no_git_url(text: str) -> None:
    with pytest.raises(ValueError, match="write https"):
        canonical_git_url(text)
