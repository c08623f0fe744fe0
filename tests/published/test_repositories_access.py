"""Who may do what with the secrets of repositories, and what they are told who may not."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from slotwarden.domain.names import env_object_name
from testbed.wait import eventually
from tests.published.repositories import RESOURCE, Repo, encoded, refused
from tests.published.support import OBJECTS, READ, REVEAL, SET, VALUES, WRITE, rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.published.support import Api, User

CREATE = rule(OBJECTS, "create", RESOURCE)
GET = rule(OBJECTS, "get", RESOURCE)


@pytest.fixture
def repo(api: Api, owner: User) -> Repo:
    return Repo.new(api, owner)


def test_setting_asks_for_that_permission_and_making_for_another(repo: Repo, users: Callable[..., User]) -> None:
    for rules in ((READ, WRITE), (READ, WRITE, REVEAL), ()):
        refused(repo.seen_by(users(*rules)).put("TOKEN", "v"), 403, "Forbidden")
    setter = repo.seen_by(users(SET))
    refused(setter.put("TOKEN", "v"), 403, "Forbidden")
    assert repo.api.vault.metadata(repo.entry("TOKEN")) is None
    maker = repo.seen_by(users(SET, CREATE))
    maker.becomes(maker.accepted("TOKEN", "v"), "success")
    eventually(lambda: setter.put("TOKEN", "w").code == 202, message="the object is known")
    repo.holds({"TOKEN": "w"})


def test_a_permission_for_one_object_alone(repo: Repo, users: Callable[..., User]) -> None:
    name = env_object_name(repo.ref("TOKEN"))
    repo.becomes(repo.accepted("TOKEN", "one"), "success")
    repo.becomes(repo.accepted("OTHER", "two"), "success")
    one = repo.seen_by(users(rule(VALUES, "create", "envsecrets/value", name)))
    one.becomes(one.accepted("TOKEN", "three"), "success")
    refused(one.put("OTHER", "three"), 403, "Forbidden")


def test_an_operation_may_be_polled_by_who_reads_or_sets_and_by_nobody_else(
    repo: Repo, users: Callable[..., User]
) -> None:
    operation = repo.accepted("TOKEN", "v")
    repo.becomes(operation, "success")
    for each in (GET, SET):
        assert repo.seen_by(users(each)).standing(operation)["status"] == "success"
    answers = []
    for stranger in (users(REVEAL, WRITE), users(rule(OBJECTS, "list", RESOURCE)), users()):
        seen = repo.seen_by(stranger)
        gone = {"status_url": operation["status_url"].replace(operation["operation_id"], str(uuid.uuid4()))}
        answers += [seen.poll(operation), seen.poll(gone)]
    messages = {refused(answer, 404, "NotFound") for answer in answers}
    assert messages == {refused(repo.poll(gone), 404, "NotFound")}


@pytest.mark.parametrize("call", ["put", "poll"])
def test_a_foreign_secret_is_asked_about_as_a_missing_one(repo: Repo, users: Callable[..., User], call: str) -> None:
    """By the answer, and by what the gateway asked of Kubernetes and of Vault to give it."""
    operation = repo.accepted("THERE", "v")
    repo.becomes(operation, "success")
    session, seen = repo.api.session, repo.seen_by(users())
    found: dict[str, Any] = {}
    for key in ("THERE", "NOT_THERE"):
        kube, vault = session.kube_audit.mark(), session.vault_audit.mark()
        path = f"{repo.path(key)}/operations/{operation['operation_id']}"
        # The error repeats the request's name: with one name the bytes can be compared.
        named = {"X-Request-Id": "the-same"}
        answer = seen.put(key, "w", **named) if call == "put" else seen.user.ask("GET", path, headers=named)
        refused(answer, *((403, "Forbidden") if call == "put" else (404, "NotFound")))
        found[key] = (answer.compared, *repo.api.asked(kube, vault))
    assert found["THERE"] == found["NOT_THERE"]
    assert set(found["THERE"][1]) == {"create subjectaccessreviews"}
    assert found["THERE"][2] == []


def test_an_operation_of_another_key_repository_or_tenant_is_none(
    repo: Repo, installed: Any, users: Callable[..., User]
) -> None:
    operation = repo.accepted("TOKEN", "v")
    repo.becomes(operation, "success")
    repo.becomes(repo.accepted("OTHER", "v"), "success")
    other = Repo.new(repo.api, repo.user)
    other.becomes(other.accepted("TOKEN", "v"), "success")
    for path in (
        f"{repo.path('OTHER')}/operations/{operation['operation_id']}",
        f"{other.path('TOKEN')}/operations/{operation['operation_id']}",
        f"{repo.path('NONE')}/operations/{operation['operation_id']}",
    ):
        refused(repo.user.ask("GET", path), 404, "NotFound")
    tenant = f"tenant-{secrets.token_hex(4)}"
    installed.kube.create("/api/v1/namespaces", {"metadata": {"name": tenant}})
    try:
        stranger = users(namespace=tenant)
        refused(repo.seen_by(stranger).poll(operation), 404, "NotFound")
        named = repo.user.ask(
            "GET", urlsplit(operation["status_url"]).path, headers={"X-Slotwarden-Organization": tenant}
        )
        refused(named, 404, "NotFound")
        refused(repo.seen_by(stranger).put("TOKEN", "w"), 403, "Forbidden")
    finally:
        installed.kube.delete(f"/api/v1/namespaces/{tenant}")


def test_another_tenant_may_be_let_in(repo: Repo, installed: Any, users: Callable[..., User]) -> None:
    tenant = f"tenant-{secrets.token_hex(4)}"
    installed.kube.create("/api/v1/namespaces", {"metadata": {"name": tenant}})
    try:
        guest = users(SET, CREATE, namespace=tenant)
        place = {"X-Slotwarden-Organization": repo.api.namespace}
        answer = guest.ask("PUT", repo.path("TOKEN"), {"value": encoded("v")}, headers=place)
        assert answer.code == 202, answer
        repo.becomes(answer.body, "success")
        repo.holds({"TOKEN": "v"})
    finally:
        installed.kube.delete(f"/api/v1/namespaces/{tenant}")
