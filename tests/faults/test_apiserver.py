"""The API server restarted, and away when the operator starts: Secrets stay, the watches begin anew."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from testbed.wait import eventually
from tests.e2e.support import data, git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testbed.cluster import Testbed
    from tests.e2e.support import Organization

BACK = 60.0


@pytest.fixture(autouse=True)
def apiserver_up(own_testbed: Testbed) -> Iterator[None]:
    """However a test ends, the next begins with an API server that answers."""
    yield
    own_testbed.apiserver.start()


def test_a_restarted_api_server_is_followed_again(org: Organization, own_testbed: Testbed) -> None:
    org.made("git", git("one"))
    org.made("gone", git("gone"))
    before = org.secret("git")
    own_testbed.apiserver.stop()
    own_testbed.apiserver.start()
    assert org.secret("git") == before
    # What only a watch tells in time: a change, a drift, a deletion.
    org.edit("git", git("two"))
    eventually(lambda: data(org.secret("git"))["password"] == "two", BACK)
    org.patch_secret("git", {"data": {"password": "c3RyYW5nZQ=="}})
    eventually(lambda: data(org.secret("git"))["password"] == "two", BACK)
    org.delete_slot("gone")

    def released() -> bool:
        found = org.vault.metadata(org.entry("gone"))
        return bool(found and "slotwarden.io/released" in found["custom_metadata"])

    eventually(released, BACK, message="the value is released")
    assert org.vault.version(org.entry("git")) == 2
    assert org.secret("git")["metadata"]["uid"] == before["metadata"]["uid"]
    assert org.operator.readyz()[0] == HTTPStatus.OK


def test_an_operator_that_starts_without_an_api_server(org: Organization, own_testbed: Testbed) -> None:
    org.made("git", git("one"))
    before = org.secret("git")
    org.operator.stop()
    own_testbed.apiserver.stop()
    org.operator.start(wait=False)
    eventually(lambda: org.operator.readyz()[0] == HTTPStatus.SERVICE_UNAVAILABLE)
    assert org.operator.healthz()[0] == HTTPStatus.OK
    own_testbed.apiserver.start()
    org.operator.wait_ready(BACK)
    org.made("later", git("later"))
    assert org.secret("git") == before
    assert org.vault.version(org.entry("git")) == 1
