"""Lists, watches and what comes between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.cluster import reflector, watching
from slotwarden.domain.entries import EnvRef, SlotRef
from slotwarden.gateway.refusals import Refusal
from testbed.install import account_token, install_rights, uninstall_rights
from testbed.proxy import Answers
from testbed.wait import eventually_async
from tests.catalog.support import Followed, declare_slot

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.kube import Kube
    from testbed.session import Session

pytestmark = pytest.mark.usefixtures("installed")


async def test_it_tells_of_what_was_there_and_of_what_comes_and_goes(
    make_followed: Callable[..., Any], kube: Kube, namespace: str
) -> None:
    declare_slot(kube, namespace, "pull")
    followed: Followed = await make_followed(namespace)
    followed.declare("BEFORE", description="as it was")
    await followed.in_touch()
    slot = followed.catalog.slot(SlotRef(namespace, "pull"))
    assert slot is not None
    assert slot.type == "registry"
    await followed.has("BEFORE")
    followed.describe("BEFORE", "as it is")
    followed.declare("AFTER")
    await followed.has("AFTER", "BEFORE")
    await eventually_async(lambda: followed.description("BEFORE") == "as it is")
    followed.delete("BEFORE")
    await followed.has("AFTER")


async def test_a_list_is_longer_than_a_page(make_followed: Callable[..., Any], kube: Kube, namespace: str) -> None:
    for number in range(203):
        declare_slot(kube, namespace, f"s{number}")
    followed: Followed = await make_followed(namespace)
    await followed.in_touch()
    assert len(followed.catalog.slots(namespace)) == 203
    assert any("continue=" in asked for asked in followed.asked.seen)


async def test_a_watch_that_is_cut_goes_on_where_it_was(followed: Followed) -> None:
    followed.declare("ONE")
    await followed.has("ONE")
    lists = followed.lists()
    followed.proxy.stop()
    await eventually_async(lambda: followed.catalog.behind > 0)
    followed.declare("TWO")
    followed.describe("ONE", "changed meanwhile")
    followed.delete("TWO")
    followed.declare("THREE")
    assert followed.keys() == ["ONE"]
    assert followed.catalog.cause
    followed.proxy.start()
    await followed.has("ONE", "THREE")
    await followed.in_touch()
    assert followed.description("ONE") == "changed meanwhile"
    assert followed.lists() == lists
    assert not followed.catalog.cause


async def test_a_watch_that_is_cut_in_the_middle_again_and_again(followed: Followed) -> None:
    for number in range(5):
        followed.declare(f"K{number}")
        followed.proxy.cut()
    await followed.has(*(f"K{number}" for number in range(5)))


async def test_a_connection_that_goes_silent_is_noticed(
    make_followed: Callable[..., Any], namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As long as it takes, which nobody wants to wait for here.
    monkeypatch.setattr(watching, "TIMEOUT", watching.TIMEOUT.__class__(sock_connect=5, sock_read=3))
    followed: Followed = await make_followed(namespace)
    await followed.in_touch()
    silence = followed.proxy.silence("watch=true")
    followed.declare("UNHEARD")
    await eventually_async(lambda: len(silence.seen) >= 1, message="it watches anew")
    assert followed.keys() == []
    followed.proxy.clear()
    await followed.has("UNHEARD")


async def test_what_is_from_too_long_ago_is_listed_anew(followed: Followed) -> None:
    followed.declare("ONE")
    await followed.has("ONE")
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
    expired = Answers("watch=true.*", 200, gone, times=2)
    lists = followed.lists()
    followed.proxy.add(expired)
    followed.proxy.cut()
    followed.delete("ONE")
    followed.declare("TWO")
    await followed.has("TWO")
    await followed.in_touch()
    assert followed.lists() > lists


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, {}), (429, {}), (200, {"type": "ADDED"}), (200, {"type": "ADDED", "object": {}}), (200, {"type": "ODD"})],
)
async def test_answers_that_make_no_sense_are_outlasted(followed: Followed, status: int, body: Any) -> None:
    nonsense = Answers("watch=true.*", status, body, times=2)
    followed.proxy.add(nonsense)
    followed.proxy.cut()
    await eventually_async(lambda: len(nonsense.seen) == 2)
    followed.declare("LATER")
    await followed.has("LATER")
    await followed.in_touch()


async def test_it_is_of_its_namespaces_alone(
    make_followed: Callable[..., Any], make_namespace: Callable[[], str], installed: Session
) -> None:
    mine, foreign = make_namespace(), make_namespace()
    account = install_rights(installed, mine, "none", role="gateway")
    try:
        followed: Followed = await make_followed(mine, token=account_token(installed, account))
        await followed.in_touch()
        followed.declare("KEY")
        followed.declare("KEY", foreign)
        await followed.has("KEY")
        assert followed.catalog.env(EnvRef(foreign, "shop", "production", "KEY")) is None
    finally:
        uninstall_rights(installed, account)


async def test_a_namespace_that_is_lost_does_not_stop_the_others(
    make_followed: Callable[..., Any], make_namespace: Callable[[], str], installed: Session
) -> None:
    mine, lost = make_namespace(), make_namespace()
    account = install_rights(installed, mine, "none", role="gateway")
    try:
        followed: Followed = await make_followed(mine, lost, token=account_token(installed, account))
        await eventually_async(lambda: followed.catalog.ready)
        assert "403" in followed.catalog.cause
        followed.declare("KEY")
        await followed.has("KEY")
        with pytest.raises(Refusal, match="does not know the objects of this namespace"):
            followed.keys(lost)
    finally:
        uninstall_rights(installed, account)


async def test_a_namespace_whose_role_goes_is_told_of_no_more_until_there_is_one(
    make_followed: Callable[..., Any],
    make_namespace: Callable[[], str],
    installed: Session,
    kube: Kube,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A server that starts refuses for a moment, which is waited for no longer here.
    monkeypatch.setattr(reflector, "_PATIENCE", 0.0)
    mine = make_namespace()
    account = install_rights(installed, mine, "none", role="gateway")
    try:
        followed: Followed = await make_followed(mine, token=account_token(installed, account))
        await followed.in_touch()
        followed.declare("KEY")
        await followed.has("KEY")
        bindings = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{mine}/rolebindings"
        for binding in kube.get(bindings)["items"]:
            kube.delete(f"{bindings}/{binding['metadata']['name']}")

        def refused() -> bool:
            followed.proxy.cut()
            try:
                followed.keys()
            except Refusal as told:
                return "does not know the objects of this namespace" in told.message
            return False

        await eventually_async(refused, message="it is told of no more")
        assert followed.catalog.ready
        install_rights(installed, mine, "none", role="gateway")
        followed.declare("OTHER")
        await followed.in_touch()
        await followed.has("KEY", "OTHER")
    finally:
        uninstall_rights(installed, account)


async def test_without_any_right_it_is_not_read(
    make_followed: Callable[..., Any], make_namespace: Callable[[], str], installed: Session
) -> None:
    mine, lost = make_namespace(), make_namespace()
    account = install_rights(installed, mine, "none", role="gateway")
    try:
        followed: Followed = await make_followed(lost, token=account_token(installed, account))
        await eventually_async(lambda: "403" in followed.catalog.cause)
        with pytest.raises(Refusal, match="403"):
            followed.keys()
    finally:
        uninstall_rights(installed, account)


async def test_without_namespaces_it_is_of_all_there_are(
    make_followed: Callable[..., Any], make_namespace: Callable[[], str], kube: Kube
) -> None:
    first, second = make_namespace(), make_namespace()
    followed: Followed = await make_followed()
    await followed.in_touch()
    for namespace in (first, second):
        followed.declare("KEY", namespace)
        declare_slot(kube, namespace, "pull")
    for namespace in (first, second):
        await followed.has("KEY", namespace=namespace)
        await eventually_async(lambda namespace=namespace: followed.catalog.slot(SlotRef(namespace, "pull")))
