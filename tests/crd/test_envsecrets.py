"""What the API server takes of an EnvSecret, and with which words it refuses the rest; none of them shows a value."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from slotwarden.resources.envsecret import EnvSecret
from tests.crd.objects import env

if TYPE_CHECKING:
    from testbed.clients.kube import Kube
    from testbed.clients.kubectl import Kubectl, Result
    from testbed.session import Session

CANARY = "c4naryValue"
SOURCE = {"secretKeyRef": {"name": "my.source", "key": "config.json"}}
VARIABLE = (
    "spec.key: Invalid value: key is the name of an environment variable: begins with a letter or '_' and has no '=': "
    'write "DATABASE_URL"'
)
DATA_KEY = (
    "spec.key: Invalid value: key is a key of a Secret's data: letters, digits, '-', '_' and '.': "
    'write "DATABASE_URL"'
)
SEGMENT = "is 1 to 64 letters, digits, '-' and '_', begins and ends with a letter or digit: write"
SECRET_NAME = (
    "spec.projection.secretName: Invalid value: secretName is the name of a Secret: a-z, 0-9, '-' and '.', begins and "
    'ends with a letter or digit: write "shop-production-env"'
)
INTERVAL = 'spec.refreshInterval: Invalid value: write a duration from 1s to 8760h, like "30m", "1h" or "1h30m"'


@pytest.fixture
def attempt(installed: Session, kubectl: Kubectl) -> Any:
    """What the API server answers to an EnvSecret, without storing it."""

    def run(**spec: Any) -> Result:
        return kubectl("create", "--dry-run=server", "-f", "-", stdin=env(**spec), namespace="default")

    return run


def refused(done: Result, words: str) -> None:
    assert done.code != 0, done.stdout
    assert words in done.stderr
    assert CANARY.lower() not in done.stderr.lower()


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"description": ""},
        {"description": "ä" * 1024},
        {"value": ""},
        {"value": "a\n\x01 \U0001f511"},
        {"valueFrom": SOURCE},
        {"projection": {}},
        {"projection": {"secretName": "a.b-c", "labels": {"example.com/B_c": "d.e"}, "annotations": {"a": "b c"}}},
        {"refreshInterval": "1h30m"},
        {"encrypted": True},
        {"encrypted": False},
        {"deletionPolicy": "Retain"},
        {"project": "repo-17", "environment": "default"},
        {"project": "core-instances", "environment": "0f8fad5b-d9cb-469f-a165-70867728950e"},
        {"key": "spring.datasource.url-2"},
        {"key": "_"},
    ],
)
def test_accepted(attempt: Any, spec: dict[str, Any]) -> None:
    done = attempt(**spec)
    assert done.code == 0, done.stderr
    assert "value" in spec or done.stderr == ""


def test_a_whole_object_is_read_as_it_was_written(installed: Session, kube: Kube, namespace: str) -> None:
    path = f"/apis/slotwarden.io/v1beta1/namespaces/{namespace}/envsecrets"
    written = env(
        description="Orders",
        valueFrom=SOURCE,
        projection={"secretName": "shop", "labels": {"a": "b"}, "annotations": {"c": "d"}},
        refreshInterval="5m",
        deletionPolicy="Retain",
    )
    stored = kube.create(path, written)
    assert stored["spec"] == written["spec"]
    read = EnvSecret.from_object(stored)
    assert read.spec.to_object() == written["spec"]
    assert read.status.observed_generation == -1


@pytest.mark.parametrize("field", ["project", "environment"])
@pytest.mark.parametrize("name", ["", "..", "a/../b", f"{CANARY}/", "a.b", "-a", "a_", "%2e%2e", f"{CANARY} "])
def test_names_that_are_no_segment(attempt: Any, field: str, name: str) -> None:
    refused(attempt(**{field: name}), f"spec.{field}: Invalid value: {field} {SEGMENT}")


@pytest.mark.parametrize("field", ["project", "environment"])
def test_names_that_are_too_long(attempt: Any, field: str) -> None:
    refused(attempt(**{field: CANARY * 6}), f"spec.{field}: Too long: may not be more than 64 bytes")


@pytest.mark.parametrize(
    ("key", "wanted", "other"),
    [
        ("1PASSWORD", VARIABLE, DATA_KEY),
        (".env", VARIABLE, DATA_KEY),
        ("..", VARIABLE, DATA_KEY),
        ("-a", VARIABLE, DATA_KEY),
        (f"A {CANARY}", DATA_KEY, VARIABLE),
        (f"A/{CANARY}", DATA_KEY, VARIABLE),
        ("A\n", DATA_KEY, VARIABLE),
        ("Aé", DATA_KEY, VARIABLE),
    ],
)
def test_a_key_tells_which_rule_it_breaks(attempt: Any, key: str, wanted: str, other: str) -> None:
    done = attempt(key=key)
    refused(done, wanted)
    assert other not in done.stderr


@pytest.mark.parametrize("key", ["", f"A={CANARY}", f"${CANARY}"])
def test_a_key_can_break_both(attempt: Any, key: str) -> None:
    done = attempt(key=key)
    refused(done, VARIABLE)
    refused(done, DATA_KEY)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"key": CANARY * 24}, "spec.key: Too long: may not be more than 253 bytes"),
        ({"description": CANARY * 100}, "spec.description: Too long: may not be more than 1024 bytes"),
        (
            {"value": CANARY, "valueFrom": SOURCE},
            "spec: Invalid value: give at most one of value and valueFrom: an EnvSecret takes its value from one place",
        ),
        ({"valueFrom": {"secretKeyRef": {"name": CANARY, "key": "a"}}}, "secretKeyRef.name: Invalid value: name is"),
        (
            {"valueFrom": {"secretKeyRef": {"name": "a", "key": f"{CANARY}!"}}},
            "secretKeyRef.key: Invalid value: key is",
        ),
        ({"projection": {"secretName": CANARY}}, SECRET_NAME),
        ({"projection": {"secretName": ""}}, SECRET_NAME),
        ({"projection": {"secretName": "a" * 254}}, "projection.secretName: Too long"),
        ({"projection": {"labels": {"slotwarden.io/owner": "x"}}}, "labels must not hold slotwarden.io/*"),
        ({"projection": {"annotations": {"slotwarden.io/adopt": "true"}}}, "annotations must not hold slotwarden.io/*"),
        ({"projection": {"labels": {"a": "b c"}}}, "a label's value is at most 63 letters"),
        ({"projection": {"labels": {"a b": "c"}}}, "each key in labels is [prefix/]name"),
        ({"refreshInterval": "1d", "value": CANARY}, INTERVAL),
        ({"deletionPolicy": "Keep", "value": CANARY}, 'supported values: "Delete", "Retain"'),
        ({"project": None, "value": CANARY}, "spec.project: Required value"),
        ({"environment": None, "value": CANARY}, "spec.environment: Required value"),
        ({"key": None, "value": CANARY}, "spec.key: Required value"),
    ],
)
def test_refused(attempt: Any, spec: dict[str, Any], words: str) -> None:
    refused(attempt(**spec), words)


@pytest.mark.parametrize(
    "spec",
    [
        {"value": [CANARY]},
        {"value": {"text": CANARY}},
        {"valueFrom": CANARY},
        {"valueFrom": {"secretKeyRef": CANARY}},
        {"vaule": CANARY},
        {"value": CANARY, "key": 5},
        {"value": CANARY, "project": [CANARY]},
        {"description": [CANARY]},
        {"projection": CANARY},
    ],
)
def test_no_shape_of_mistake_shows_a_value(attempt: Any, spec: dict[str, Any]) -> None:
    refused(attempt(**spec), "")


@pytest.mark.parametrize("field", ["project", "environment", "key"])
def test_what_names_the_value_stays(installed: Session, kubectl: Kubectl, namespace: str, field: str) -> None:
    kubectl.apply(env(), namespace=namespace, check=True)
    done = kubectl.apply(env(**{field: CANARY}), namespace=namespace)
    refused(
        done,
        f"spec.{field}: Invalid value: {field} cannot be changed, the value is kept under it: make another object, "
        "and delete this one",
    )


def test_everything_else_can_change(installed: Session, kubectl: Kubectl, namespace: str) -> None:
    kubectl.apply(env(valueFrom=SOURCE), namespace=namespace, check=True)
    changed = env(
        description="Orders", projection={"secretName": "other"}, refreshInterval="5m", deletionPolicy="Retain"
    )
    done = kubectl.apply(changed, namespace=namespace)
    assert (done.code, done.stderr) == (0, "")


def test_a_value_as_long_as_an_entry_in_vault_passes(attempt: Any) -> None:
    done = attempt(value=base64.b64encode(bytes(384 * 1024)).decode())
    assert done.code == 0, done.stderr
