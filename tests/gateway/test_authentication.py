"""Who may speak to the gateway, through raw TLS clients that show and say anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme

from testbed.gateway import user_token
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
    from collections.abc import Callable

    from testbed.clients.kube import Kube
    from testbed.gateway import Gateway
    from testbed.pki import Pki
    from tests.gateway.support import Headers

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
    gateway,
    kube: Kube,
    namespace: str,
    account: str,
    cadata: str,
) -> None:
    audience = "https://kubernetes.default.svc"
    other = gateway(namespace, "--token-audience", audience)
    token = user_token(kube, namespace, account, audience=audience)
    assert ask(other, context(cadata), headers=[bearer(token)]).code == 200
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
    gateway: Callable[..., Gateway], kube: Kube, namespace: str, pki: Pki
) -> None:
    alone = gateway(namespace, "--no-aggregation")
    assert "trust" not in alone.readyz()[1]
    tls = front_proxy_context(authority(kube, namespace), pki)
    assert ask(alone, tls, headers=user("admin", "system:masters")).body == UNAUTHORIZED
