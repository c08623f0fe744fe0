"""A stranger's Secret stays as it is, byte for byte, unless it says that it may be taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import MANAGED_BY, WATCH, condition, has_condition, projected, registry
from tests.e2e.world import manifest

if TYPE_CHECKING:
    from tests.e2e.world import World

ADOPT = "slotwarden.io/adopt"
THEIRS = {"labels": {"theirs": "1"}, "annotations": {"theirs": "1"}}


@pytest.mark.parametrize("labels", [{}, {WATCH: "true"}], ids=["plain", "watched"])
def test_it_is_not_touched_and_the_slot_says_so(world: World, labels: dict[str, str]) -> None:
    before = world.make_secret("pull", {"k": "v"}, labels=labels)
    mark = world.mark()
    world.apply(manifest(registry("s3cret")))
    slot = world.told("pull", "ForeignSecret")
    assert condition(slot, "Ready")["status"] == "False"
    assert condition(slot, "Stalled")["status"] == "True"
    assert condition(slot, "Stalled")["reason"] == "ForeignSecret"
    assert ADOPT in condition(slot)["message"]
    assert slot["status"]["hasValue"] is True
    assert slot["status"]["projections"][0]["reason"] == "ForeignSecret"
    assert "password" not in slot["spec"]["registry"]
    assert world.event("pull", "ForeignSecret")["type"] == "Warning"
    world.refreshed("pull")
    world.barrier()
    assert world.secret("pull") == before
    assert set(world.calls(mark, "secrets", "pull")) <= {"create"}
    assert world.events("pull") == ["ForeignSecret"]


def test_a_rotation_does_not_touch_it_either(world: World) -> None:
    before = world.make_secret("pull", {"k": "v"}, labels={WATCH: "true"})
    world.apply(manifest(registry("s3cret")))
    world.told("pull", "ForeignSecret")
    world.apply(manifest(registry("an0ther")))
    eventually(lambda: world.stored()["password"] == "an0ther", message="the value is stored all the same")
    world.told("pull", "ForeignSecret")
    world.barrier()
    assert world.secret("pull") == before


def test_it_heals_when_the_stranger_is_deleted(world: World) -> None:
    world.make_secret("pull", {"k": "v"})
    world.apply(manifest(registry("s3cret")))
    world.told("pull", "ForeignSecret")
    world.delete_secret("pull")
    slot = world.ready("pull")
    assert not has_condition(slot, "Stalled")
    assert set(world.bytes_of()) == {".dockerconfigjson"}


@pytest.mark.parametrize("kind", ["kubernetes.io/basic-auth", "Opaque"], ids=["same-type", "another-type"])
def test_it_is_taken_over_where_it_says_so(world: World, kind: str) -> None:
    data = {"username": "theirs", "password": "theirs"}
    world.make_secret("pull", data, kind, **THEIRS)
    world.apply(manifest(registry("s3cret", **projected("pull", type="basic-auth"))))
    world.told("pull", "ForeignSecret")
    world.patch_secret("pull", {"metadata": {"annotations": {ADOPT: "true"}}})
    slot = world.ready("pull")
    secret = world.secret("pull")
    assert secret["type"] == "kubernetes.io/basic-auth"
    assert {"username": b"bot", "password": b"s3cret"}.items() <= world.bytes_of().items()
    assert secret["metadata"]["labels"][MANAGED_BY] == "slotwarden"
    assert [owner["uid"] for owner in secret["metadata"]["ownerReferences"]] == [slot["metadata"]["uid"]]


def test_its_own_metadata_stays_when_it_is_taken_over(world: World) -> None:
    annotations = {**THEIRS["annotations"], ADOPT: "true"}
    before = world.make_secret(
        "pull",
        {"username": "a", "password": "b"},
        "kubernetes.io/basic-auth",
        labels={"theirs": "1"},
        annotations=annotations,
    )
    world.apply(manifest(registry("s3cret", **projected("pull", type="basic-auth"))))
    world.ready("pull")
    metadata = world.secret("pull")["metadata"]
    assert metadata["uid"] == before["metadata"]["uid"]
    assert metadata["labels"]["theirs"] == "1"
    assert metadata["annotations"]["theirs"] == "1"


def test_what_others_add_to_our_secret_stays(world: World) -> None:
    world.apply(manifest(registry("s3cret")))
    world.ready("pull")
    added = {"labels": {"argo": "1"}, "annotations": {"reflector": "1"}, "finalizers": ["example.com/theirs"]}
    world.patch_secret("pull", {"metadata": added})
    world.apply(manifest(registry("an0ther", **projected("pull", labels={"mine": "1"}))))
    world.ready("pull")
    eventually(lambda: b"an0ther" in world.bytes_of()[".dockerconfigjson"], message="the rotation")
    metadata = world.secret("pull")["metadata"]
    assert {"argo": "1", "mine": "1"}.items() <= metadata["labels"].items()
    assert metadata["annotations"]["reflector"] == "1"
    assert metadata["finalizers"] == ["example.com/theirs"]
    world.patch_secret("pull", {"metadata": {"finalizers": None}})


def test_a_users_copy_of_our_secret_is_theirs(world: World) -> None:
    """As `kubectl get -o yaml | sed | kubectl create` makes it: labels, annotations, owner and all."""
    world.apply(manifest(registry("s3cret")))
    world.ready("pull")
    ours = world.secret("pull")
    kept = {key: ours["metadata"][key] for key in ("labels", "annotations", "ownerReferences")}
    copy = {"type": ours["type"], "data": ours["data"], "metadata": {"name": "copy", **kept}}
    made = world.kube.create(core(world.namespace, "secrets"), copy)
    world.apply(manifest(registry("an0ther")))
    world.ready("pull")
    world.barrier()
    assert world.secret("copy") == made
    world.apply(manifest(registry("third", **projected("copy")), name="other"))
    world.told("other", "ForeignSecret")
    assert world.secret("copy") == made
