"""kubectl, the namespace controller and the API server's own documents, with the aggregated API installed."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import slots
from testbed.wait import eventually
from tests.aggregated.users import GROUP, ROOT, User, rule
from tests.e2e.support import passwords, registry

if TYPE_CHECKING:
    from testbed.gateway import Gateway
    from tests.e2e.support import Organization

LONG = "more than a body may hold"
pytestmark = pytest.mark.usefixtures("gateway")


@pytest.fixture
def admin(org: Organization) -> User:
    return User(org)


def test_a_value_is_set_and_projected(org: Organization, admin: User, gateway: Gateway) -> None:
    value = f"c4nary{secrets.token_hex(12)}"
    org.create("set", registry(username=None))
    org.told("set", "AwaitingValue")
    done = admin.post("secretslots/set/value", {"username": "bot", "password": value, "requestID": "first"})
    assert (done.code, json.loads(done.stdout)["version"]) == (0, 1)
    assert value not in done.stdout
    org.ready("set")
    assert passwords(org.secret("set")) == {"ghcr.io": value}
    (operation,) = org.slot("set")["status"]["operations"]
    assert (operation["requestID"], operation["state"], operation["version"]) == ("first", "Succeeded", 1)
    assert value not in json.dumps(org.slot("set"))
    assert json.loads(admin.post("secretslots/set/reveal").stdout)["password"] == value
    assert value not in gateway.log_text()
    assert gateway.metrics().value("slotwarden_value_writes_total", resource="secretslots", outcome="succeeded") >= 1
    lines = [json.loads(line) for line in gateway.log_text().splitlines()]
    audited = [line for line in lines if line["logger"] == "slotwarden.audit" and line["name"] == "set"]
    assert [(line["event"], line["version"], line["user"]) for line in audited] == [
        ("set a value", 1, "testbed-admin"),
        ("read a value", 1, "testbed-admin"),
    ]


@pytest.mark.parametrize(
    ("what", "body", "said"),
    [
        ("refused/value", {"username": "bot"}, 'The secretslots "refused" is invalid: password: is required'),
        ("refused/value", "password: c4nary", "Error from server (BadRequest): the body is not JSON"),
        ("refused/value", {"c4nary": 1}, "Error from server (BadRequest): the body has a member that kind Value"),
        (
            "refused/value",
            {"username": "b", "password": "c4nary", "expectedVersion": 4},
            "Error from server (Conflict): ",
        ),
        ("refused/value", LONG, "Error from server (RequestEntityTooLarge): the body is longer than"),
        ("refused/reveal", {}, "Error from server (NotFound): no value was set yet"),
        ("missing/value", {}, 'Error from server (NotFound): secretslots.slotwarden.io "missing" not found'),
    ],
)
def test_what_is_wrong_is_said(
    org: Organization, admin: User, what: str, body: dict[str, object] | str, said: str
) -> None:
    if org.kube.find(slots(org.namespace, "refused")) is None:
        org.create("refused", registry(username=None))
    done = admin.post(f"secretslots/{what}", "c4nary" * 300_000 if body == LONG else body)
    assert done.code == 1
    assert done.stderr.startswith(said)
    assert "c4nary" not in done.stderr


def test_permissions_are_those_of_rbac(org: Organization) -> None:
    for name in ("mine", "theirs"):
        org.create(name, registry(username=None))
    body = {"username": "bot", "password": "first"}
    owner = User.who_may(org, rule("secretslots/value"))
    one = User.who_may(org, rule("secretslots/value", "secretslots/reveal", resourceNames=["mine"]))
    everything = User.who_may(org, rule("*", verbs=("get", "list", "watch"), group="*"))
    stranger = User(org, f"stranger-{secrets.token_hex(4)}")
    eventually(lambda: owner.post("secretslots/mine/value", body).code == 0, message="the role holds")
    assert forbidden(owner, "secretslots/mine/reveal")
    assert eventually(lambda: one.post("secretslots/mine/reveal").stdout, message="the role holds")
    assert forbidden(one, "secretslots/theirs/value", "secretslots/theirs/reveal", "secretslots/nothing/reveal")
    eventually(lambda: everything.get("secretslots/mine/versions").code == 0, message="the role holds")
    assert forbidden(everything, "secretslots/mine/reveal", "secretslots/mine/value", "secretslots/mine/rollback")
    assert forbidden(stranger, "secretslots/mine/value", "secretslots/mine/reveal", "secretslots/nothing/reveal")
    assert "Forbidden" in stranger.get("secretslots/mine/versions").stderr
    assert owner.can("create", "secretslots/mine", "value")
    assert not owner.can("create", "secretslots/mine", "reveal")
    assert one.can("create", "secretslots/mine", "reveal")
    assert not one.can("create", "secretslots/theirs", "reveal")


def forbidden(user: User, *paths: str) -> bool:
    """Whether the user is told of each that it is forbidden, in the same words whether it is there or not."""
    said = [user.post(path).stderr for path in paths]
    expected = "Error from server (Forbidden): secretslots.values.slotwarden.io"
    return all(each.startswith(expected) for each in said)


def test_objects_are_still_found_by_their_names(org: Organization, admin: User) -> None:
    org.create("named", registry(username=None))
    for name in ("secretslots", "secretslot", "sslot", "secretslots.slotwarden.io"):
        assert admin.kubectl("get", name, "named", "-o", "name").stdout == "secretslot.slotwarden.io/named\n"
    listed = admin.kubectl("api-resources", "--no-headers", "-o", "name")
    assert (listed.code, listed.stderr) == (0, "")
    assert [line for line in listed.stdout.splitlines() if "slotwarden" in line] == [
        "envsecrets.slotwarden.io",
        "secretslots.slotwarden.io",
    ]
    assert "FIELD: value <string>" in admin.kubectl("explain", "envsecrets.spec.value").stdout
    assert "KIND:       SecretSlot" in admin.kubectl("explain", "secretslots").stdout
    words = ("create", "role", "r", "--verb=create", f"--resource=secretslots.{GROUP}/value", "--dry-run=client")
    assert admin.kubectl(*words, "-o", "name").code == 0


def test_the_api_server_takes_over_the_descriptions(org: Organization) -> None:
    kube = org.kube
    paths = {f"{ROOT}/namespaces/{{namespace}}/secretslots/{{name}}/value"}

    def described() -> bool:
        old = kube.get("/openapi/v2")
        assert paths <= set(old["paths"])
        assert "io.slotwarden.values.v1beta1.Value" in old["definitions"]
        index = kube.get("/openapi/v3")["paths"]
        assert paths <= set(kube.get(index[ROOT.removeprefix("/")]["serverRelativeURL"])["paths"])
        return True

    eventually(described, 60, message="the API server describes the values API")


def test_namespaces_still_end(org: Organization) -> None:
    name = f"ends-{secrets.token_hex(3)}"
    org.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    org.kube.create(
        slots(name),
        {
            "apiVersion": "slotwarden.io/v1beta1",
            "kind": "SecretSlot",
            "metadata": {"name": "pull"},
            "spec": registry(username=None),
        },
    )
    org.kube.delete(f"/api/v1/namespaces/{name}")
    eventually(lambda: org.kube.find(f"/api/v1/namespaces/{name}") is None, 60, message="the namespace is gone")
