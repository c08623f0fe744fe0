"""The CRDs' rules and the operator's own predicates say the same about addresses and names."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.domain.address import canonical_git_url, is_server_address
from slotwarden.domain.names import is_env_key, is_env_segment
from tests.crd.objects import env, slot

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
    return taken_of(kubectl, [slot(spec, f"n{number}") for number, spec in enumerate(specs)])


def taken_of(kubectl: Kubectl, objects: list[dict[str, Any]]) -> list[bool]:
    """Which of the objects, `n0` and so on, the API server takes."""
    done = kubectl("create", "--dry-run=server", "-o", "name", "-f", "-", stdin=objects, namespace="default")
    names = {line.partition("/")[2] for line in done.stdout.splitlines()}
    return [f"n{number}" in names for number in range(len(objects))]


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


NAME_PARTS = [*string.ascii_letters[:3], *string.ascii_uppercase[:3], *"09-_.", *" /%=$@", "..", "é", "\n", "a" * 62]


def names(count: int) -> list[str]:
    """The same made-up names each time, most of them short; and those at the limits."""
    draw = random.Random(11)  # noqa: S311
    made = {"".join(draw.choices(NAME_PARTS, k=draw.randint(0, 3))) for _ in range(count)}
    return sorted(made | {char * size for char in "a_A" for size in (63, 64, 65, 252, 253, 254)})


@pytest.mark.parametrize("field", ["project", "environment"])
def test_names_of_projects_and_environments(installed: Session, kubectl: Kubectl, field: str) -> None:
    tried = names(300)
    taken = taken_of(kubectl, [env(f"n{number}", **{field: name}) for number, name in enumerate(tried)])
    assert dict(zip(tried, taken, strict=True)) == {name: is_env_segment(name) for name in tried}
    assert 10 < sum(taken) < len(taken)


def test_keys(installed: Session, kubectl: Kubectl) -> None:
    tried = names(300)
    taken = taken_of(kubectl, [env(f"n{number}", key=name) for number, name in enumerate(tried)])
    assert dict(zip(tried, taken, strict=True)) == {name: is_env_key(name) for name in tried}
    assert 10 < sum(taken) < len(taken)
