"""Who may do what with a value: real ServiceAccounts and RBAC, through the aggregation layer and at the gateway."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from testbed.clients.kube import envs, slots
from testbed.gateway import user_token
from tests.aggregated.accounts import WAYS, Account, Json, Said
from tests.aggregated.kinds import KINDS, body_of, declare, of_kind
from tests.aggregated.users import ROOT, rule
from tests.e2e.support import registry
from tests.gateway.support import ask, authority, bearer, context
from tests.support.leaks import find

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from testbed.gateway import Gateway
    from tests.e2e.support import Organization

DECLARE = rule(*KINDS, verbs=("*",), group="slotwarden.io")
SECRETS = rule("secrets", verbs=("get",), group="")
LOOK = rule("*", verbs=("get", "list", "watch"), group="*")
FORBIDDEN, DONE = "Forbidden", ""


def permission(what: str, **more: Any) -> Json:
    """What lets somebody do this with values of both kinds."""
    verbs = ("get",) if what == "versions" else ("create",)
    return rule(*(f"{kind}/{what}" for kind in KINDS), verbs=verbs, **more)


ROLES: dict[str, list[Json]] = {
    "owner": [permission("value"), DECLARE],
    "revealer": [permission("reveal")],
    "historian": [permission("versions")],
    "restorer": [permission("rollback")],
    "developer": [DECLARE, SECRETS],
    "reader": [LOOK],
    "stranger": [],
}
MAY = {
    "owner": {"value"},
    "revealer": {"reveal"},
    "historian": {"versions"},
    "restorer": {"rollback"},
    "developer": set[str](),
    # Versions are told without a value.
    "reader": {"versions"},
    "stranger": set[str](),
}


@pytest.fixture(scope="module")
def people(org: Organization, gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Account]:
    """The account of a role; the reader's is a ClusterRole."""
    folder: Path = tmp_path_factory.mktemp("accounts")
    made = {
        role: Account.made(org, gateway, folder, *rules, everywhere=role == "reader", label=role)
        for role, rules in ROLES.items()
    }
    return made.__getitem__


