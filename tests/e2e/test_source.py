"""Door b: a value in another Secret of the namespace is stored, projected and followed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from testbed.clients.errors import RefusedError
from testbed.clients.kube import slots
from testbed.wait import eventually
from tests.e2e.support import WATCH, git, registry
from tests.e2e.world import git_sourced, manifest, sourced

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.world import World

FOLLOWED = {WATCH: "true"}


def _password(world: World) -> str:
    return str(json.loads(world.bytes_of()[".dockerconfigjson"])["auths"]["ghcr.io"]["password"])


def test_a_registry_password_is_stored_and_projected(world: World) -> None:
    world.make_secret("source", {"value": "from-source"})
    world.apply(manifest(sourced()))
    slot = world.ready("pull")
    assert world.stored() == {"username": "bot", "password": "from-source", "server_address": "ghcr.io"}
    assert _password(world) == "from-source"
    assert "from-source" not in json.dumps(slot)


def test_a_git_token_is_stored_and_projected(world: World) -> None:
    world.make_secret("source", {"other": "not this", "value": "from-source"})
    world.apply(manifest(git_sourced()))
    world.ready("pull")
    assert world.stored() == {"username": "bot", "token": "from-source", "url": "https://github.com"}
    assert world.bytes_of() == {"username": b"bot", "password": b"from-source"}


def test_a_labelled_source_is_followed_at_once(world: World) -> None:
    world.make_secret("source", {"value": "first"}, labels=FOLLOWED)
    world.apply(manifest(sourced(refreshInterval="24h")))
    world.ready("pull")
    world.set_secret("source", value="second")
    eventually(lambda: _password(world) == "second", message="the source is followed")
    eventually(lambda: world.ready("pull")["status"]["vault"]["version"] == 2, message="the status tells it")
    assert world.stored()["password"] == "second"


def test_a_source_that_gets_its_label_later_is_followed_from_then_on(world: World) -> None:
    world.make_secret("source", {"value": "first"})
    world.apply(manifest(sourced(refreshInterval="24h")))
    world.ready("pull")
    world.set_secret("source", value="second")
    world.barrier()
    assert _password(world) == "first"
    world.patch_secret("source", {"metadata": {"labels": FOLLOWED}})
    eventually(lambda: _password(world) == "second", message="the label makes the source followed")


def test_an_unlabelled_source_is_seen_at_the_refresh(world: World) -> None:
    world.make_secret("source", {"value": "first"})
    world.apply(manifest(sourced(refreshInterval="1s")))
    world.ready("pull")
    world.set_secret("source", value="second")
    eventually(lambda: _password(world) == "second", message="the refresh sees the source")
    world.ready("pull")
    assert world.stored_version() == 2


def test_an_unlabelled_source_is_seen_when_a_refresh_is_asked_for(world: World) -> None:
    world.make_secret("source", {"value": "first"})
    world.apply(manifest(sourced(refreshInterval="24h")))
    world.ready("pull")
    world.set_secret("source", value="second")
    world.barrier()
    assert _password(world) == "first"
    world.refreshed("pull")
    eventually(lambda: _password(world) == "second", message="the refresh sees the source")


@pytest.mark.parametrize("labels", [{}, FOLLOWED], ids=["unlabelled", "labelled"])
def test_a_missing_source_is_told_and_heals_when_it_appears(world: World, labels: dict[str, str]) -> None:
    world.apply(manifest(sourced(refreshInterval="1s")))
    slot = world.told_that("SourceMissing", 'source Secret "source" does not exist')
    assert not slot["status"].get("hasValue")
    assert world.find_secret("pull") is None
    world.make_secret("source", {"value": "here"}, labels=labels)
    world.ready("pull")
    assert _password(world) == "here"


def test_a_labelled_source_that_appears_is_taken_at_once(world: World) -> None:
    world.apply(manifest(sourced(refreshInterval="24h")))
    world.told("pull", "SourceMissing")
    world.make_secret("source", {"value": "here"}, labels=FOLLOWED)
    world.ready("pull")
    assert _password(world) == "here"


@pytest.mark.parametrize("labels", [{}, FOLLOWED], ids=["unlabelled", "labelled"])
def test_a_missing_key_is_told_and_heals_when_it_appears(world: World, labels: dict[str, str]) -> None:
    world.make_secret("source", {"other": "0ther-value"}, labels=labels)
    world.apply(manifest(sourced(refreshInterval="1s")))
    slot = world.told_that("SourceMissing", 'source Secret "source" has no key "value"')
    assert "0ther-value" not in json.dumps(slot)
    world.set_secret("source", value="here")
    world.ready("pull")
    assert _password(world) == "here"


def test_a_source_that_vanishes_leaves_the_secret_as_it_is(world: World) -> None:
    world.make_secret("source", {"value": "first"}, labels=FOLLOWED)
    world.apply(manifest(sourced(refreshInterval="1s")))
    world.ready("pull")
    before = world.version_of()
    world.delete_secret("source")
    slot = world.told_that("SourceMissing", "does not exist")
    assert slot["status"]["hasValue"] is True
    assert world.version_of() == before


def test_a_value_that_others_write_to_vault_is_overwritten_by_the_source(world: World) -> None:
    world.make_secret("source", {"value": "of-the-source"}, labels=FOLLOWED)
    world.apply(manifest(sourced(refreshInterval="1s")))
    world.ready("pull")
    world.vault.write(world.entry("pull"), {**world.stored(), "password": "of-a-stranger"}, cas=1)
    eventually(lambda: world.stored_version() == 3, message="the source's value is stored again")
    assert world.stored()["password"] == "of-the-source"
    eventually(lambda: world.slot("pull")["status"]["vault"]["version"] == 3, message="the status names it")
    assert _password(world) == "of-the-source"


@pytest.mark.parametrize("where", ["{other}/source", "{other}:source", "../{other}/secrets/source"])
def test_a_source_in_another_namespace_cannot_be_named(
    world: World, make_namespace: Callable[..., str], where: str
) -> None:
    spec = sourced(where.format(other=make_namespace()))
    with pytest.raises(RefusedError) as refusal:
        world.kube.create(slots(world.namespace), manifest(spec))
    assert refusal.value.status == 422


@pytest.mark.parametrize("spec", [sourced(), git_sourced()], ids=["registry", "git"])
def test_there_is_no_field_for_the_namespace_of_a_source(
    world: World, make_namespace: Callable[..., str], spec: dict[str, Any]
) -> None:
    """The API server drops it, and the Secret of that name here is the one that counts."""
    other = make_namespace()
    body = {"metadata": {"name": "source"}, "stringData": {"value": "of-the-neighbour"}}
    world.kube.create(f"/api/v1/namespaces/{other}/secrets", body)
    kind, field = next(
        (kind, f"{name}From") for kind, name in (("registry", "password"), ("git", "token")) if kind in spec
    )
    reference = {"secretKeyRef": {**spec[kind][field]["secretKeyRef"], "namespace": other}}
    world.kube.create(slots(world.namespace), manifest({kind: {**spec[kind], field: reference}}))
    slot = world.told_that("SourceMissing", "does not exist")
    assert "namespace" not in slot["spec"][kind][field]["secretKeyRef"]
    assert world.stored_version() == 0


def test_a_source_that_is_set_takes_over_from_an_inline_value(world: World) -> None:
    world.apply(manifest(registry("inline")))
    world.ready("pull")
    world.make_secret("source", {"value": "of-the-source"})
    world.apply(manifest(sourced()))
    world.ready("pull")
    assert _password(world) == "of-the-source"
    assert world.stored_version() == 2


def test_a_value_stays_when_its_source_is_no_longer_named(world: World) -> None:
    world.make_secret("source", {"value": "of-the-source"}, labels=FOLLOWED)
    world.apply(manifest(git_sourced()))
    world.ready("pull")
    world.apply(manifest(git()))
    world.ready("pull")
    world.set_secret("source", value="later")
    world.barrier()
    assert world.bytes_of()["password"] == b"of-the-source"
    assert world.stored_version() == 1
