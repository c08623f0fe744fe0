"""Secrets of repositories through their API: what is accepted, what is refused, and who may do what."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from testbed.wait import eventually
from tests.gateway.support import authority
from tests.published.repositories import RESOURCE, Repo, encoded, refused
from tests.published.support import canary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from testbed.gateway import Gateway
    from tests.published.support import Api, User

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def repo(api: Api, owner: User) -> Repo:
    return Repo.new(api, owner)


def test_a_put_makes_the_secret_and_answers_202_with_the_operation(repo: Repo) -> None:
    value = canary()
    answer = repo.put("API_KEY", value, **{"X-Request-Id": "mine.1"})
    assert (answer.code, answer.headers["x-request-id"]) == (202, "mine.1")
    operation = repo.accepted("API_KEY", value)
    told = answer.body
    assert str(uuid.UUID(told["operation_id"])) == told["operation_id"]
    assert told["operation_id"] not in (operation["operation_id"], "mine.1")
    assert told["status"] in ("scheduled", "in_progress", "success")
    assert all(TIME.fullmatch(told[name]) for name in ("created_at", "modified_at"))
    assert (told["response"], told["error"]) == ({}, None)
    at = urlsplit(told["status_url"])
    assert (at.scheme, at.netloc) == ("https", f"localhost:{repo.api.gateway.port}")
    assert at.path == f"/repos/id:{repo.id}/secrets/API_KEY/operations/{told['operation_id']}"
    assert parse_qs(at.query) == {"secret_group": ["default"]}
    assert repo.becomes(operation, "success")["error"] is None
    repo.holds({"API_KEY": value})
    spec = repo.object("API_KEY")["spec"]
    assert spec == {"project": f"repo-{repo.id}", "environment": "default", "key": "API_KEY"}
    assert not any(value in str(each) for each in (repo.object("API_KEY"), repo.api.gateway.log_text()))


def test_a_plain_client_polls_the_address_as_it_stands(repo: Repo, tmp_path: Path) -> None:
    trusted = tmp_path / "ca.crt"
    trusted.write_text(authority(repo.api.kube, repo.api.namespace))
    operation = repo.accepted("TOKEN", "v")
    headers = {"Authorization": f"Bearer {repo.user.token}"}
    answer = requests.get(operation["status_url"], headers=headers, verify=str(trusted), timeout=30)
    assert (answer.status_code, answer.json()["operation_id"]) == (200, operation["operation_id"])


def test_a_value_is_set_anew(repo: Repo) -> None:
    for value in ("first", "second"):
        repo.becomes(repo.accepted("TOKEN", value), "success")
        repo.holds({"TOKEN": value})


def test_a_group_is_an_environment_of_its_own(api: Api, owner: User) -> None:
    repo = Repo.new(api, owner)
    other = Repo(api, owner, repo.id, "CI_nightly")
    begun = [(one, one.accepted("TOKEN", value)) for one, value in ((repo, "one"), (other, "two"))]
    for one, operation in begun:
        one.becomes(operation, "success")
    assert parse_qs(urlsplit(begun[1][1]["status_url"]).query) == {"secret_group": ["CI_nightly"]}
    assert other.object("TOKEN")["spec"]["environment"] == "CI_nightly"
    repo.holds({"TOKEN": "one"})
    named = owner.ask("PUT", f"{repo.path('TOKEN')}?secret_group=default", {"value": encoded("three")})
    assert named.code == 202
    repo.holds({"TOKEN": "three"})
    asked = owner.ask("GET", urlsplit(begun[1][1]["status_url"]).path)
    refused(asked, 404, "NotFound")


def test_any_bytes_are_a_value(repo: Repo) -> None:
    for value in (b"", bytes(range(256))):
        repo.becomes(repo.accepted("BYTES", value), "success")
        stored = repo.api.vault.read(repo.entry("BYTES"))
        assert stored == ({"value": ""} if not value else {"value_base64": encoded(value)})


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        (b"{", 400, "JSON"),
        (b"[]", 400, "object"),
        ({"value": "Zm9v", "more": 1}, 400, "value"),
        ({}, 422, "value"),
        ({"value": None}, 422, "value"),
        ({"value": 1}, 422, "value"),
        ({"value": "c4nary-not~base64"}, 422, "value"),
        ({"value": "Zm9"}, 422, "value"),
        # The body of the reference itself, where the word is a placeholder.
        ({"value": "example"}, 422, "value"),
    ],
)
def test_a_body_that_is_wrong_is_refused_and_not_echoed(repo: Repo, body: Any, code: int, told: str) -> None:
    answer = repo.user.ask("PUT", repo.path("TOKEN"), body)
    assert told in refused(answer, code, "BadRequest" if code == 400 else "Invalid")
    if code == 422:
        assert [each["field"] for each in answer.body["details"]["fields"]] == ["value"]
    assert b"c4nary" not in answer.raw


def test_a_value_and_a_body_that_are_too_long(repo: Repo) -> None:
    answer = repo.user.ask("PUT", repo.path("TOKEN"), {"value": encoded(b"x" * (512 * 1024 + 1))})
    assert "value" in refused(answer, 422, "Invalid")
    answer = repo.user.ask("PUT", repo.path("TOKEN"), {"value": encoded(b"x" * (1536 * 1024))})
    refused(answer, 413, "RequestEntityTooLarge")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/repos/id:a%20b/secrets/TOKEN", "repo_id"),
        (f"/repos/id:{'x' * 60}/secrets/TOKEN", "repo_id"),
        ("/repos/id:..%2Fup/secrets/TOKEN", "repo_id"),
        ("/repos/id:one/secrets/1TOKEN", "key"),
        (f"/repos/id:one/secrets/{'K' * 254}", "key"),
        ("/repos/id:one/secrets/TOKEN?secret_group=-x", "secret_group"),
        ("/repos/id:one/secrets/TOKEN?secret_group=a&secret_group=b", "secret_group"),
    ],
)
def test_a_name_that_cannot_be_is_refused_by_its_field(owner: User, path: str, field: str) -> None:
    answer = owner.ask("PUT", path, {"value": "Zm9v"})
    assert field in refused(answer, 422, "Invalid")
    assert [each["field"] for each in answer.body["details"]["fields"]] == [field]
    polled = path.replace("?", "/operations/x?") if "?" in path else f"{path}/operations/x"
    refused(owner.ask("GET", polled), 422, "Invalid")


def test_without_a_token(api: Api, owner: User) -> None:
    repo = Repo.new(api, owner)
    for method, path in (("PUT", repo.path("TOKEN")), ("GET", f"{repo.path('TOKEN')}/operations/x")):
        answer = owner.ask(method, path, {"value": "Zm9v"}, headers={"Authorization": "Bearer nobody"})
        assert refused(answer, 401, "Unauthorized")
        assert "www-authenticate" in answer.headers


def test_without_an_organization(api: Api, owner: User) -> None:
    answer = owner.ask(
        "PUT", Repo.new(api, owner).path("T"), {"value": "Zm9v"}, headers={"X-Slotwarden-Organization": "A_"}
    )
    assert "X-Slotwarden-Organization" in refused(answer, 400, "BadRequest")


def test_a_method_and_a_path_that_are_not_there(repo: Repo) -> None:
    answer = repo.user.ask("DELETE", repo.path("TOKEN"))
    refused(answer, 405, "MethodNotAllowed")
    assert "PUT" in answer.headers["allow"]
    refused(repo.user.ask("GET", f"/repos/id:{repo.id}"), 404, "NotFound")


def test_an_operation_can_be_polled_at_once_on_another_replica(repo: Repo, second: Gateway) -> None:
    for number in range(5):
        operation = repo.accepted(f"KEY_{number}", "v")
        assert repo.standing(operation, second)["status"] in ("scheduled", "in_progress", "success")
        assert urlsplit(repo.standing(operation, second)["status_url"]).port == second.port
        again = repo.accepted(f"KEY_{number}", "w", second)
        assert repo.becomes(again, "success")["operation_id"] == again["operation_id"]


def test_the_address_that_clients_know(repo: Repo, make_replica: Callable[..., Gateway]) -> None:
    known = make_replica("--public-url", "https://secrets.example.com/api/")
    operation = repo.accepted("TOKEN", "v", known)
    assert operation["status_url"].startswith(f"https://secrets.example.com/api/repos/id:{repo.id}/secrets/TOKEN/")
    known.stop()


def test_a_deleted_secret_has_no_operations_and_the_next_one_none_of_them(repo: Repo) -> None:
    operation = repo.accepted("TOKEN", "first")
    repo.becomes(operation, "success")
    repo.delete("TOKEN")
    eventually(lambda: repo.poll(operation).code == 404, message="the operation is gone")
    again = repo.accepted("TOKEN", "second")
    refused(repo.poll(operation), 404, "NotFound")
    repo.becomes(again, "success")
    refused(repo.poll(operation), 404, "NotFound")
    assert set(repo.operations("TOKEN")) == {again["operation_id"]}


def test_a_secret_that_takes_its_value_from_elsewhere_is_not_set(repo: Repo) -> None:
    identity = {"project": f"repo-{repo.id}", "environment": "default", "key": "TOKEN"}
    spec = {**identity, "valueFrom": {"secretKeyRef": {"name": "absent", "key": "value"}}}
    metadata = {"name": f"by-hand-{repo.id}"}
    head = {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": metadata}
    repo.api.kube.create(repo.api.objects(RESOURCE), {**head, "spec": spec})
    assert "spec.valueFrom" in refused(repo.put("TOKEN", "v"), 409, "Conflict")


def test_a_secret_that_gitops_manages_takes_a_value_all_the_same(repo: Repo) -> None:
    identity = {"project": f"repo-{repo.id}", "environment": "default", "key": "TOKEN"}
    metadata = {"name": f"by-flux-{repo.id}", "labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}
    head = {"apiVersion": "slotwarden.io/v1beta1", "kind": "EnvSecret", "metadata": metadata}
    repo.api.kube.create(repo.api.objects(RESOURCE), {**head, "spec": identity})
    operation = repo.accepted("TOKEN", "v")
    repo.becomes(operation, "success")
    repo.holds({"TOKEN": "v"})
