"""The proxy is found in the environment once, not at every request."""

from __future__ import annotations

import pytest
from kubernetes.aio.client import Configuration

from slotwarden.cluster.client import KubeClient
from slotwarden.cluster.term import Term

PROXY = "http://proxy.example.com:3128"


@pytest.mark.parametrize(("exempt", "expected"), [("", PROXY), ("127.0.0.1", None)])
async def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, exempt: str, expected: str | None
) -> None:
    for name in ("https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", exempt)
    configuration = Configuration(host="https://127.0.0.1:6443")
    KubeClient(configuration, lambda *_: None, Term.unlimited())
    assert configuration.proxy == expected
