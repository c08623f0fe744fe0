"""What each API says where a namespace lets nothing be made: it is not there, it goes, or its quota is used up."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from slotwarden.gateway.identity.permissions import ORGANIZATION
from slotwarden.gateway.published.described import documents
from testbed.clients.kube import Kube, RefusedError, core
from testbed.gateway import make_gateway
from testbed.operator import make_identities, remove_identities
from testbed.wait import eventually
from tests.published.coreinstances import Instance, encoded
from tests.published.environments import Shop
from tests.published.repositories import Repo
from tests.published.slots import HTTP, Grpc, Rest, Slot, git
from tests.published.support import EVERYTHING, OBJECTS, REVEAL, SET, Api, User, canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.operator import Operator
    from testbed.session import Session
    from tests.published.support import Answer, Rule

Said = tuple[int, str, str]
"""The status, the word for programs, and the words for people."""
VALUE: Final = canary()
NAMESPACES: Final = "/api/v1/namespaces"
WIDE: Final = "/apis/rbac.authorization.k8s.io/v1/{}"
KINDS: Final = {
    "secretslots": {"kind": "SecretSlot", "spec": {"git": {}}},
    "envsecrets": {"kind": "EnvSecret", "spec": {"project": "shop", "environment": "production", "key": "PROBE"}},
}


@pytest.fixture(scope="module")
def everywhere(installed: Session, process: Operator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A gateway of all namespaces, whether they are there or not."""
    home = f"everywhere-{secrets.token_hex(4)}"
    installed.kube.create(NAMESPACES, {"metadata": {"name": home}})
    identities = make_identities(installed, home, home, {"namespaces": []}, role="gateway")
    folder = tmp_path_factory.mktemp("gateway")
    gateway = make_gateway(installed, home, home, folder, "--no-aggregation", identities=identities, everywhere=True)
    yield Api(installed, home, process, gateway.start())
    gateway.stop()
    assert VALUE not in gateway.log_text()
    assert encoded(VALUE) not in gateway.log_text()
    remove_identities(installed, identities)
    installed.kube.delete(f"{NAMESPACES}/{home}")


@pytest.fixture(scope="module")
def anywhere(everywhere: Api) -> Iterator[Callable[..., User]]:
    """`anywhere(*rules)`: one who may do that in all namespaces, once they may."""
    kube, names = everywhere.kube, list[str]()

    def make(*rules: Rule) -> User:
        names.append(name := f"anywhere-{secrets.token_hex(4)}")
        user = User.made(everywhere, name, (), everywhere.namespace)
        kube.create(WIDE.format("clusterroles"), {"metadata": {"name": name}, "rules": list(rules)})
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": everywhere.namespace}],
        }
        kube.create(WIDE.format("clusterrolebindings"), binding)
        for each in rules:
            eventually(lambda each=each: user.may(each), message=f"the permissions of {name} hold")
        return user

    yield make
    for name in names:
        for kind in ("clusterrolebindings", "clusterroles"):
            kube.delete(f"{WIDE.format(kind)}/{name}")


@pytest.fixture(scope="module")
def somebody(anywhere: Callable[..., User]) -> User:
    """One who may do everything everywhere."""
    return anywhere(*EVERYTHING)


def by(wire: Rest | Grpc, namespace: str) -> Said:
    outcome = Slot.new(wire.user.api).create(wire, git(VALUE), x_slotwarden_organization=namespace)
    return HTTP[outcome.code], outcome.code, outcome.message


def told(answer: Answer) -> Said:
    return answer.code, answer.body["code"], answer.body["error"]


def of_environments(user: User, namespace: str) -> Said:
    return told(Shop.new(replace(user.api, namespace=namespace)).create(user, "TOKEN"))


def of_core_instances(user: User, namespace: str) -> Said:
    body = {"key": "mysecret", "value": encoded(VALUE)}
    return told(user.ask("POST", Instance.new(user.api).path(), body, headers={ORGANIZATION: namespace}))


def of_repositories(user: User, namespace: str) -> Said:
    answer = Repo.new(user.api, user).put("TOKEN", VALUE, **{ORGANIZATION: namespace})
    return answer.code, answer.body["error_code"], answer.body["message"]


CREATIONS: Final[dict[str, Callable[[User, str], Said]]] = {
    "slots.create": lambda user, namespace: by(Rest(user), namespace),
    "slots.create over gRPC": lambda user, namespace: by(Grpc(user), namespace),
    "environments.create": of_environments,
    "core-instances.create": of_core_instances,
    "repositories.put": of_repositories,
}
WORDS: Final = {404: "NotFound", 409: "Conflict", 403: "Forbidden"}
GRPC: Final = {404: "NOT_FOUND", 409: "FAILED_PRECONDITION", 403: "PERMISSION_DENIED"}


@contextlib.contextmanager
def absent(_: Kube) -> Iterator[str]:
    yield f"absent-{secrets.token_hex(4)}"


@contextlib.contextmanager
def usual(kube: Kube) -> Iterator[str]:
    """One where all can be made."""
    name = f"usual-{secrets.token_hex(4)}"
    kube.create(NAMESPACES, {"metadata": {"name": name}})
    yield name
    kube.delete(f"{NAMESPACES}/{name}")


@contextlib.contextmanager
def ending(kube: Kube) -> Iterator[str]:
    """One that is being deleted, and stays because of an object in it."""
    name = f"ending-{secrets.token_hex(4)}"
    kube.create(NAMESPACES, {"metadata": {"name": name}})
    kept = core(name, "configmaps")
    kube.create(kept, {"metadata": {"name": "kept", "finalizers": ["example.com/stay"]}})
    kube.delete(f"{NAMESPACES}/{name}")
    yield name
    kube.patch(f"{kept}/kept", {"metadata": {"finalizers": None}})


