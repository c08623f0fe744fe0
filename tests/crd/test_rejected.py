"""Every rule, with the words that a user reads; and none of them shows a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.crd.objects import Trial

CANARY = "c4naryValue"
# Longer than a run of digits in a uid can be: a short one is found there by chance.
NUMBER = 4711_0815_4711_0815
URL = "https://github.com"
BARE = (
    "serverAddress is a bare host[:port] with a port from 1 to 65535 and an IPv6 address in brackets: "
    'write "ghcr.io", "registry.example.com:5000" or "[fd00::1]:5000"; leave it empty for Docker Hub'
)
URL_SHAPE = (
    "url is http(s)://host[:port][/path] with a port from 1 to 65535, without spaces, '%' and empty segments: "
    'write "https://git.example.com:8443/team"'
)
NO_NAME = (
    "metadata.name: Invalid value: without spec.slotName the object's name is the slot's name: "
    "at most 63 of a-z, 0-9 and '-', no dot; for any other slot name set spec.slotName"
)
RESERVED = (
    "must not hold slotwarden.io/* or app.kubernetes.io/managed-by, name, component or instance: "
    "the operator and GitOps tools track Secrets by them"
)
LABEL_KEY = 'is [prefix/]name, at most 63 characters after the prefix: write "example.com/team"'
INTERVAL = 'spec.refreshInterval: Invalid value: write a duration from 1s to 8760h, like "30m", "1h" or "1h30m"'


def registry(**fields: Any) -> dict[str, Any]:
    return {"registry": {"username": "bot", "password": CANARY, **fields}}


def refused(trial: Trial, spec: Any, words: str, **metadata: Any) -> None:
    done = trial(spec, **metadata)
    assert done.code != 0, done.stdout
    assert words in done.stderr
    assert CANARY.lower() not in done.stderr.lower()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "spec: Invalid value: give one of git and registry: what kind of credential the slot holds"),
        ({**registry(), "git": {"url": URL}}, "spec: Invalid value: give one of git and registry, not both"),
        (
            registry(passwordFrom={"secretKeyRef": {"name": "a", "key": "b"}}),
            "spec.registry: Invalid value: give at most one of password and passwordFrom: "
            "a slot takes its value from one place",
        ),
        (
            {
                "git": {
                    "url": URL,
                    "username": "b",
                    "token": CANARY,
                    "tokenFrom": {"secretKeyRef": {"name": "a", "key": "b"}},
                }
            },
            "spec.git: Invalid value: give at most one of token and tokenFrom: a slot takes its value from one place",
        ),
        (
            {"registry": {"password": CANARY}},
            "spec.registry: Invalid value: username is required with password or passwordFrom: the password alone is "
            "no credential, and only a value set elsewhere brings its own username",
        ),
        (
            {"git": {"url": URL, "tokenFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}},
            "spec.git: Invalid value: username is required with token or tokenFrom: the token alone is no credential",
        ),
        (registry(username=""), "spec.registry.username: Invalid value: username must not be empty"),
        (registry(username=f"bot:{CANARY}"), "must not hold a colon or a control character"),
        (registry(username=f"{CANARY}\n"), "must not hold a colon or a control character"),
        (registry(username=CANARY * 100), "spec.registry.username: Too long: may not be more than 1024 bytes"),
        (
            {"git": {"url": URL}, "projections": [{"type": "dockerconfigjson"}]},
            "spec.projections: Invalid value: a git credential is projected as basic-auth; "
            "dockerconfigjson is for registry",
        ),
        ({**registry(), "deletionPolicy": "Keep"}, 'supported values: "Delete", "Retain"'),
        ({"git": {"url": ""}}, "spec.git.url in body should be at least 1 chars long"),
    ],
)
def test_specs(trial: Trial, spec: Any, words: str) -> None:
    refused(trial, spec, words)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://ghcr.io", 'serverAddress is a bare host[:port] without a scheme: write "ghcr.io"'),
        ("HTTP://Quay.io/v2/", 'without a scheme: write "quay.io"'),
        ("oci://registry.example.com:5000/x", 'without a scheme: write "registry.example.com:5000"'),
        ("https://index.docker.io/v1", 'without a scheme: write "docker.io"'),
        (f"https://bot:{CANARY}@quay.io/", 'without a scheme: write "ghcr.io"'),
        ("://", 'without a scheme: write "ghcr.io"'),
        ("quay.io/acme", 'serverAddress is a bare host[:port] without a path: write "quay.io"'),
        ("quay.io/", 'without a path: write "quay.io"'),
        (f"{CANARY}@quay.io/", 'without a path: write "ghcr.io"'),
        ("Quay.io", 'serverAddress is written in lower case: write "quay.io"'),
        (f"{CANARY}@quay.io", 'in lower case: write "ghcr.io"'),
        ("a:0", BARE),
        ("a:65536", BARE),
        ("a:", BARE),
        ("fd00::1", BARE),
        ("a_b", BARE),
        ("-a", BARE),
        ("a..b", BARE),
        ("a b", BARE),
        ("*.example.com", BARE),
        (".".join(["a" * 63] * 4), "Too long: may not be more than 253 bytes"),
    ],
)
def test_server_addresses(trial: Trial, address: str, words: str) -> None:
    refused(trial, registry(serverAddress=address), words)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"ssh://git@github.com/{CANARY}", 'url begins with "https://" or "http://": write "https://github.com"'),
        (f"git@github.com:{CANARY}/b", "ssh needs no password"),
        ("", 'url begins with "https://"'),
        (
            f"https://bot:{CANARY}@github.com/acme",
            "url must not hold a user name or a password, it is stored and shown in the open: "
            'give username and token instead and write "https://github.com"',
        ),
        (f"https://{CANARY}@github.com", "url must not hold a user name or a password"),
        (f"https://github.com/?token={CANARY}", "url has no query and no fragment"),
        (f"https://github.com#{CANARY}", "url has no query and no fragment"),
        (f"https://{CANARY}.com/acme", "the host in url is written in lower case"),
        (f"https://github.com:70000/{CANARY}", URL_SHAPE),
        (f"https://github.com/../{CANARY}", URL_SHAPE),
        (f"https://github.com/a b/{CANARY}", URL_SHAPE),
        (f"https://github.com/%2e%2e/{CANARY}", URL_SHAPE),
        (f"https://github.com//{CANARY}", URL_SHAPE),
        ("https://", URL_SHAPE),
        (f"https://{'.'.join(['a' * 63] * 4)}/{CANARY}", URL_SHAPE),
        (f"https://github.com/{CANARY * 200}", "Too long: may not be more than 2048 bytes"),
    ],
)
def test_git_urls(trial: Trial, url: str, words: str) -> None:
    refused(trial, {"git": {"url": url, "username": "bot", "token": CANARY}}, words)


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        (CANARY, "password", "passwordFrom.secretKeyRef.name: Invalid value: name is the name of a Secret"),
        ("", "password", 'write "ghcr-source"'),
        ("a..b", "password", "name is the name of a Secret"),
        ("source", f"{CANARY}!", "passwordFrom.secretKeyRef.key: Invalid value: key is a key of a Secret's data"),
        ("source", "", 'write "password"'),
    ],
)
def test_sources(trial: Trial, name: str, key: str, words: str) -> None:
    source = {"secretKeyRef": {"name": name, "key": key}}
    refused(trial, {"registry": {"username": "bot", "passwordFrom": source}}, words)


@pytest.mark.parametrize(
    ("name", "slot_name", "words"),
    [
        ("a.b", None, NO_NAME),
        ("a" * 64, None, NO_NAME),
        ("xa-bx.usl", None, NO_NAME),
        ("foo", "bar", 'metadata.name: Invalid value: for this spec.slotName metadata.name must be "bar"'),
        ("a-b", "A_b", 'for this spec.slotName metadata.name must be "xa-bx.usl"'),
        ("xa-bx.lll", "a-b", 'for this spec.slotName metadata.name must be "a-b"'),
        ("xa-bx.usu", "A_b", 'for this spec.slotName metadata.name must be "xa-bx.usl"'),
        ("foo", "", "spec.slotName in body should match '^[A-Za-z0-9_-]{1,64}$'"),
        ("foo", "a b", "spec.slotName in body should match"),
        ("foo", "a/../b", "spec.slotName in body should match"),
        ("foo", "a" * 65, "spec.slotName: Too long: may not be more than 64 bytes"),
    ],
)
def test_names(trial: Trial, name: str, slot_name: str | None, words: str) -> None:
    spec = registry() if slot_name is None else {**registry(), "slotName": slot_name}
    refused(trial, spec, words, name=name)


@pytest.mark.parametrize(
    ("projections", "words"),
    [
        ([{}, {}], "spec.projections: Too many: 2: must have at most 1 item"),
        ([{"secretName": "A_b"}], "spec.projections[0].secretName in body should match"),
        ([{"secretName": ""}], "spec.projections[0].secretName in body should"),
        ([{"type": "opaque"}], 'supported values: "dockerconfigjson", "basic-auth"'),
        ([{"labels": {"slotwarden.io/owner": "x"}}], f"spec.projections[0].labels: Invalid value: labels {RESERVED}"),
        ([{"labels": {"app.kubernetes.io/instance": "x"}}], f"labels {RESERVED}"),
        ([{"labels": {"app.kubernetes.io/managed-by": "x"}}], f"labels {RESERVED}"),
        ([{"annotations": {"slotwarden.io/adopt": "true"}}], f"annotations {RESERVED}"),
        ([{"annotations": {"app.kubernetes.io/name": "x"}}], f"annotations {RESERVED}"),
        ([{"labels": {"a b": "c"}}], f"each key in labels {LABEL_KEY}"),
        ([{"labels": {"a/b/c": "d"}}], f"each key in labels {LABEL_KEY}"),
        ([{"annotations": {"x" * 64: "c"}}], f"each key in annotations {LABEL_KEY}"),
        ([{"labels": {"a": "b c"}}], "a label's value is at most 63 letters, digits, '-', '_' and '.'"),
        ([{"labels": {"a": "b" * 64}}], "spec.projections[0].labels.a: Too long: may not be more than 63 bytes"),
        ([{"labels": {f"k{n}": "v" for n in range(33)}}], "spec.projections[0].labels: Too many: 33"),
    ],
)
def test_projections(trial: Trial, projections: list[Any], words: str) -> None:
    refused(trial, {**registry(), "projections": projections}, words)


@pytest.mark.parametrize("interval", ["", "0s", "5", "1.5h", "-1h", "1d", "30m1h", "8760h1s", "99999h", "500ms", "h"])
def test_refresh_intervals(trial: Trial, interval: str) -> None:
    refused(trial, {**registry(), "refreshInterval": interval}, INTERVAL)


@pytest.mark.parametrize(
    "spec",
    [
        CANARY,
        [CANARY],
        {"registry": CANARY},
        {"registry": [CANARY]},
        {"registry": {"username": "bot", "password": [CANARY]}},
        {"registry": {"username": "bot", "password": {"value": CANARY}}},
        {"registry": {"username": "bot", "passwordFrom": CANARY}},
        {"registry": {"username": "bot", "passwordFrom": {"secretKeyRef": CANARY}}},
        {"registry": {"username": "bot", "pasword": CANARY}},
        {"git": {"url": [CANARY], "username": "bot", "token": CANARY}},
        {"git": {"url": URL, "username": [CANARY], "token": CANARY}},
        {**registry(), "slotName": 5},
    ],
)
def test_no_shape_of_mistake_shows_a_value(trial: Trial, spec: Any) -> None:
    refused(trial, spec, "")


def test_a_number_is_no_password_and_is_not_shown(trial: Trial) -> None:
    done = trial({"registry": {"username": "bot", "password": NUMBER}})
    assert "spec.registry.password in body must be of type string" in done.stderr
    assert str(NUMBER) not in done.stderr
