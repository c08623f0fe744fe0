"""Who may give a key of an environment its value: each way in as an owner, a developer, a reader and a stranger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.policy.users import CANARY, ENV_REVEAL, ENV_VALUE, REVEAL, SECRETS, VALUE, WRITE_SECRETS, User, env, only

if TYPE_CHECKING:
    from testbed.clients.kubectl import Result
    from tests.policy.users import Users

ASK = "ask for `create` on envsecrets/value in group values.slotwarden.io"
ADOPT = {"slotwarden.io/adopt-value": "true"}
SOURCE = {"secretKeyRef": {"name": "source", "key": "password"}}
OWN_SECRET = "shop-production-env"


def allowed(done: Result) -> None:
    assert done.code == 0, done.stderr


def refused(done: Result, words: str) -> None:
    assert done.code != 0, done.stdout
    assert words in done.stderr
    assert CANARY not in done.stderr


def patched(user: User, patch: Any) -> Result:
    return user.patch(json.dumps(patch), "url", resource="esec")


def test_a_developer_may_declare_describe_and_delete(users: Users) -> None:
    developer = users.may()
    allowed(developer.create(env(description="Orders")))
    allowed(patched(developer, {"spec": {"description": "All orders", "refreshInterval": "5m"}}))
    done = users.kubectl("delete", "esec", "url", namespace=users.namespace, as_user=developer.name)
    allowed(done)


def test_a_stranger_may_not_even_look(users: Users) -> None:
    users.has(env())
    for verb in ("get", "delete"):
        done = users.kubectl(verb, "esec", "url", namespace=users.namespace, as_user="stranger")
        refused(done, "forbidden")
    refused(User(users.kubectl, users.namespace, "stranger").create(env("other")), "forbidden")


@pytest.mark.parametrize("value", [CANARY, ""])
def test_inline_needs_set_value(users: Users, value: str) -> None:
    what = f"an inline value sets the value of EnvSecret url in namespace {users.namespace}: {ASK}"
    refused(users.may().create(env(value=value)), what)
    refused(users.may(ENV_REVEAL, SECRETS, VALUE).create(env(value=value)), what)
    allowed(users.may(ENV_VALUE).create(env(value=value)))


def test_the_permission_can_be_for_one_name(users: Users) -> None:
    user = users.may(only(ENV_VALUE, "url"))
    allowed(user.create(env(value=CANARY)))
    refused(user.create(env("other", value=CANARY)), f"EnvSecret other in namespace {users.namespace}: {ASK}")


def test_a_generated_name_is_checked_too(users: Users) -> None:
    generated = env(metadata={"generateName": "url-"}, value=CANARY)
    refused(users.may().create(generated), ASK)
    refused(users.may(only(ENV_VALUE, "url-")).create(generated), ASK)
    allowed(users.may(ENV_VALUE).create(generated))


def test_an_update_with_an_inline_value_needs_set_value(users: Users) -> None:
    users.has(env())
    patch = {"spec": {"value": CANARY}}
    refused(patched(users.may(), patch), ASK)
    allowed(patched(users.may(ENV_VALUE), patch))


def test_a_source_needs_set_value_and_reading_the_secret(users: Users) -> None:
    sourced = env(valueFrom=SOURCE)
    refused(
        users.may(SECRETS).create(sourced),
        f"a new source sets the value of EnvSecret url in namespace {users.namespace}: {ASK}",
    )
    no_get = (
        f"EnvSecret url in namespace {users.namespace} takes its value from Secret source, which you may not read: "
        "ask for `get` on that Secret"
    )
    refused(users.may(ENV_VALUE).create(sourced), no_get)
    refused(users.may(ENV_VALUE, only(SECRETS, "other")).create(sourced), no_get)
    allowed(users.may(ENV_VALUE, only(SECRETS, "source")).create(sourced))


@pytest.mark.parametrize("change", [{"name": "other"}, {"key": "other"}])
def test_a_changed_source_needs_both_again(users: Users, change: dict[str, str]) -> None:
    users.has(env(valueFrom=SOURCE))
    patch = {"spec": {"valueFrom": {"secretKeyRef": change}}}
    refused(patched(users.may(SECRETS), patch), ASK)
    refused(patched(users.may(ENV_VALUE), patch), "ask for `get` on that Secret")
    allowed(patched(users.may(ENV_VALUE, SECRETS), patch))


def test_an_unchanged_or_removed_source_needs_nothing(users: Users) -> None:
    users.has(env(valueFrom=SOURCE))
    developer = users.may()
    allowed(patched(developer, {"metadata": {"labels": {"a": "b"}}, "spec": {"refreshInterval": "5m"}}))
    allowed(patched(developer, {"spec": {"valueFrom": None}}))


def test_another_secret_needs_reading_or_setting_the_value(users: Users) -> None:
    patch = {"spec": {"projection": {"secretName": "readable"}}}
    users.has(env())
    words = (
        f"another secretName can show the value of EnvSecret url in namespace {users.namespace} to others: "
        f"ask for `get` on Secret {OWN_SECRET}, or for `create` on envsecrets/value in group values.slotwarden.io"
    )
    write = only(WRITE_SECRETS, "readable")
    refused(patched(users.may(only(SECRETS, "readable"), write, VALUE, REVEAL), patch), words)
    for rule in (only(ENV_VALUE, "url"), only(ENV_REVEAL, "url"), only(SECRETS, OWN_SECRET)):
        allowed(patched(users.may(rule, write), patch))
        allowed(patched(users.may(ENV_VALUE, VALUE), {"spec": {"projection": None}}))


def test_a_key_of_another_secret_takes_more_than_one_name(users: Users) -> None:
    patch = {"spec": {"projection": {"secretName": "shop-live"}}}
    users.has(env())
    words = (
        f"another secretName can put the value of EnvSecret url in namespace {users.namespace} in the place of others "
        "in Secret shop-live: ask for `update` on that Secret, or for `create` on all envsecrets/value and "
        "secretslots/value in group values.slotwarden.io"
    )
    one = (only(ENV_VALUE, "url"), only(ENV_REVEAL, "url"), SECRETS, only(WRITE_SECRETS, OWN_SECRET), VALUE)
    refused(patched(users.may(*one), patch), words)
    refused(patched(users.may(ENV_VALUE, only(VALUE, "pull")), patch), words)
    for rules in ([ENV_VALUE, VALUE], [only(ENV_VALUE, "url"), only(WRITE_SECRETS, "shop-live")]):
        allowed(patched(users.may(*rules), patch))
        allowed(patched(users.may(ENV_VALUE, VALUE), {"spec": {"projection": None}}))


def test_the_secret_of_an_environment_is_told_from_its_names(users: Users) -> None:
    users.has(env(project="Shop", environment="EU_1"))
    developer = users.may()
    allowed(patched(developer, {"spec": {"projection": {"secretName": "shop-eu-1-env"}}}))
    refused(patched(developer, {"spec": {"projection": {"secretName": "shop-eu_1-env"}}}), "secretName is the name of")
    refused(patched(developer, {"spec": {"projection": {"secretName": "shop-eu-env"}}}), "Secret shop-eu-1-env")


def test_the_secret_may_be_named_in_other_words(users: Users) -> None:
    users.has(env())
    for projection in ({}, {"secretName": OWN_SECRET}, {"labels": {}, "annotations": {}}, None):
        allowed(patched(users.may(), {"spec": {"projection": projection}}))


@pytest.mark.parametrize("by", ["create", "update"])
@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_marking_a_secret_that_others_share_takes_more_than_one_name(users: Users, field: str, by: str) -> None:
    def attempt(*rules: Any) -> Result:
        projection = {field: {"example.com/copy-to": "elsewhere"}}
        if by == "create":
            users.kubectl("delete", "--ignore-not-found", "esec", "url", namespace=users.namespace, check=True)
            return users.may(*rules).create(env(projection=projection))
        users.has(env(projection={}))
        return patched(users.may(*rules), {"spec": {"projection": projection}})

    words = (
        f"a label or annotation can show every value in Secret {OWN_SECRET} in namespace {users.namespace} to others: "
        "ask for `get` on that Secret, or for `create` on all envsecrets/value in group values.slotwarden.io"
    )
    refused(attempt(), words)
    refused(attempt(only(ENV_VALUE, "url"), only(ENV_REVEAL, "url"), only(SECRETS, "other")), words)
    for rule in (ENV_VALUE, ENV_REVEAL, only(SECRETS, OWN_SECRET)):
        allowed(attempt(rule))


def test_marks_go_to_another_secret_by_the_same_permission(users: Users) -> None:
    users.has(env(projection={"labels": {"example.com/copy-to": "elsewhere"}}))
    user = users.may(only(ENV_VALUE, "url"), only(SECRETS, OWN_SECRET), WRITE_SECRETS)
    refused(patched(user, {"spec": {"projection": {"secretName": "forum"}}}), "every value in Secret forum")
    allowed(patched(user, {"spec": {"projection": {"secretName": "forum", "labels": None}}}))


@pytest.mark.parametrize("by", ["create", "update"])
def test_adopting_needs_set_value_and_reveal(users: Users, by: str) -> None:
    def attempt(*rules: Any) -> Result:
        if by == "create":
            return users.may(*rules).create(env(metadata={"name": "url", "annotations": ADOPT}))
        return patched(users.may(*rules), {"metadata": {"annotations": ADOPT}})

    if by == "update":
        users.has(env())
    words = (
        f"slotwarden.io/adopt-value makes a stored value that of EnvSecret url in namespace {users.namespace}: "
        "ask for `create` on envsecrets/value and envsecrets/reveal in group values.slotwarden.io"
    )
    refused(attempt(), words)
    refused(attempt(ENV_VALUE, REVEAL), words)
    refused(attempt(ENV_REVEAL, VALUE), words)
    allowed(attempt(ENV_VALUE, ENV_REVEAL))


def test_an_adoption_that_stands_needs_nothing_again(users: Users) -> None:
    users.has(env(metadata={"name": "url", "annotations": ADOPT}))
    developer = users.may()
    allowed(patched(developer, {"metadata": {"labels": {"a": "b"}}}))
    allowed(patched(developer, {"metadata": {"annotations": {"slotwarden.io/adopt-value": None}}}))