@contextlib.contextmanager
def full(kube: Kube) -> Iterator[str]:
    """One whose quota lets no object of ours be made."""
    name = f"full-{secrets.token_hex(4)}"
    kube.create(NAMESPACES, {"metadata": {"name": name}})
    fill(kube, name)
    yield name
    kube.delete(f"{NAMESPACES}/{name}")


def fill(kube: Kube, name: str) -> None:
    """Let nothing more be made in a namespace."""
    path, hard = core(name, "resourcequotas"), {f"count/{resource}.{OBJECTS}": "0" for resource in KINDS}
    kube.create(path, {"metadata": {"name": "none"}, "spec": {"hard": hard}})
    # The controller that counts does not run here.
    kube.patch(f"{path}/none/status", {"status": {"hard": hard, "used": hard}})
    for resource in KINDS:
        eventually(lambda resource=resource: no_room(kube, name, resource), message="the quota holds")


def no_room(kube: Kube, namespace: str, resource: str) -> bool:
    body = {"apiVersion": f"{OBJECTS}/v1beta1", "metadata": {"name": "probe"}, **KINDS[resource]}
    try:
        kube.create(f"/apis/{OBJECTS}/v1beta1/namespaces/{namespace}/{resource}", body, dryRun="All")
    except RefusedError as error:
        return "quota" in str(error)
    return False


def documented(creation: str) -> set[int]:
    """The codes that the document of the API has for a call."""
    api, _, _ = creation.partition(".")
    (contract,) = [each for each in documents.CONTRACTS if each.name == api]
    (operation,) = [each for each in contract.operations if each.name == creation.partition(" ")[0]]
    found: Any = operation.told()["responses"]
    return set(map(int, found))


@pytest.mark.parametrize("creation", CREATIONS)
@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        (absent, 404, "there is no such namespace"),
        (ending, 409, "the namespace is being deleted"),
        (full, 403, "a quota of the namespace lets no such object be made"),
    ],
    ids=["absent 404", "ending 409", "full 403"],
)
def test_where_nothing_can_be_made(
    everywhere: Api, somebody: User, creation: str, state: Callable[[Kube], Any], code: int, words: str
) -> None:
    with state(everywhere.kube) as namespace:
        names = GRPC if creation.startswith("slots") else WORDS
        assert CREATIONS[creation](somebody, namespace) == (code, names[code], words)
        for resource in KINDS:
            objects = replace(everywhere, namespace=namespace).objects(resource)
            assert everywhere.kube.list(objects) == []
    assert code in documented(creation)


@pytest.mark.parametrize("creation", CREATIONS)
def test_who_may_not_make_it_learns_nothing_of_the_namespace_403(
    everywhere: Api, anywhere: Callable[..., User], creation: str
) -> None:
    for user in (anywhere(), anywhere(SET), anywhere(REVEAL)):
        answers = set()
        for state in (usual, absent, ending, full):
            with state(everywhere.kube) as namespace:
                code, word, words = CREATIONS[creation](user, namespace)
                answers.add((code, word, words.replace(namespace, "")))
        ((code, _, words),) = answers
        assert code == 403
        assert "cannot create resource" in words


@pytest.mark.parametrize("state", [absent, ending, full])
def test_a_value_is_set_of_nothing_that_is_not_there_404(
    everywhere: Api, somebody: User, state: Callable[[Kube], Any]
) -> None:
    with state(everywhere.kube) as namespace:
        shop = Shop.new(replace(everywhere, namespace=namespace))
        assert told(shop.give(somebody, "TOKEN", VALUE)) == (404, "NotFound", "there is no such secret")


def test_a_quota_that_is_used_up_hinders_nothing_that_is_there(everywhere: Api, somebody: User) -> None:
    with usual(everywhere.kube) as namespace:
        inside = replace(everywhere, namespace=namespace)
        shop, slot, repo = Shop.new(inside), Slot.new(everywhere), Repo.new(everywhere, somebody)
        instance = Instance.new(everywhere)

        def everything() -> list[int]:
            to = {ORGANIZATION: namespace}
            body = {"key": "mysecret", "value": encoded(VALUE)}
            return [
                shop.create(somebody, "TOKEN").code,
                shop.give(somebody, "TOKEN", VALUE).code,
                *(
                    HTTP[slot.create(wire, git(VALUE), x_slotwarden_organization=namespace).code]
                    for wire in (Rest(somebody), Grpc(somebody))
                ),
                somebody.ask("POST", instance.path(), body, headers=to).code,
                repo.put("TOKEN", VALUE, **to).code,
            ]

        assert everything() == [201, 200, 200, 200, 201, 202]
        fill(everywhere.kube, namespace)
        assert everything() == [409, 200, 200, 200, 409, 202]
        assert told(shop.create(somebody, "TOKEN"))[2] == "there is a secret of this name"


def test_a_value_is_set_of_nothing_that_goes_with_its_namespace_409(everywhere: Api, somebody: User) -> None:
    with usual(everywhere.kube) as namespace:
        inside = replace(everywhere, namespace=namespace)
        shop, kube = Shop.new(inside), everywhere.kube
        kept = {"finalizers": ["example.com/stay"]}
        path = inside.objects("envsecrets", shop.by_hand("kept", "TOKEN", **kept)["metadata"]["name"])
        kube.delete(f"{NAMESPACES}/{namespace}")
        eventually(lambda: kube.get(path)["metadata"].get("deletionTimestamp"), message="the object goes")
        answer = told(shop.give(somebody, "TOKEN", VALUE))
        kube.patch(path, {"metadata": {"finalizers": None}})
        assert answer == (409, "Conflict", "the object is being deleted")
