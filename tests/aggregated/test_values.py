"""A value's way through the aggregation layer, for both kinds: declared, set, projected, read, taken back."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.aggregated.kinds import KINDS, RIVAL, body_of, declare, of_kind, secret_value
from tests.aggregated.users import User
from tests.e2e.support import condition, has_condition
from tests.support.leaks import find

if TYPE_CHECKING:
    from tests.e2e.support import Json, Organization

KIB = 1024
pytestmark = pytest.mark.usefixtures("gateway")
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def admin(org: Organization) -> User:
    return User(org)


@pytest.fixture
def name() -> str:
    return f"value-{secrets.token_hex(3)}"


def canary() -> str:
    return f'c"&<ü/+ Canary{secrets.token_hex(12)} ~\\>z'


def done(user: User, what: str, body: Json) -> Json:
    """The answer to what is allowed and right."""
    said = user.post(what, body)
    assert said.code == 0, said.stderr
    found: Json = json.loads(said.stdout)
    return found


def refusal(user: User, what: str, body: Json) -> str:
    """What is said to what is not."""
    said = user.post(what, body)
    assert said.code == 1, said.stdout
    return said.stderr


@each_kind
def test_declared_first_and_given_its_value_later(org: Organization, admin: User, name: str, kind: str) -> None:
    value, seen = canary(), of_kind(org, kind)
    secret = declare(org, kind, name)
    waiting = seen.told(name, "AwaitingValue")
    assert condition(waiting)["status"] == "False"
    assert not has_condition(waiting, "Stalled")
    assert org.find_secret(secret) is None
    answer = done(admin, f"{kind}/{name}/value", {**body_of(kind, value), "requestID": "r-1"})
    ready = seen.ready(name)
    assert secret_value(org, kind, secret) == value
    assert answer == {
        "apiVersion": "values.slotwarden.io/v1beta1",
        "kind": "ValueVersion",
        "metadata": {"namespace": org.namespace, "name": name, "uid": waiting["metadata"]["uid"]},
        "version": 1,
        "createdTime": answer["createdTime"],
        "changed": True,
        "requestID": "r-1",
    }
    again = done(admin, f"{kind}/{name}/value", {**body_of(kind, value), "requestID": "r-2"})
    assert (again["version"], again["changed"], again["requestID"]) == (1, False, "r-2")
    told = {"answers": json.dumps([answer, again]), "the object": json.dumps([ready, seen.slot(name)])}
    assert find(value, told) == []
    # Generations are the user's: no spec was written.
    assert ready["metadata"]["generation"] == waiting["metadata"]["generation"] == 1


@each_kind
def test_history_and_the_way_back(org: Organization, admin: User, name: str, kind: str) -> None:
    first, second, seen = canary(), canary(), of_kind(org, kind)
    secret, path = declare(org, kind, name), f"{kind}/{name}"
    for value in (first, second):
        done(admin, f"{path}/value", body_of(kind, value))
    seen.ready(name)
    field = next(field for field in ("password", "value") if field in body_of(kind, ""))
    assert done(admin, f"{path}/reveal", {})[field] == second
    assert done(admin, f"{path}/reveal", {"version": 1})[field] == first
    listed = json.loads(admin.get(f"{path}/versions").stdout)
    assert [(item["version"], item["state"]) for item in listed["items"]] == [(2, "Current"), (1, "Superseded")]
    answer = done(admin, f"{path}/rollback", {"version": 1})
    assert (answer["version"], answer["changed"]) == (3, True)
    assert find(first, {"": json.dumps([answer, listed])}) == []
    org.barrier()
    seen.ready(name)
    assert secret_value(org, kind, secret) == first
    refused = refusal(admin, f"{path}/rollback", {"version": 9})
    assert "version" in refused


@each_kind
def test_a_dry_run_writes_nothing(org: Organization, admin: User, name: str, kind: str) -> None:
    value, seen = canary(), of_kind(org, kind)
    declare(org, kind, name)
    before, mark, kube = seen.told(name, "AwaitingValue"), org.session.vault_audit.mark(), org.mark()
    answer = done(admin, f"{kind}/{name}/value?dryRun=All", body_of(kind, value))
    assert (answer["version"], answer["changed"], "createdTime" in answer) == (1, True, False)
    assert "dryRun" in refusal(admin, f"{kind}/{name}/value?dryRun=Some", body_of(kind, value))
    org.barrier()
    assert seen.slot(name)["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    operations = {request["operation"] for request in org.session.vault_audit.requests(seen.entry(name), since=mark)}
    assert operations <= {"read"}
    writes = org.session.kube_audit.events(since=kube, verbs={"create", "patch", "update"}, namespace=org.namespace)
    assert [
        e for e in writes if e["objectRef"].get("name") == name and e["objectRef"]["apiGroup"] == "slotwarden.io"
    ] == []


@each_kind
def test_a_source_is_named_and_nothing_else_sets_the_value(
    org: Organization, admin: User, name: str, kind: str
) -> None:
    value = canary()
    declare(org, kind, name, source=f"source-{name}")
    said = refusal(admin, f"{kind}/{name}/value", body_of(kind, value))
    assert said.startswith("Error from server (Conflict): ")
    field = "spec.registry.passwordFrom" if kind == "secretslots" else "spec.valueFrom"
    assert f"{field} takes the value from key value of Secret source-{name}" in said
    assert find(value, {"": said}) == []
    assert "Conflict" in refusal(admin, f"{kind}/{name}/rollback", {"version": 1})


@each_kind
def test_the_version_that_is_expected(org: Organization, admin: User, name: str, kind: str) -> None:
    seen, path = of_kind(org, kind), f"{kind}/{name}/value"
    declare(org, kind, name)
    first = body_of(kind, "first")
    assert "no value was set yet" in refusal(admin, path, {**first, "expectedVersion": 1})
    assert done(admin, path, {**first, "expectedVersion": 0})["version"] == 1
    assert "the newest version is 1" in refusal(admin, path, {**body_of(kind, "second"), "expectedVersion": 0})
    assert done(admin, path, {**body_of(kind, "second"), "expectedVersion": 1})["version"] == 2
    assert org.vault.version(seen.entry(name)) == 2


@each_kind
def test_what_is_too_large(org: Organization, admin: User, name: str, kind: str) -> None:
    declare(org, kind, name)
    path = f"{kind}/{name}/value"
    large = refusal(admin, path, body_of(kind, "c4nary" * (600 * KIB // 6)))
    assert "is invalid" in large
    larger = refusal(admin, path, body_of(kind, "c4nary" * (1600 * KIB // 6)))
    assert larger.startswith("Error from server (RequestEntityTooLarge)")
    assert "c4nary" not in large + larger
    assert org.vault.metadata(of_kind(org, kind).entry(name)) is None


def test_an_older_object_of_the_same_key(org: Organization, admin: User, name: str) -> None:
    kind = "envsecrets"
    seen = of_kind(org, kind)
    rival = f"{name}{RIVAL}"
    for each in (name, rival):
        declare(org, kind, each)
    older, younger = sorted((name, rival), key=lambda each: _age(seen.slot(each)))
    seen.told(younger, "NameConflict")
    seen.told(older, "AwaitingValue")
    said = refusal(admin, f"{kind}/{younger}/value", {"value": "first"})
    assert f"NameConflict: {older} is older" in said
    done(admin, f"{kind}/{older}/value", {"valueBase64": base64.b64encode(b"first").decode()})
    seen.ready(older)
    seen.told(younger, "NameConflict")


def _age(found: Json) -> tuple[str, str]:
    return found["metadata"]["creationTimestamp"], found["metadata"]["uid"]