def requests(kind: str, name: str, value: str) -> dict[str, tuple[str, Json | None]]:
    """What is asked of one object, by subresource."""
    path = f"{kind}/{name}"
    return {
        "value": (f"{path}/value", body_of(kind, value)),
        "reveal": (f"{path}/reveal", {}),
        "versions": (f"{path}/versions", None),
        "rollback": (f"{path}/rollback", {"version": 1}),
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_may_what_its_role_says(org: Organization, people: Callable[[str], Account], kind: str, way: str) -> None:
    name, value = f"roles-{way}", f"c4nary{secrets.token_hex(12)}"
    declare(org, kind, name)
    assert people("owner").ask(way, f"{kind}/{name}/value", body_of(kind, value)).reason == DONE
    said: dict[str, dict[str, Said]] = {}
    for role in ROLES:
        asked = requests(kind, name, value).items()
        said[role] = {what: people(role).ask(way, path, body) for what, (path, body) in asked}
    done = {role: {what for what, each in told.items() if each.reason == DONE} for role, told in said.items()}
    assert done == MAY
    refused = [each for told in said.values() for each in told.values() if each.reason != DONE]
    assert {each.reason for each in refused} == {FORBIDDEN}
    holding = [
        (role, what) for role, told in said.items() for what, each in told.items() if find(value, {"": each.text})
    ]
    assert holding == [("revealer", "reveal")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_names_hold_for_each_subresource(
    org: Organization, gateway: Gateway, tmp_path: Path, people: Callable[[str], Account], kind: str, way: str
) -> None:
    mine, theirs = f"mine-{way}", f"theirs-{way}"
    for name in (mine, theirs):
        declare(org, kind, name)
        assert people("owner").ask(way, f"{kind}/{name}/value", body_of(kind, "first")).reason == DONE
    for what in MAY["owner"] | {"reveal", "versions", "rollback"}:
        only = Account.made(org, gateway, tmp_path, permission(what, resourceNames=[mine]), label="only")
        for name, expected in ((mine, DONE), (theirs, FORBIDDEN), (f"{mine}-not", FORBIDDEN)):
            for other, (path, body) in requests(kind, name, "first").items():
                assert only.ask(way, path, body).reason == (expected if other == what else FORBIDDEN), (name, other)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_cannot_tell_what_is_there(
    org: Organization, people: Callable[[str], Account], kind: str, way: str
) -> None:
    declare(org, kind, f"there-{way}")
    stranger = people("stranger")

    def told(name: str) -> list[str]:
        said = [stranger.ask(way, path, body) for path, body in requests(kind, name, "first").values()]
        if way == "kubectl":
            said += [Said(FORBIDDEN, stranger.kubectl("get", kind, name).stderr)]
        assert {each.reason for each in said} == {FORBIDDEN}
        return [each.text.replace(name, "NAME") for each in said]

    assert told(f"there-{way}") == told("not-there")
    elsewhere = {
        namespace: stranger.at(way, f"{ROOT}/namespaces/{namespace}/{kind}/any/versions")
        for namespace in ("default", "no-such-namespace")
    }
    told_elsewhere = {each.text.replace(namespace, "NAMESPACE") for namespace, each in elsewhere.items()}
    assert len(told_elsewhere) == 1
    assert all(each.reason for each in elsewhere.values())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_who_may_read_everything_reads_no_value(
    org: Organization, people: Callable[[str], Account], kind: str, way: str
) -> None:
    name, value, reader = f"read-{way}", f"c4nary{secrets.token_hex(12)}", people("reader")
    declare(org, kind, name)
    assert people("owner").ask(way, f"{kind}/{name}/value", body_of(kind, value)).reason == DONE
    of_kind(org, kind).ready(name)
    path = f"{ROOT}/namespaces/{org.namespace}/{kind}"
    got = {what: reader.ask(way, f"{kind}/{name}/{what}") for what in ("value", "reveal", "rollback", "versions")}
    assert {what: each.reason for what, each in got.items()} == {
        "value": "MethodNotAllowed",
        "reveal": "MethodNotAllowed",
        "rollback": "MethodNotAllowed",
        "versions": DONE,
    }
    for tried in (path, f"{path}/{name}", f"{path}?watch=true", f"{path}/{name}/reveal/", f"{path}/{name}/reveal/any"):
        got[tried] = reader.at(way, tried)
        assert got[tried].reason in ("NotFound", "MethodNotAllowed"), tried
    texts = {what: each.text for what, each in got.items()}
    if way == "kubectl":
        for words in (("get", kind, "-o", "json"), ("get", "events", "-o", "json"), ("describe", kind, name)):
            done = reader.kubectl(*words, "-n", org.namespace)
            assert done.code == 0, done.stderr
            texts[" ".join(words)] = done.stdout
    assert find(value, texts) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_developer_declares_and_opens_no_door(org: Organization, people: Callable[[str], Account], kind: str) -> None:
    """With every right on the objects, and to read Secrets: the most that is short of the permission to set values."""
    name, theirs, developer = f"dev-{kind}", f"given-{kind}", people("developer")
    path = (slots if kind == "secretslots" else envs)(org.namespace)
    seen = of_kind(org, kind)
    declare(org, kind, theirs)
    for way in WAYS:
        assert people("owner").ask(way, f"{kind}/{theirs}/value", body_of(kind, f"first {way}")).reason == DONE
    seen.ready(theirs)
    before = entry(seen, theirs)
    spec = registry() if kind == "secretslots" else {"project": name, "environment": "test", "key": "KEY"}
    done = developer.kubectl("create", "-f", "-", "-n", org.namespace, stdin=manifest(kind, name, spec))
    assert done.code == 0, done.stderr
    seen.told(name, "AwaitingValue")

    def refused(*words: str, stdin: Json) -> None:
        done = developer.kubectl(*words, "-n", org.namespace, stdin=json.dumps(stdin))
        assert done.code == 1, done.stdout
        assert "forbidden: ValidatingAdmissionPolicy" in done.stderr, done.stderr
        assert f"{kind}/value" in done.stderr
        assert "c4nary" not in done.stderr

    for target in (name, theirs):
        for over in opening(kind):
            refused("patch", kind, target, "--type=merge", "--patch-file=/dev/stdin", stdin=over)
            whole = merged(manifest(kind, target, seen.slot(target)["spec"]), over)
            # Which takes nothing away from what others declare.
            if "git" not in over.get("spec", {}):
                refused("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=whole)
            # A new object may be for any address.
            if "elsewhere" not in json.dumps(over):
                refused("create", "-f", "-", stdin=merged(manifest(kind, "made", spec), over))
        for what in ("value", "rollback", "reveal"):
            asked, body = requests(kind, target, "c4nary")[what]
            assert [developer.ask(way, asked, body).reason for way in WAYS] == [FORBIDDEN] * 2
        # Nor by the way that the gateway and the operator have: statuses are theirs.
        done = developer.kubectl(
            *("patch", kind, target, "-n", org.namespace, "--subresource=status", "--type=merge"),
            "--patch-file=/dev/stdin",
            stdin=json.dumps({"status": {"pending": None}}),
        )
        assert "(Forbidden)" in done.stderr
    assert org.kube.find(f"{path}/made") is None
    org.barrier()
    assert entry(seen, theirs) == before
    assert entry(seen, name) == (0, None)
    seen.told(name, "AwaitingValue")
    seen.ready(theirs)


def manifest(kind: str, name: str, spec: Json) -> Json:
    """An object as its user writes it."""
    named = "SecretSlot" if kind == "secretslots" else "EnvSecret"
    return {"apiVersion": "slotwarden.io/v1beta1", "kind": named, "metadata": {"name": name}, "spec": spec}


def opening(kind: str) -> list[Json]:
    """Patches that would set the value of an object, or take it elsewhere."""
    reference = {"secretKeyRef": {"name": "source", "key": "password"}}
    adopt = {"metadata": {"annotations": {"slotwarden.io/adopt-value": "true"}}}
    if kind == "envsecrets":
        return [{"spec": {"value": "c4nary"}}, {"spec": {"valueFrom": reference}}, adopt]
    return [
        {"spec": {"registry": {"username": "bot", "password": "c4nary"}}},
        {"spec": {"registry": {"username": "bot", "passwordFrom": reference}}},
        {"spec": {"registry": {"serverAddress": "elsewhere.example.com"}}},
        {"spec": {"registry": None, "git": {"url": "https://elsewhere.example.com"}}},
        adopt,
    ]


def merged(whole: Json, over: Json) -> Json:
    """An object with the fields of a merge patch."""
    result = dict(whole)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key, {}), value) if isinstance(value, dict) else value
    return result


def entry(org: Organization, name: str) -> tuple[int, Json | None]:
    """What Vault holds for an object."""
    path = org.entry(name)
    return org.vault.version(path), org.vault.read(path)


def test_a_token_for_others_is_nobodys(org: Organization, people: Callable[[str], Account], gateway: Gateway) -> None:
    declare(org, "envsecrets", "audience")
    owner, kube = people("owner"), org.kube
    tls = context(authority(kube, org.namespace))
    path = f"{ROOT}/namespaces/{org.namespace}/envsecrets/audience/value"

    def code(*tokens: str) -> int:
        return ask(gateway, tls, path, [bearer(token) for token in tokens], {"value": "first"}).code

    good = user_token(kube, org.namespace, owner.name)
    assert code(good) == 201
    for audience in ("vault", "https://kubernetes.default.svc"):
        assert code(user_token(kube, org.namespace, owner.name, audience)) == 401, audience
    assert [code(), code(good[:-8]), code("any"), code(good, good)] == [401] * 4
