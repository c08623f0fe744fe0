"""The CRD's rules and the operator's own predicates say the same about addresses."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from slotwarden.domain.address import canonical_git_url, is_server_address
from tests.crd.objects import slot

if TYPE_CHECKING:
    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session

PARTS = [
    *("ghcr.io", "a", "b-c", "A", "-", "_", ".", "..", "/", "//", ":", ":1", ":5000", ":65536", ":0", "@", "?", "#"),
    *(" ", "%2e", "http://", "https://", "HTTPS://", "[::1]", "v1", "é", "'", "~", "index.docker.io", "\t", "\n"),
]


def samples(first: list[str], count: int) -> list[str]:
    """The same made-up addresses each time, most of them nearly right."""
    draw = random.Random(7)  # noqa: S311
    made = {draw.choice(first) + "".join(draw.choices(PARTS, k=draw.randint(0, 2))) for _ in range(count)}
    return sorted(made)


def accepted(kubectl: Kubectl, specs: list[dict[str, Any]]) -> list[bool]:
    """Which of the specs the API server takes."""
    objects = [slot(spec, f"n{number}") for number, spec in enumerate(specs)]
    done = kubectl("create", "--dry-run=server", "-o", "name", "-f", "-", stdin=objects, namespace="default")
    names = {line.removeprefix("secretslot.slotwarden.io/") for line in done.stdout.splitlines()}
    return [f"n{number}" in names for number in range(len(specs))]


def test_server_addresses(installed: Session, kubectl: Kubectl) -> None:
    addresses = samples(["", "ghcr.io", "a", "https://", "[::1]"], 200)
    taken = accepted(kubectl, [{"registry": {"serverAddress": address}} for address in addresses])
    wanted = [is_server_address(address) for address in addresses]
    assert dict(zip(addresses, taken, strict=True)) == dict(zip(addresses, wanted, strict=True))
    assert 10 < sum(wanted) < len(wanted)


def test_git_urls(installed: Session, kubectl: Kubectl) -> None:
    urls = samples(["https://ghcr.io", "http://a", "https://a/b", "https://[::1]", "a"], 200)
    taken = accepted(kubectl, [{"git": {"url": url}} for url in urls])
    assert dict(zip(urls, taken, strict=True)) == {url: _is_git_url(url) for url in urls}
    assert 10 < sum(taken) < len(taken)


def _is_git_url(url: str) -> bool:
    """The canonical form is more lenient: it lowers scheme and host, where the CRD asks for lower case."""
    try:
        canonical_git_url(url)
    except ValueError:
        return False
    scheme, _, rest = url.partition("://")
    return f"{scheme}{rest.split('/')[0]}".islower()
