"""Objects made, changed and removed for the published APIs, at the real API server; each write is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.cluster.errors import Rejected
from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import env_object_name
from slotwarden.gateway.declarations import Declarations, Exists
from slotwarden.gateway.refusals import Refusal
from testbed.clients.errors import RefusedError
from testbed.wait import eventually

if TYPE_CHECKING:
    from slotwarden.cluster.client import Json
    from tests.values_api.conftest import Api

ENV = "envsecrets"
ARGO = {"argocd.argoproj.io/instance": "shop"}


class Noted:
    """What a catalog is told."""

    def __init__(self) -> None:
        self.took_uids: list[str] = []
        self.dropped_uids: list[str] = []

    def took(self, raw: Json) -> None:
        self.took_uids.append(raw["metadata"]["uid"])

    def dropped(self, _resource: str, _namespace: str, _name: str, uid: str) -> None:
        self.dropped_uids.append(uid)


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def declarations(api: Api, noted: Noted) -> Declarations:
    return Declarations(api.objects, noted, lambda: datetime.now(UTC))


@pytest.fixture
def ref(api: Api) -> EnvRef:
    return EnvRef(api.namespace, "shop", "production", "DATABASE_URL")


def of(ref: EnvRef, **spec: Any) -> Json:
    return {"project": ref.project, "environment": ref.environment, "key": ref.key, **spec}


def by_hand(api: Api, ref: EnvRef, name: str = "by-hand", **metadata: Any) -> Json:
    return api.declare("EnvSecret", name, of(ref), **metadata)


def names(api: Api) -> set[str]:
    return {each["metadata"]["name"] for each in api.session.kube.list(api.path(ENV))}


async def test_what_is_made_says_when_to_the_microsecond(api: Api, declarations: Declarations, noted: Noted) -> None:
    before = datetime.now(UTC)
    made = await declarations.make("secretslots", api.namespace, "pull", {"registry": {"serverAddress": "ghcr.io"}})
    text = made["metadata"]["annotations"]["slotwarden.io/created-at"]
    assert len(text) == len("2026-01-01T00:00:00.000000Z")
    assert before <= datetime.fromisoformat(text) <= datetime.now(UTC)
    assert noted.took_uids == [made["metadata"]["uid"]]
    found = api.session.kube.get(api.path("secretslots", "pull"))
    assert [each["manager"] for each in found["metadata"]["managedFields"]] == ["slotwarden-gateway"]
    with pytest.raises(Exists) as caught:
        await declarations.make("secretslots", api.namespace, "pull", {"git": {"url": "https://github.com"}})
    assert caught.value.raw["metadata"]["uid"] == made["metadata"]["uid"]


async def test_of_many_that_make_one_key_one_does(api: Api, declarations: Declarations, ref: EnvRef) -> None:
    all_of_it = await asyncio.gather(*(declarations.make_env(ref, {}) for _ in range(8)), return_exceptions=True)
    made = [each for each in all_of_it if isinstance(each, dict)]
    assert len(made) == 1
    assert {each.raw["metadata"]["uid"] for each in all_of_it if isinstance(each, Exists)} == {
        made[0]["metadata"]["uid"]
    }
    assert len([each for each in all_of_it if isinstance(each, Exists)]) == 7
    assert names(api) == {env_object_name(ref)}


async def test_a_key_that_an_older_object_holds_is_left_to_it(
    api: Api, declarations: Declarations, noted: Noted, ref: EnvRef
) -> None:
    older = by_hand(api, ref)
    eventually(lambda: second_after(older), message="a second has passed")
    with pytest.raises(Exists) as caught:
        await declarations.make_env(ref, {"description": "made second"})
    assert caught.value.raw["metadata"]["uid"] == older["metadata"]["uid"]
    assert names(api) == {"by-hand"}
    assert noted.took_uids == [older["metadata"]["uid"]]
    assert len(noted.dropped_uids) == 1


async def test_a_key_that_was_taken_in_the_same_second_is_left_to_who_was_first(
    api: Api, declarations: Declarations, ref: EnvRef
) -> None:
    """By age alone the uids would decide, so that about half of these would go to the second."""
    keys = [ref._replace(key=f"KEY_{number}") for number in range(8)]
    for number, each in enumerate(keys):
        by_hand(api, each, f"by-hand-{number}")
        with pytest.raises(Exists):
            await declarations.make_env(each, {})
    assert names(api) == {f"by-hand-{number}" for number in range(8)}


def second_after(raw: Json) -> bool:
    """Whether what is made now is younger, by the seconds that creation times count."""
    return datetime.now(UTC).replace(microsecond=0) > datetime.fromisoformat(raw["metadata"]["creationTimestamp"])


async def test_a_name_that_something_else_has_is_told(api: Api, declarations: Declarations, ref: EnvRef) -> None:
    by_hand(api, ref._replace(key="ANOTHER"), env_object_name(ref))
    with pytest.raises(Refusal) as caught:
        await declarations.make_env(ref, {})
    assert caught.value.code == 409
    assert env_object_name(ref) in caught.value.message


async def test_a_change_is_decided_anew_where_others_were_faster(
    api: Api, declarations: Declarations, noted: Noted, ref: EnvRef
) -> None:
    made = await declarations.make_env(ref, {"description": "first"})
    name, uid = made["metadata"]["name"], made["metadata"]["uid"]
    seen: list[str] = []

    def decide(raw: Json) -> Json:
        seen.append(raw["spec"]["description"])
        if len(seen) == 1:
            api.session.kube.patch(api.path(ENV, name), {"spec": {"description": "second"}})
        return {"description": f"after {seen[-1]}"}

    changed = await declarations.change("envsecrets", api.namespace, name, uid, decide)
    assert seen == ["first", "second"]
    assert changed["spec"]["description"] == "after second"
    assert noted.took_uids == [uid, uid]
    same = await declarations.change("envsecrets", api.namespace, name, uid, lambda _: None)
    assert same["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


async def test_what_is_managed_is_neither_changed_nor_removed(
    api: Api, declarations: Declarations, ref: EnvRef
) -> None:
    uid = by_hand(api, ref, labels=ARGO)["metadata"]["uid"]
    for asked in (
        declarations.change("envsecrets", api.namespace, "by-hand", uid, lambda _: {"description": "new"}),
        declarations.remove("envsecrets", api.namespace, "by-hand", uid),
    ):
        with pytest.raises(Refusal, match="managed by Argo CD, application shop") as caught:
            await asked
        assert caught.value.code == 409
    # What is as it should be is no change.
    await declarations.change("envsecrets", api.namespace, "by-hand", uid, lambda _: None)
    assert names(api) == {"by-hand"}


async def test_another_object_of_the_name_is_left_alone(
    api: Api, declarations: Declarations, noted: Noted, ref: EnvRef
) -> None:
    uid = by_hand(api, ref)["metadata"]["uid"]
    api.session.kube.delete(api.path(ENV, "by-hand"))
    await gone(declarations, api, uid)
    by_hand(api, ref)
    await gone(declarations, api, uid)
    assert names(api) == {"by-hand"}
    assert set(noted.dropped_uids) == {uid}


async def gone(declarations: Declarations, api: Api, uid: str) -> None:
    """Neither change nor removal finds the object."""
    for asked in (
        declarations.change("envsecrets", api.namespace, "by-hand", uid, lambda _: {"description": "new"}),
        declarations.remove("envsecrets", api.namespace, "by-hand", uid),
    ):
        with pytest.raises(Refusal) as caught:
            await asked
        assert caught.value.code == 404


async def test_what_is_removed_is_gone_and_told(
    api: Api, declarations: Declarations, noted: Noted, ref: EnvRef
) -> None:
    made = await declarations.make_env(ref, {})
    await declarations.remove("envsecrets", api.namespace, made["metadata"]["name"], made["metadata"]["uid"])
    assert names(api) == set()
    assert noted.dropped_uids == [made["metadata"]["uid"]]


async def test_a_field_that_the_cluster_does_not_know_is_refused(
    api: Api, declarations: Declarations, ref: EnvRef
) -> None:
    """An older CRD would drop it without a word."""
    with pytest.raises(Rejected):
        await declarations.make_env(ref, {"notThere": True})
    assert names(api) == set()


async def test_a_quota_that_is_used_up_is_told(api: Api, declarations: Declarations, ref: EnvRef) -> None:
    path, hard = f"/api/v1/namespaces/{api.namespace}/resourcequotas", {"count/envsecrets.slotwarden.io": "0"}
    api.session.kube.create(path, {"metadata": {"name": "none"}, "spec": {"hard": hard}})
    # The controller that counts does not run here.
    api.session.kube.patch(f"{path}/none/status", {"status": {"hard": hard, "used": hard}})

    def holds() -> bool:
        try:
            by_hand(api, ref._replace(key="PROBE"), "probe")
        except RefusedError as error:
            return "quota" in str(error)
        api.session.kube.delete(api.path(ENV, "probe"))
        return False

    eventually(holds, message="the quota holds")
    with pytest.raises(Refusal, match="a quota of the namespace") as caught:
        await declarations.make_env(ref, {})
    assert caught.value.code == 403
    assert names(api) == set()
