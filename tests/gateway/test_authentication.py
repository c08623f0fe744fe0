"""Who may speak to the gateway, through raw TLS clients that show and say anything."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme

from testbed.gateway import make_gateway, user_token
from testbed.operator import make_identities, remove_identities
from testbed.pki import FRONT_PROXY
from testbed.wait import eventually
from tests.gateway.support import (
    ROOT,
    ask,
    authority,
    bearer,
    context,
    front_proxy_authority,
    front_proxy_context,
    user,
    who,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testbed.clients.kube import Kube
    from testbed.gateway import Gateway
    from testbed.pki import Pki
    from testbed.session import Session
    from tests.gateway.support import Headers

# One gateway for all of them.
pytestmark = pytest.mark.xdist_group("authentication")

PAST = datetime.now(UTC) - timedelta(minutes=1)
UNAUTHORIZED = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "Unauthorized",
    "reason": "Unauthorized",
    "code": 401,
}


@pytest.fixture(scope="module")
def asked(installed: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Gateway]]:
    """A namespace and its gateway, which is only asked who somebody is."""
    namespace = f"asked-{secrets.token_hex(4)}"
    installed.kube.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    identities = make_identities(installed, namespace, namespace, role="gateway")
    folder = tmp_path_factory.mktemp("gateway")
    made = make_gateway(installed, namespace, namespace, folder, identities=identities)
    yield namespace, made.start()
    made.stop()
    remove_identities(installed, identities)
    installed.kube.delete(f"/api/v1/namespaces/{namespace}")


@pytest.fixture
def namespace(asked: tuple[str, Gateway]) -> str:
    return asked[0]


@pytest.fixture
def served(asked: tuple[str, Gateway]) -> Gateway:
    return asked[1]


@pytest.fixture
def account(kube: Kube, namespace: str) -> str:
    """A ServiceAccount of a client, with no permissions."""
    name = f"client-{secrets.token_hex(3)}"
    kube.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})
    return name


def shown(pki: Pki, what: str) -> trustme.LeafCert | None:
    """A certificate that makes nobody of its owner."""
    ours, strangers = front_proxy_authority(pki), trustme.CA()
    match what:
        case "another authority":
            return strangers.issue_cert(common_name=FRONT_PROXY)
        case "another name":
            return ours.issue_cert(common_name="somebody")
        case "expired":
            return ours.issue_cert(common_name=FRONT_PROXY, not_before=PAST - timedelta(days=1), not_after=PAST)
        case "not yet":
            later = datetime.now(UTC) + timedelta(days=1)
            return ours.issue_cert(common_name=FRONT_PROXY, not_before=later, not_after=later + timedelta(days=1))
        case "the name of the other in another field":
            return ours.issue_cert(f"{FRONT_PROXY}.example", organization_name=FRONT_PROXY)
        case _:
            return None


@pytest.mark.parametrize(
    "certificate",
    [
        "none",
        "another authority",
        "another name",
        "expired",
        "not yet",
        "the name of the other in another field",
    ],
)
def test_headers_count_for_nothing_without_the_front_proxys_certificate(
    served: Gateway, cadata: str, pki: Pki, kube: Kube, namespace: str, account: str, certificate: str
) -> None:
    tls = context(cadata, shown(pki, certificate))
    answer = ask(served, tls, headers=user("admin", "system:masters"))
    assert (answer.code, answer.body) == (401, UNAUTHORIZED)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"].startswith("application/json")
    token = user_token(kube, namespace, account)
    name = f"system:serviceaccount:{namespace}:{account}"
    assert who(served, tls, namespace, [*user("admin", "system:masters"), bearer(token)]) == name


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Remote-User", "")],
        [("X-Remote-User", "dana"), ("X-Remote-User", "erin")],
        [("X-Remote-User", "dana"), ("x-remote-user", "dana")],
        [("X-Remote-Group", "system:masters")],
        [("X-Remote-Extra-User", "dana")],
    ],
)
def test_a_front_proxy_that_names_nobody_is_nobody(served: Gateway, cadata: str, pki: Pki, headers: Headers) -> None:
    answer = ask(served, front_proxy_context(cadata, pki), headers=headers)
    assert (answer.code, answer.body) == (401, UNAUTHORIZED)


def test_whom_the_front_proxy_names_is_taken_for_them(
    served: Gateway, cadata: str, pki: Pki, kube: Kube, namespace: str
) -> None:
    tls = front_proxy_context(cadata, pki)
    assert ask(served, tls, headers=user("dana")).code == 200
    assert who(served, tls, namespace, user("dana")) == "dana"
    roles = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rule = {"apiGroups": ["values.slotwarden.io"], "resources": ["secretslots/versions"], "verbs": ["get"]}
    kube.create(f"{roles}/roles", {"metadata": {"name": "readers"}, "rules": [rule]})
    kube.create(
        f"{roles}/rolebindings",
        {
            "metadata": {"name": "readers"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "readers"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "readers"}],
        },
    )
    path = f"{ROOT}/namespaces/{namespace}/secretslots/not-there/versions"
    assert ask(served, tls, path, user("dana", "writers", "readers")).code == 404
    assert ask(served, tls, path, user("dana", "writers")).code == 403


def test_a_certificate_that_a_child_of_the_authority_signed_is_good(served: Gateway, cadata: str, pki: Pki) -> None:
    leaf = front_proxy_authority(pki).create_child_ca().issue_cert(common_name=FRONT_PROXY)
    assert ask(served, context(cadata, leaf), headers=user("dana")).code == 200


def test_a_token_is_heard_if_it_is_for_us(
    served: Gateway, cadata: str, kube: Kube, namespace: str, account: str
) -> None:
    tls = context(cadata)
    ours = user_token(kube, namespace, account)
    name = f"system:serviceaccount:{namespace}:{account}"
    assert who(served, tls, namespace, [bearer(ours)]) == name
    # A second time it is remembered, and is somebody else's no more than before.
    assert who(served, tls, namespace, [bearer(ours)]) == name
    for headers in (
        [bearer(user_token(kube, namespace, account, audience="https://kubernetes.default.svc"))],
        [bearer(ours[:-4] + "AAAA")],
        [bearer("nonsense")],
        [bearer("")],
        [("Authorization", f"Basic {ours}")],
        [bearer(ours), bearer(ours)],
    ):
        assert ask(served, tls, headers=headers).body == UNAUTHORIZED
    assert ours not in served.log_text()


def test_another_audience_can_be_asked_for(
    served: Gateway,
    gateway: Callable[..., Gateway],
    make_namespace: Callable[[], str],
    kube: Kube,
    namespace: str,
    account: str,
    cadata: str,
) -> None:
    audience, elsewhere = "https://kubernetes.default.svc", make_namespace()
    other = gateway(elsewhere, "--token-audience", audience)
    token = user_token(kube, namespace, account, audience=audience)
    assert ask(other, context(authority(kube, elsewhere)), headers=[bearer(token)]).code == 200
    assert ask(served, context(cadata), headers=[bearer(token)]).code == 401


def test_a_token_that_was_ended_is_soon_refused(
    served: Gateway, cadata: str, kube: Kube, namespace: str, account: str
) -> None:
    token = user_token(kube, namespace, account)
    tls = context(cadata)
    assert ask(served, tls, headers=[bearer(token)]).code == 200
    kube.delete(f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}")
    eventually(lambda: ask(served, tls, headers=[bearer(token)]).code == 401, 40)


def test_without_the_aggregation_layer_no_certificate_counts(
    gateway: Callable[..., Gateway], make_namespace: Callable[[], str], kube: Kube, pki: Pki
) -> None:
    elsewhere = make_namespace()
    alone = gateway(elsewhere, "--no-aggregation")
    assert "trust" not in alone.readyz()[1]
    tls = front_proxy_context(authority(kube, elsewhere), pki)
    assert ask(alone, tls, headers=user("admin", "system:masters")).body == UNAUTHORIZED
