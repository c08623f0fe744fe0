"""Door c: a value in the manifest goes to Vault and to the Secret, and leaves the object without a trace."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import git, registry
from tests.e2e.world import LAST_APPLIED, WRITES, kinds, manifest

if TYPE_CHECKING:
    from testbed.clients.kubectl import Result
    from tests.e2e.world import World

PASSWORD = "Pa55-of-the-bot"
TOKEN = "T0ken-of-the-bot"


def _client_side(world: World, wanted: dict[str, Any]) -> Result:
    return world.session.kubectl.apply(wanted, namespace=world.namespace, check=True)


def _server_side(world: World, wanted: dict[str, Any]) -> Result:
    words = ("apply", "--server-side", "-f", "-")
    return world.session.kubectl(*words, stdin=wanted, namespace=world.namespace, check=True)


def _create(world: World, wanted: dict[str, Any]) -> Result:
    return world.session.kubectl("create", "-f", "-", stdin=wanted, namespace=world.namespace, check=True)


WAYS = {"client-side": _client_side, "server-side": _server_side, "create": _create}


def test_a_registry_password_is_stored_and_projected(world: World) -> None:
    for name, bring in WAYS.items():
        bring(world, manifest(registry(PASSWORD), name))
    for name in WAYS:
        found = world.ready(name)
        assert world.stored(name) == {"username": "bot", "password": PASSWORD, "server_address": "ghcr.io"}
        entry = json.loads(world.bytes_of(name)[".dockerconfigjson"])["auths"]["ghcr.io"]
        assert (entry["username"], entry["password"]) == ("bot", PASSWORD)
        assert found["status"]["hasValue"] is True
        assert found["status"]["type"] == "registry"
        assert (found["status"]["vault"]["version"], world.stored_version(name)) == (1, 1)
        assert found["status"]["vault"]["path"].endswith(world.entry(name))


def test_a_git_token_is_stored_and_projected(world: World) -> None:
    for name, bring in WAYS.items():
        bring(world, manifest(git(TOKEN), name))
    for name in WAYS:
        world.ready(name)
        assert world.stored(name) == {"username": "bot", "token": TOKEN, "url": "https://github.com"}
        assert world.bytes_of(name) == {"username": b"bot", "password": TOKEN.encode()}


def test_the_entry_names_its_owner(world: World) -> None:
    world.apply(manifest(registry(password=PASSWORD)))
    found = world.ready("pull")
    kube = world.session.kube
    named = world.session.vault.metadata(world.entry("pull"))
    assert named is not None
    assert named["custom_metadata"] == {
        "slotwarden.io/cluster": kube.get("/api/v1/namespaces/kube-system")["metadata"]["uid"],
        "slotwarden.io/namespace-uid": kube.get(f"/api/v1/namespaces/{world.namespace}")["metadata"]["uid"],
        "slotwarden.io/object-uid": found["metadata"]["uid"],
        "slotwarden.io/deletion-policy": "Delete",
    }


@pytest.mark.parametrize(
    ("spec", "value"), [(registry(PASSWORD), PASSWORD), (git(TOKEN), TOKEN)], ids=["registry", "git"]
)
def test_the_scrub_is_one_guarded_patch_that_leaves_no_trace(world: World, spec: dict[str, Any], value: str) -> None:
    mark = world.mark()
    for name, bring in WAYS.items():
        bring(world, manifest(spec, name, labels={"team": "a"}))
    for name in WAYS:
        world.ready(name)
        (scrub,) = [e for e in world.requests(mark, name, WRITES) if kinds([e]) == ["patch secretslots"]]
        assert scrub["requestObject"]["metadata"]["resourceVersion"]
        assert scrub["responseStatus"]["code"] == 200
        assert value not in json.dumps(scrub)
        words = ("get", "sslot", name, "-o=json", "--show-managed-fields")
        shown = world.session.kubectl(*words, namespace=world.namespace, check=True).stdout
        assert '"f:spec"' in shown
        traces = [value, '"password"', '"token"', '"f:password"', '"f:token"', '\\"password\\"', '\\"token\\"']
        assert [trace for trace in traces if trace in shown] == []
    assert value not in json.dumps(world.session.kube.list(core(world.namespace, "events")))
    assert value not in world.operator.log_text()


def test_the_rest_of_last_applied_is_what_kubectl_wrote(world: World) -> None:
    wanted = manifest(registry(password=PASSWORD), labels={"team": "a"}, annotations={"note": "ü & <b>"})
    world.apply(wanted)
    found = world.ready("pull")
    del wanted["spec"]["registry"]["password"]
    wanted["metadata"]["namespace"] = world.namespace
    assert json.loads(found["metadata"]["annotations"][LAST_APPLIED]) == wanted


def test_a_record_that_is_nested_too_deep_to_be_read_stops_nobody(world: World) -> None:
    """Anybody who may write one object may write this into it; the operator meets it in a watch, then in its list."""
    deep = '{"password":' * 5000
    world.create("deep", registry(PASSWORD), annotations={LAST_APPLIED: deep})
    world.ready("deep")
    world.operator.stop()
    world.patch({"metadata": {"annotations": {LAST_APPLIED: deep}}}, "deep")
    world.create("other", registry(PASSWORD))
    world.operator.start()
    world.ready("other")
    eventually(lambda: "annotations" not in world.slot("deep")["metadata"], message="it is removed")


def test_a_later_apply_merges_as_if_nothing_had_happened(world: World) -> None:
    world.apply(manifest(registry(password=PASSWORD), labels={"old": "1", "both": "1"}))
    world.ready("pull")
    world.patch({"metadata": {"labels": {"others": "1"}}})
    world.apply(manifest(registry(), labels={"both": "2", "new": "1"}))
    found = world.ready("pull")
    assert found["metadata"]["labels"] == {"both": "2", "new": "1", "others": "1"}
    assert world.stored_version() == 1


def test_a_later_server_side_apply_meets_no_conflict(world: World) -> None:
    """The scrub takes the value's field from its owner; it does not own the object's fields thereafter."""
    _server_side(world, manifest(registry(PASSWORD), labels={"old": "1"}))
    world.ready("pull")
    _server_side(world, manifest(registry("another", username="other"), labels={"new": "1"}))
    eventually(lambda: world.stored_version() == 2, message="the new value is stored")
    found = world.ready("pull")
    assert found["metadata"]["labels"] == {"new": "1"}
    assert world.stored() == {"username": "other", "password": "another", "server_address": "ghcr.io"}


def test_a_value_that_was_withdrawn_before_it_was_seen_leaves_kubectls_record_too(world: World) -> None:
    """It was never stored, so the slot waits for a value; the record of it must not wait with it."""
    world.operator.stop()
    world.apply(manifest(registry(PASSWORD), labels={"team": "a"}))
    world.patch({"spec": {"registry": {"password": None}}})
    world.operator.start()
    world.told("pull", "AwaitingValue")
    record = eventually(
        lambda: PASSWORD not in (text := world.slot("pull")["metadata"]["annotations"][LAST_APPLIED]) and text,
        message="the record is scrubbed",
    )
    assert json.loads(record)["metadata"]["labels"] == {"team": "a"}
    assert world.stored_version() == 0


def test_the_same_manifest_again_makes_no_new_version_and_no_new_secret(world: World) -> None:
    wanted = manifest(registry(password=PASSWORD))
    world.apply(wanted)
    world.ready("pull")
    before, vault, kube = world.secret("pull"), world.session.vault_audit.mark(), world.session.kube_audit.mark()
    world.apply(wanted)
    eventually(lambda: "patch secretslots" in world.writes(kube, "pull"), message="the scrub")
    found = world.ready("pull")
    assert PASSWORD not in json.dumps(found)
    assert world.stored_version() == 1
    assert [op for op, _ in world.vault_requests(vault) if op != "read"] == []
    assert world.secret("pull")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_another_value_makes_exactly_one_new_version(world: World) -> None:
    world.apply(manifest(git(token=TOKEN)))
    world.ready("pull")
    uid = world.secret("pull")["metadata"]["uid"]
    world.apply(manifest(git(token="another")))
    eventually(lambda: world.bytes_of()["password"] == b"another", message="the rotation")
    found = world.ready("pull")
    assert world.stored_version() == 2
    assert found["status"]["vault"]["version"] == 2
    assert world.secret("pull")["metadata"]["uid"] == uid


def test_a_change_between_storing_and_scrubbing_is_not_lost(world: World) -> None:
    """Values and labels are edited until a scrub has met a change; then the last of both is there."""
    world.apply(manifest(registry(password="value-0")))
    mark, count = world.session.kube_audit.mark(), 0

    def edit_until_a_scrub_conflicts() -> bool:
        nonlocal count
        count += 1
        world.patch({"spec": {"registry": {"password": f"value-{count}"}}})
        for step in range(5):
            world.patch({"metadata": {"labels": {f"l{count}-{step}": "set"}}})
        tried = [e for e in world.requests(mark, "pull", WRITES) if kinds([e]) == ["patch secretslots"]]
        return any(e["responseStatus"]["code"] == 409 for e in tried)

    eventually(edit_until_a_scrub_conflicts, interval=0.01, message="a scrub meets a change")
    last = f"value-{count}"
    eventually(lambda: world.stored()["password"] == last, message="the last value is stored")
    eventually(lambda: "password" not in world.slot("pull")["spec"]["registry"], message="the last value is scrubbed")
    found = world.ready("pull")
    assert world.stored()["password"] == last
    assert json.loads(world.bytes_of()[".dockerconfigjson"])["auths"]["ghcr.io"]["password"] == last
    labels = {f"l{number}-{step}": "set" for number in range(1, count + 1) for step in range(5)}
    assert found["metadata"]["labels"] == labels
