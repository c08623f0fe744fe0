"""Known values go through every door, the wrong ones too, and are then looked for wherever they must not be."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from testbed.clients.kube import core, slots
from testbed.wait import eventually
from tests.e2e.environments import Environment, into
from tests.e2e.environments import sourced as env_sourced
from tests.e2e.places import all_places
from tests.e2e.support import WATCH, condition, git, registry
from tests.e2e.world import WRITES, World, git_sourced, kinds, manifest, sourced
from tests.support.leaks import find

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from testbed.operator import Operator
    from testbed.session import Session

# What is looked through is its log, and its rights are taken away.
pytestmark = pytest.mark.own_operator


# The text around the run is changed by each encoding, so that a form is found only by its own name.
SHAPE = 'c"&<ü/+ {run} ~\\>z'
FOLLOWED = {WATCH: "true"}
SOURCES = {"source", "followed", "unusable", "env-source", "env-followed"}
# Imported at the start of every Python process that finds it: here, of the operator alone.
LEAKING = """
import logging
from slotwarden.cluster import secrets

encode = secrets._encode

def leak(data):
    for value in data.values():
        logging.getLogger("slotwarden.leak").debug("about to write %s", value.reveal_text())
    return encode(data)

secrets._encode = leak
"""


def _canary() -> str:
    return SHAPE.format(run=f"Canary{secrets.token_hex(12)}")


def _doors_that_store(world: World, value: Callable[[], str]) -> None:
    """Inline, from sources, again, with another value, and written to Vault by somebody else."""
    world.make_secret("source", {"value": value()})
    world.make_secret("followed", {"value": value()}, labels=FOLLOWED)
    wanted = manifest(registry(value()), "inline-registry")
    world.apply(
        wanted,
        manifest(git(value()), "inline-git"),
        manifest(sourced(refreshInterval="1s"), "sourced"),
        manifest(git_sourced("followed"), "follower"),
    )
    world.session.kubectl(
        *("apply", "--server-side", "-f", "-"),
        stdin=manifest(registry(value()), "server-side"),
        namespace=world.namespace,
        check=True,
    )
    names = ("inline-registry", "inline-git", "sourced", "follower", "server-side")
    for name in names:
        world.ready(name)
    world.apply(wanted, manifest(git(value()), "inline-git"))
    world.set_secret("source", value=value())
    world.set_secret("followed", value=value())
    stored = {**world.stored("server-side"), "password": value()}
    world.vault.write(world.entry("server-side"), stored)
    world.refreshed("server-side")
    for name in ("inline-git", "sourced", "follower", "server-side"):
        eventually(lambda name=name: world.slot(name)["status"]["vault"]["version"] == 2, message=f"{name} rotates")
    eventually(lambda: all("password" not in json.dumps(world.slot(name)["spec"]) for name in names[:1]))
    for name in names:
        world.ready(name)


def _doors_of_an_environment(world: World, value: Callable[[], str]) -> None:
    """The same doors, and the one that announces what it is about to write."""
    shop = _environment(world)
    shop.make_secret("env-source", {"value": value()})
    shop.make_secret("env-followed", {"value": value()}, labels=FOLLOWED)
    wanted = shop.manifest("inline", {"value": value()})
    shop.apply(
        wanted,
        shop.manifest("sourced", env_sourced("env-source", refreshInterval="1s")),
        shop.manifest("follower", env_sourced("env-followed")),
        shop.manifest("announced"),
    )
    names = ("inline", "sourced", "follower")
    for name in names:
        shop.ready(name)
    shop.give("announced", value(), 1)
    shop.ready("announced")
    shop.apply(shop.manifest("inline", {"value": value()}))
    shop.set_secret("env-source", value=value())
    shop.set_secret("env-followed", value=value())
    shop.give("announced", value(), 2, "r-2")
    for name in (*names, "announced"):
        eventually(lambda name=name: shop.slot(name)["status"]["vault"]["version"] == 2, message=f"{name} rotates")
        shop.ready(name)


def _what_stands_back_in_an_environment(world: World, value: str) -> set[str]:
    """Of one identity, of one key, where there is no room, where Vault says no; those that still hold theirs inline."""
    shop = _environment(world)
    shop.make_secret("env-foreign", {"k": "v"})
    for name in ("large", "larger"):
        shop.made(name, {"value": "x" * 500 * 1024, **into("full")})
    shop.vault.write(shop.entry("by-hand"), {"value": value, "value_base64": value})
    shop.apply(
        shop.manifest("no-room", {"value": value + "x" * 100 * 1024, **into("full")}),
        shop.manifest("by-hand"),
        shop.manifest("stranger", {"value": value, **into("env-foreign")}),
    )
    # kubectl's record of it would be too long for an annotation.
    shop.create("too-long", {"value": value + "x" * 512 * 1024})
    shop.told("no-room", "SecretTooLarge")
    shop.told("too-long", "InvalidValue")
    shop.told("by-hand", "InvalidValue")
    shop.told("stranger", "ForeignSecret")
    rivals = {"key": "RIVAL", "value": value}
    shop.create("one", rivals)
    shop.create("two", rivals)
    older, younger = sorted(
        ("one", "two"), key=lambda name: [shop.slot(name)["metadata"][k] for k in ("creationTimestamp", "uid")]
    )
    shop.told(younger, "NameConflict")
    # Made within a second, the older by its uid may find the entry claimed by the other one.
    eventually(lambda: condition(shop.slot(older))["reason"] in ("Ready", "NotOwner"))
    return {"too-long", "one", "two"}


def _environment(world: World) -> Environment:
    return Environment(world.session, world.namespace, world.prefix, world.operator)


def _what_the_api_server_rejects(world: World, value: str) -> dict[str, str]:
    """Objects that are no SecretSlots; what kubectl says of each."""
    wrong: dict[str, Any] = {
        "scheme": registry(value, "https://ghcr.io"),
        "both": {**registry(value), **git(value)},
        "two-sources": {"registry": {**sourced()["registry"], "password": value}},
        "an-object": {"registry": {"serverAddress": "ghcr.io", "username": "bot", "password": {"is": value}}},
        "a-list": {"git": {"url": "https://github.com", "username": "bot", "token": [value]}},
        "a-field-too-many": {"registry": {**registry(value)["registry"], "passwd": value}},
    }
    said = {}
    shop = _environment(world)
    wrong_env: dict[str, Any] = {
        "two-sources": {"value": value, **env_sourced("env-source")},
        "an-object": {"value": {"is": value}},
        "a-list": {"value": [value]},
        "a-field-too-many": {"valve": value},
        "a-key": {"key": value, "value": value},
    }
    for name, spec in wrong_env.items():
        done = world.session.kubectl("create", "-f", "-", stdin=shop.manifest(name, spec), namespace=world.namespace)
        assert done.code != 0, f"{name} is taken: {done.stdout}"
        said[f"kubectl on the environment's {name}"] = done.stdout + done.stderr
    for name, spec in wrong.items():
        done = world.session.kubectl("create", "-f", "-", stdin=manifest(spec, name), namespace=world.namespace)
        assert done.code != 0, f"{name} is taken: {done.stdout}"
        said[f"kubectl on {name}"] = done.stdout + done.stderr
    return said


def _what_the_operator_refuses(world: World, value: str) -> set[str]:
    """Values that are no credentials, and one that Vault does not let in; the slots that still hold theirs inline."""
    policy = f"sys/policies/acl/slotwarden-operator-{world.namespace}"
    rules = world.vault.request("GET", policy)["data"]["policy"]
    where = f"{world.vault.mount}/data/{world.entry('denied')}"
    world.vault.write_policy(policy.rpartition("/")[2], f'{rules}\npath "{where}" {{ capabilities = ["deny"] }}\n')
    world.make_secret("unusable", {"value": f"{value}\n"})
    world.vault.write(world.entry("by-hand"), {"username": "a:b", "password": value, "server_address": "ghcr.io"})
    world.make_secret("foreign", {"k": "v"})
    world.apply(
        manifest(registry(value), "denied"),
        manifest(git(f"{value}\n"), "newline"),
        manifest(git_sourced("unusable"), "unusable"),
        manifest(registry(), "by-hand"),
        manifest(registry(value), "foreign"),
    )
    world.told("denied", "VaultDenied")
    for name in ("newline", "unusable", "by-hand"):
        world.told(name, "InvalidValue")
    world.told("foreign", "ForeignSecret")
    return {"denied", "newline"}


def test_no_value_is_left_anywhere_but_in_secrets_and_vault(world: World) -> None:
    values: list[str] = []

    def value() -> str:
        values.append(_canary())
        return values[-1]

    world.barrier()
    kube, vault = world.mark(), world.session.vault_audit.mark()
    _doors_that_store(world, value)
    stored = values[-1], values[-3]
    _doors_of_an_environment(world, value)
    said = _what_the_api_server_rejects(world, value())
    refused = _what_the_operator_refuses(world, value()) | _what_stands_back_in_an_environment(world, value())
    world.barrier()
    places = {**all_places(world, kube, vault, SOURCES, refused), **said}
    assert tuple(world.stored(name)["password"] for name in ("server-side", "sourced")) == stored
    assert {"log", "metrics", "environment"} <= places.keys()
    assert any("/events/" in place for place in places)
    assert any(place.endswith("/secretslots/inline-git") for place in places)
    assert any(place.endswith("/secrets/foreign") for place in places)
    assert any(place.endswith("/envsecrets/announced") for place in places)
    assert any("patch" in place and "/status" in place for place in places)
    assert [leak for value in values for leak in find(value, places)] == []


def test_the_audit_log_has_the_users_apply_and_not_the_operators_writes(world: World) -> None:
    """Why inline is a convenience and not a safe: a cluster that audits whole requests keeps what the user sent."""
    value = _canary()
    mark = world.mark()
    world.apply(manifest(registry(value)))
    world.ready("pull")
    audit = world.session.kube_audit.events(since=mark, namespace=world.namespace)
    sent = [e for e in audit if e["verb"] == "create" and e["objectRef"]["resource"] == "secretslots"]
    assert find(value, {"the user's apply": json.dumps(sent, ensure_ascii=False)})
    written = [e for e in world.requests(mark, "pull", WRITES) if e["objectRef"]["resource"] == "secretslots"]
    assert kinds(written) == ["patch secretslots", "patch secretslots/status"]
    assert all("requestObject" in event and "responseObject" in event for event in written)
    assert not find(value, {f"{e['verb']} {e['requestURI']}": json.dumps(e, ensure_ascii=False) for e in written})


def test_vaults_audit_log_has_the_request_and_a_mac_of_the_value(world: World) -> None:
    value = _canary()
    mark = world.session.vault_audit.mark()
    world.apply(manifest(registry(value)))
    world.ready("pull")
    requests = world.session.vault_audit.requests(world.entry("pull"), since=mark)
    (sent,) = [r["data"]["data"] for r in requests if "data" in (r.get("data") or {})]
    assert sent.keys() == {"username", "password", "server_address"}
    assert all(text.startswith("hmac-sha256:") for text in sent.values())


def _event(world: World, text: str) -> None:
    about = {"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot", "name": "pull", "namespace": world.namespace}
    body = {"metadata": {"name": "planted"}, "involvedObject": about, "reason": "Planted", "message": text}
    world.kube.create(core(world.namespace, "events"), body)


def _annotation(world: World, text: str) -> None:
    world.kube.patch(slots(world.namespace, "pull"), {"metadata": {"annotations": {"planted": text}}})


def _config_map(world: World, text: str) -> None:
    held = base64.b64encode(b"x" + text.encode()).decode()
    world.kube.create(core(world.namespace, "configmaps"), {"metadata": {"name": "planted"}, "data": {"k": held}})


PLANTED = {"/events/planted": _event, "/secretslots/pull": _annotation, "/configmaps/planted": _config_map}


@pytest.mark.parametrize("where", PLANTED)
def test_a_leak_into_an_object_is_found(world: World, where: str) -> None:
    value = _canary()
    kube, vault = world.mark(), world.session.vault_audit.mark()
    world.apply(manifest(registry(value)))
    world.ready("pull")
    PLANTED[where](world, value)
    leaks = find(value, all_places(world, kube, vault, set(), set()))
    assert [leak.where for leak in leaks if leak.where.endswith(where)], leaks


def test_a_leak_into_the_log_of_the_operator_is_found(
    installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str, tmp_path: Path
) -> None:
    """An operator that logs what it writes, by its own logger, past its own redaction."""
    (tmp_path / "sitecustomize.py").write_text(LEAKING)
    running = operator(namespace, env={"PYTHONPATH": str(tmp_path)})
    world = World(installed, namespace, vault_prefix, running)
    value = _canary()
    kube, vault = world.mark(), world.session.vault_audit.mark()
    world.apply(manifest(git(value)))
    world.ready("pull")
    leaks = find(value, all_places(world, kube, vault, set(), set()))
    assert {leak.where for leak in leaks} == {"log"}
