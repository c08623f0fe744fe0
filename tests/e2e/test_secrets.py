"""Secrets are what kubectl itself would make, carry the pinned labels, and go when their slots go."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from testbed.wait import eventually
from tests.e2e.support import MANAGED_BY, OWNER, WATCH, git, projected, registry
from tests.e2e.world import manifest, sourced

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.clients.kubectl import Kubectl
    from tests.e2e.world import World

HUB = "https://index.docker.io/v1/"
KEY_FILE = (
    json.dumps({"type": "service_account", "private_key": "-----BEGIN-----\nü&<>\n", "id": '"1"'}, indent=2) + "\n"
)
AWKWARD = "quote\" back\\slash new\nline tab\t ünïcödé ☃ & < > \u2028 \u2029 'x' $HOME {{x}}"
# By slot: the server as the user writes it, the key that kubectl is given, user and password.
REGISTRIES = {
    "plain": ("ghcr.io", "ghcr.io", "bot", "s3cret"),
    "port": ("registry.example.com:5000", "registry.example.com:5000", "bot", "s3cret"),
    "hub-absent": (None, HUB, "foo", "bar"),
    "hub-empty": ("", HUB, "foo", "bar"),
    "hub-docker": ("docker.io", HUB, "foo", "bar"),
    "hub-index": ("index.docker.io", HUB, "foo", "bar"),
    "hub-registry": ("registry-1.docker.io", HUB, "foo", "bar"),
    "key-file": ("europe-docker.pkg.dev", "europe-docker.pkg.dev", "_json_key", KEY_FILE),
    "awkward": ("ghcr.io", "ghcr.io", "bøt & <co>", AWKWARD),
}


def _kubectl_makes(kubectl: Kubectl, *words: str) -> tuple[str, dict[str, bytes]]:
    secret = kubectl("create", "secret", *words, "--dry-run=client", "-o=json", check=True).json()
    return secret["type"], {key: base64.b64decode(value) for key, value in secret["data"].items()}


def _is(world: World, name: str) -> tuple[str, dict[str, bytes]]:
    return world.secret(name)["type"], world.bytes_of(name)


def test_registry_secrets_are_byte_equal_to_those_of_kubectl(world: World, kubectl: Kubectl) -> None:
    world.apply(*(manifest(registry(p, s, u), name) for name, (s, _, u, p) in REGISTRIES.items()))
    for name, (_, key, user, password) in REGISTRIES.items():
        world.ready(name)
        words = (f"--docker-server={key}", f"--docker-username={user}", f"--docker-password={password}")
        assert _is(world, name) == _kubectl_makes(kubectl, "docker-registry", "x", *words), name


def test_a_key_file_from_a_source_is_byte_equal_to_that_of_kubectl(world: World, kubectl: Kubectl) -> None:
    world.make_secret("source", {"key.json": KEY_FILE})
    spec = sourced("source", "key.json")
    spec["registry"]["username"] = "_json_key"
    world.apply(manifest(spec))
    world.ready("pull")
    words = ("--docker-server=ghcr.io", "--docker-username=_json_key", f"--docker-password={KEY_FILE}")
    assert _is(world, "pull") == _kubectl_makes(kubectl, "docker-registry", "x", *words)


def test_the_vector_of_docker_hub(world: World) -> None:
    """What `foo` with password `bar` is at Docker Hub, fixed: if both kubectl and we changed, this would tell."""
    world.apply(manifest(registry("bar", None, "foo")))
    world.ready("pull")
    assert world.secret("pull")["data"] == {
        ".dockerconfigjson": "eyJhdXRocyI6eyJodHRwczovL2luZGV4LmRvY2tlci5pby92MS8iOnsidXNlcm5hbWUiOiJmb28iLCJwYXNzd29y"
        "ZCI6ImJhciIsImF1dGgiOiJabTl2T21KaGNnPT0ifX19"
    }
    assert world.stored()["server_address"] == HUB


def test_basic_auth_secrets_are_byte_equal_to_those_of_kubectl(world: World, kubectl: Kubectl, tmp_path: Path) -> None:
    pairs = {"plain": ("bot", "s3cret"), "awkward": ("bøt & <co>", AWKWARD), "registry": ("bot", AWKWARD)}
    specs = {name: git(token, username=user) for name, (user, token) in pairs.items()}
    specs["registry"] = registry(AWKWARD, **projected("registry", type="basic-auth"))
    world.apply(*(manifest(spec, name) for name, spec in specs.items()))
    for name, (user, token) in pairs.items():
        world.ready(name)
        for key, value in (("username", user), ("password", token)):
            (tmp_path / key).write_bytes(value.encode())
        files = [f"--from-file={key}={tmp_path / key}" for key in ("username", "password")]
        made = _kubectl_makes(kubectl, "generic", "x", "--type=kubernetes.io/basic-auth", *files)
        assert _is(world, name) == made, name


def test_a_secret_carries_the_pinned_labels_and_its_owner(world: World) -> None:
    world.apply(manifest(registry("s3cret"), labels={"app": "of-the-slot"}, annotations={"note": "of-the-slot"}))
    world.apply(manifest(git("t0ken", **projected("named-otherwise")), "clone"))
    for name, secret_name, component in (("pull", "pull", "registry"), ("clone", "named-otherwise", "git")):
        slot = world.ready(name)
        metadata = world.secret(secret_name)["metadata"]
        assert metadata["labels"] == {
            MANAGED_BY: "slotwarden",
            "app.kubernetes.io/name": "slotwarden",
            "app.kubernetes.io/component": component,
            OWNER: slot["metadata"]["uid"],
            WATCH: "true",
        }
        assert metadata["annotations"] == {"slotwarden.io/target": f"{world.namespace}/{metadata['name']}"}
        (owner,) = metadata["ownerReferences"]
        assert (owner["apiVersion"], owner["kind"]) == ("slotwarden.io/v1beta1", "SecretSlot")
        assert (owner["name"], owner["uid"]) == (name, slot["metadata"]["uid"])
        assert owner["controller"] is True
        assert slot["status"]["projections"][0]["secretName"] == secret_name
        assert slot["status"]["projections"][0]["namespace"] == world.namespace
        assert slot["status"]["projections"][0]["uid"] == metadata["uid"]


def test_labels_and_annotations_of_users_come_and_go(world: World) -> None:
    def wanted(labels: dict[str, str], annotations: dict[str, str]) -> dict[str, Any]:
        return manifest(registry(None, **projected("pull", labels=labels, annotations=annotations)))

    world.apply(manifest(registry("s3cret", **projected("pull", labels={"a": "1", "b": "1"}, annotations={"x": "1"}))))
    world.ready("pull")
    before = world.secret("pull")["metadata"]
    assert {"a": "1", "b": "1"}.items() <= before["labels"].items()
    assert before["annotations"]["x"] == "1"
    world.patch_secret("pull", {"metadata": {"labels": {"others": "1"}, "annotations": {"others": "1"}}})
    world.apply(wanted({"b": "2", "c": "1"}, {"y": "1"}))
    world.ready("pull")
    after = world.secret("pull")["metadata"]
    assert "a" not in after["labels"]
    assert {"b": "2", "c": "1", "others": "1", MANAGED_BY: "slotwarden"}.items() <= after["labels"].items()
    assert "x" not in after["annotations"]
    assert {"y": "1", "others": "1"}.items() <= after["annotations"].items()
    world.apply(manifest(registry(None)))
    world.ready("pull")
    last = world.secret("pull")["metadata"]
    assert not {"b", "c"} & last["labels"].keys()
    assert last["labels"]["others"] == "1"
    assert last["annotations"] == {"others": "1", "slotwarden.io/target": f"{world.namespace}/pull"}
    assert last["uid"] == before["uid"]


def test_a_secret_goes_with_its_slot_although_no_operator_runs(world: World) -> None:
    world.apply(manifest(registry("s3cret")))
    world.ready("pull")
    world.operator.stop()
    world.delete_slot("pull")
    eventually(lambda: world.find_secret("pull") is None, message="the garbage collector removes the Secret")
