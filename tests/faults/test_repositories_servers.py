"""Operations through what happens to Vault and the API server: they stand as they stood, and what waited goes on."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from testbed.gateway import make_gateway
from testbed.operator import make_identities, remove_identities
from testbed.wait import eventually
from tests.published.repositories import Repo
from tests.published.support import EVERYTHING, Api, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from testbed.cluster import Testbed
    from testbed.session import Session
    from tests.e2e.support import Organization
    from tests.published.support import Answer

BACK = 60.0


@pytest.fixture(autouse=True)
def servers_up(own_testbed: Testbed) -> Iterator[None]:
    """However a test ends, the next begins with servers that answer."""
    yield
    own_testbed.apiserver.start()
    own_testbed.vault.start()


@pytest.fixture
def repo(own: Session, make_org: Callable[..., Organization], tmp_path: Path) -> Iterator[Repo]:
    """A repository, with an operator and a gateway on the folder's own servers."""
    org = make_org("--no-leader-elect")
    identities = make_identities(own, org.namespace, org.prefix, role="gateway")
    folder = tmp_path / "gateway"
    gateway = make_gateway(own, org.namespace, org.prefix, folder, "--no-aggregation", identities=identities).start()
    api = Api(own, org.namespace, org.operator, gateway)
    yield Repo.new(api, User.made(api, "owner", EVERYTHING, org.namespace))
    gateway.stop()
    remove_identities(own, identities)


def unavailable(answer: Answer) -> bool:
    """Whether the client is told to come again, in the API's form."""
    assert answer.code == 503, answer
    assert answer.headers["retry-after"] == "2"
    assert answer.body["error_code"] == "ServiceUnavailable"
    return True


def test_operations_outlive_the_api_server(repo: Repo, own_testbed: Testbed) -> None:
    api = repo.api
    done = repo.accepted("DONE", "v")
    repo.becomes(done, "success")
    api.operator.stop()
    replaced, waiting = repo.accepted("WAITING", "v"), repo.accepted("WAITING", "w")
    own_testbed.apiserver.stop()
    eventually(lambda: unavailable(repo.put("NEW", "v")), BACK, message="the gateway says that it is away")
    own_testbed.apiserver.start()
    eventually(lambda: repo.put("NEW", "v").code == 202, BACK, message="the gateway serves again by itself")
    for operation, status in ((done, "success"), (replaced, "cancel"), (waiting, "scheduled")):
        repo.becomes(operation, status)
    api.operator.start()
    repo.becomes(waiting, "success", timeout=BACK)
    assert repo.standing(replaced)["status"] == "cancel"
    repo.holds({"DONE": "v", "WAITING": "w", "NEW": "v"})


@pytest.mark.parametrize("end", ["stop", "seal"])
def test_vault_away(repo: Repo, own_testbed: Testbed, end: str) -> None:
    """Nothing is begun that would have to be told of; an object that was made is AwaitingValue."""
    known = repo.accepted("KNOWN", "v")
    repo.becomes(known, "success")
    getattr(own_testbed.vault, end)()
    value = f"c4nary{secrets.token_hex(12)}"
    for key in ("NEW", "KNOWN"):
        answer = repo.put(key, value)
        assert unavailable(answer)
        assert value not in str(answer.body)
        assert "pending" not in repo.object(key).get("status", {})
    assert repo.standing(known)["status"] == "success"
    own_testbed.vault.start()
    for key in ("NEW", "KNOWN"):
        operation = eventually(lambda key=key: repo.accepted(key, value), BACK, message=f"{key} is taken")
        repo.becomes(operation, "success", timeout=BACK)
    repo.holds({"NEW": value, "KNOWN": value})
    assert value not in repo.api.gateway.log_text()
