"""Who may give a slot its value: each way in as users with different permissions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.policy.users import CANARY, ENV_VALUE, REVEAL, SECRETS, VALUE, WRITE_SECRETS, inline, only, slot, sourced

if TYPE_CHECKING:
    from testbed.clients.kubectl import Result
    from tests.policy.users import Users

ASK = "ask for `create` on secretslots/value in group values.slotwarden.io"
ADOPT = {"slotwarden.io/adopt-value": "true"}
DECLARED: dict[str, Any] = {"registry": {"serverAddress": "ghcr.io", "username": "bot"}}


def allowed(done: Result) -> None:
    assert done.code == 0, done.stderr


def refused(done: Result, words: str) -> None:
    assert done.code != 0, done.stdout
    assert words in done.stderr
    assert CANARY not in done.stderr


def test_declaring_needs_no_permission_beyond_the_object(users: Users) -> None:
    allowed(users.may().create(slot(DECLARED)))


def test_inline_needs_set_value(users: Users) -> None:
    what = f"an inline value sets the value of SecretSlot pull in namespace {users.namespace}: {ASK}"
    refused(users.may().create(slot(inline())), what)
    refused(users.may(REVEAL, SECRETS).create(slot(inline())), what)
    allowed(users.may(VALUE).create(slot(inline())))


def test_inline_token_needs_set_value(users: Users) -> None:
    spec = {"git": {"url": "https://github.com", "username": "bot", "token": CANARY}}
    refused(users.may().create(slot(spec)), ASK)
    allowed(users.may(VALUE).create(slot(spec)))


def test_the_permission_can_be_for_one_name(users: Users) -> None:
    user = users.may(only(VALUE, "pull"))
    allowed(user.create(slot(inline())))
    refused(user.create(slot(inline(), "other")), f"SecretSlot other in namespace {users.namespace}: {ASK}")


def test_a_generated_name_is_checked_too(users: Users) -> None:
    refused(users.may().create(slot(inline(), generateName="pull-")), ASK)
    refused(users.may(only(VALUE, "pull-")).create(slot(inline(), generateName="pull-")), ASK)
    allowed(users.may(VALUE).create(slot(inline(), generateName="pull-")))


def test_an_update_with_an_inline_value_needs_set_value(users: Users) -> None:
    users.given(DECLARED)
    patch = json.dumps({"spec": {"registry": {"password": CANARY}}})
    refused(users.may().patch(patch), ASK)
    allowed(users.may(VALUE).patch(patch))


def test_a_source_needs_set_value_and_reading_the_secret(users: Users) -> None:
    refused(
        users.may(SECRETS).create(slot(sourced())),
        f"a new source sets the value of SecretSlot pull in namespace {users.namespace}: {ASK}",
    )
    no_get = (
        f"SecretSlot pull in namespace {users.namespace} takes its value from Secret source, which you may not read: "
        "ask for `get` on that Secret"
    )
    refused(users.may(VALUE).create(slot(sourced())), no_get)
    refused(users.may(VALUE, only(SECRETS, "other")).create(slot(sourced())), no_get)
    allowed(users.may(VALUE, only(SECRETS, "source")).create(slot(sourced())))


def test_a_git_source_needs_the_same(users: Users) -> None:
    source = {"secretKeyRef": {"name": "source", "key": "token"}}
    spec = {"git": {"url": "https://github.com", "username": "bot", "tokenFrom": source}}
    refused(users.may(VALUE).create(slot(spec)), "ask for `get` on that Secret")
    refused(users.may(SECRETS).create(slot(spec)), ASK)
    allowed(users.may(VALUE, SECRETS).create(slot(spec)))


@pytest.mark.parametrize("change", [{"name": "other"}, {"key": "other"}])
def test_a_changed_source_needs_both_again(users: Users, change: dict[str, str]) -> None:
    users.given(sourced())
    patch = json.dumps({"spec": {"registry": {"passwordFrom": {"secretKeyRef": change}}}})
    refused(users.may(SECRETS).patch(patch), ASK)
    refused(users.may(VALUE).patch(patch), "ask for `get` on that Secret")
    allowed(users.may(VALUE, SECRETS).patch(patch))


def test_an_unchanged_or_removed_source_needs_nothing(users: Users) -> None:
    users.given(sourced())
    user = users.may()
    allowed(user.patch('{"metadata": {"labels": {"a": "b"}}, "spec": {"refreshInterval": "5m"}}'))
    allowed(user.patch('{"spec": {"registry": {"passwordFrom": null}}}'))


@pytest.mark.parametrize(
    "patch",
    [
        {"registry": {"serverAddress": "evil.example.com"}},
        {"registry": {"serverAddress": None}},
        {"registry": None, "git": {"url": "https://evil.example.com"}},
    ],
)
def test_another_address_or_kind_needs_set_value(users: Users, patch: dict[str, Any]) -> None:
    users.given(DECLARED)
    text = json.dumps({"spec": patch})
    refused(
        users.may(REVEAL, SECRETS).patch(text),
        f"another address or kind sends the value of SecretSlot pull in namespace {users.namespace} elsewhere: {ASK}",
    )
    allowed(users.may(VALUE).patch(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://github.com", "https://evil.example.com"),
        ("https://github.com", None),
        (None, "https://evil.example.com"),
    ],
    ids=["another", "none any more", "one where there was none"],
)
def test_another_git_url_needs_set_value(users: Users, old: str | None, new: str | None) -> None:
    users.given({"git": {"url": old} if old else {}})
    patch = json.dumps({"spec": {"git": {"url": new}}})
    refused(users.may().patch(patch), "elsewhere")
    allowed(users.may(VALUE).patch(patch))


def test_a_source_for_another_address_needs_reading_it_again(users: Users) -> None:
    users.given(sourced())
    patch = '{"spec": {"registry": {"serverAddress": "evil.example.com"}}}'
    refused(users.may(VALUE).patch(patch), "takes its value from Secret source, which you may not read")
    allowed(users.may(VALUE, only(SECRETS, "source")).patch(patch))


@pytest.mark.parametrize("name", ["evil.example.com/", None])
def test_another_user_name_needs_set_value(users: Users, name: str | None) -> None:
    users.given(DECLARED)
    patch = json.dumps({"spec": {"registry": {"username": name}}})
    what = f"another user name changes the value of SecretSlot pull in namespace {users.namespace}: {ASK}"
    refused(users.may(REVEAL, SECRETS).patch(patch), what)
    allowed(users.may(VALUE).patch(patch))


def test_another_target_needs_reading_or_setting_the_value(users: Users) -> None:
    patch = json.dumps({"spec": {"projections": [{"secretName": "readable"}]}})
    words = f"another secretName can show the value of SecretSlot pull in namespace {users.namespace}"
    users.given(DECLARED)
    write = only(WRITE_SECRETS, "readable")
    refused(
        users.may(only(SECRETS, "readable"), write).patch(patch), f"{words} to others: ask for `get` on Secret pull"
    )
    for rule in (only(VALUE, "pull"), only(REVEAL, "pull"), only(SECRETS, "pull")):
        allowed(users.may(rule, write).patch(patch))
        allowed(users.may(VALUE, ENV_VALUE).patch('{"spec": {"projections": null}}'))


@pytest.mark.parametrize("by", ["create", "update"])
@pytest.mark.parametrize(
    "marks",
    [
        {"annotations": {"tekton.dev/docker-0": "https://evil.example.com"}},
        {"labels": {"example.com/copy-to": "elsewhere"}},
    ],
    ids=["annotation", "label"],
)
def test_marking_a_secret_that_others_may_share_takes_more_than_one_name(
    users: Users, marks: dict[str, Any], by: str
) -> None:
    def attempt(*rules: Any) -> Result:
        spec = {"projections": [marks]}
        if by == "create":
            users.kubectl("delete", "--ignore-not-found", "sslot", "pull", namespace=users.namespace, check=True)
            return users.may(*rules).create(slot({**DECLARED, **spec}))
        users.given(DECLARED)
        return users.may(*rules).patch(json.dumps({"spec": spec}))

    words = (
        f"a label or annotation can show every value in Secret pull in namespace {users.namespace} to others: "
        "ask for `get` on that Secret, or for `create` on all secretslots/value in group values.slotwarden.io"
    )
    refused(attempt(), words)
    refused(attempt(only(VALUE, "pull"), only(REVEAL, "pull"), only(SECRETS, "other")), words)
    for rule in (VALUE, REVEAL, only(SECRETS, "pull")):
        allowed(attempt(rule))


def test_a_place_in_another_secret_takes_more_than_one_name(users: Users) -> None:
    patch = json.dumps({"spec": {"projections": [{"secretName": "live"}]}})
    users.given(DECLARED)
    words = (
        f"another secretName can put the value of SecretSlot pull in namespace {users.namespace} in the place of "
        "others in Secret live: ask for `update` on that Secret, or for `create` on all secretslots/value and "
        "envsecrets/value in group values.slotwarden.io"
    )
    one = (only(VALUE, "pull"), only(REVEAL, "pull"), SECRETS, only(WRITE_SECRETS, "pull"))
    refused(users.may(*one).patch(patch), words)
    # The Secret can be that of an environment, which an older slot takes as a whole.
    refused(users.may(VALUE, only(ENV_VALUE, "url")).patch(patch), words)
    for rules in ([VALUE, ENV_VALUE], [only(VALUE, "pull"), only(WRITE_SECRETS, "live")]):
        allowed(users.may(*rules).patch(patch))
        allowed(users.may(VALUE, ENV_VALUE).patch('{"spec": {"projections": null}}'))


def test_the_target_may_be_named_in_other_words(users: Users) -> None:
    users.given(DECLARED)
    for projections in ([], [{}], [{"secretName": "pull"}], [{"secretName": "pull", "labels": {}}], None):
        allowed(users.may().patch(json.dumps({"spec": {"projections": projections}})))


def test_what_touches_neither_value_nor_address_needs_nothing(users: Users) -> None:
    users.given(DECLARED)
    patch = {"spec": {"projections": [{"type": "basic-auth"}], "deletionPolicy": "Retain", "refreshInterval": "5m"}}
    allowed(users.may().patch(json.dumps(patch)))


@pytest.mark.parametrize("by", ["create", "update"])
def test_adopting_needs_set_value_and_reveal(users: Users, by: str) -> None:
    def attempt(*rules: Any) -> Result:
        if by == "create":
            return users.may(*rules).create(slot(DECLARED, annotations=ADOPT))
        return users.may(*rules).patch(json.dumps({"metadata": {"annotations": ADOPT}}))

    if by == "update":
        users.given(DECLARED)
    words = (
        f"slotwarden.io/adopt-value makes a stored value that of SecretSlot pull in namespace {users.namespace}: "
        "ask for `create` on secretslots/value and secretslots/reveal in group values.slotwarden.io"
    )
    refused(attempt(), words)
    refused(attempt(VALUE), words)
    refused(attempt(REVEAL), words)
    allowed(attempt(VALUE, REVEAL))


def test_an_adoption_that_stands_needs_nothing_again(users: Users) -> None:
    users.given(DECLARED, annotations=ADOPT)
    user = users.may()
    allowed(user.patch('{"metadata": {"labels": {"a": "b"}}}'))
    allowed(user.patch('{"metadata": {"annotations": {"slotwarden.io/adopt-value": null}}}'))


def test_deleting_is_a_matter_of_rbac_alone(users: Users) -> None:
    users.given(inline())
    user = users.may()
    done = users.kubectl("delete", "sslot", "pull", namespace=users.namespace, as_user=user.name)
    allowed(done)
