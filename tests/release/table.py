"""Each right that the chart gives operator and gateway, and the test that fails without it.

By mode, role and right, as `rights.py` names them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.release import test_gateway as gateway
from tests.release import test_operator as operator
from tests.release.modes import CLUSTER_WIDE, NAMESPACED, VALUES_ALONE
from tests.release.rights import Right

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.release.bed import Bed

    Test = Callable[[Bed], None]
    Rows = Mapping[str, Test]

_WORK: Final[Rows] = {
    "get secretslots.slotwarden.io": operator.test_a_deleted_secret_of_a_slot_is_made_again,
    "list secretslots.slotwarden.io": operator.test_a_slot_is_projected,
    "watch secretslots.slotwarden.io": operator.test_a_slot_is_heard_of,
    "patch secretslots.slotwarden.io": operator.test_an_inline_token_is_removed,
    "patch secretslots/status.slotwarden.io": operator.test_a_slot_is_projected,
    "get envsecrets.slotwarden.io": operator.test_a_deleted_secret_of_an_environment_is_made_again,
    "list envsecrets.slotwarden.io": operator.test_an_environment_is_projected,
    "watch envsecrets.slotwarden.io": operator.test_an_environment_is_heard_of,
    "patch envsecrets.slotwarden.io": operator.test_an_inline_value_is_removed,
    "patch envsecrets/status.slotwarden.io": operator.test_an_environment_is_projected,
    "get secrets": operator.test_a_source_is_read,
    "list secrets": operator.test_a_labelled_source_is_followed,
    "watch secrets": operator.test_a_labelled_source_is_followed,
    "create secrets": operator.test_a_slot_is_projected,
    "patch secrets": operator.test_a_secret_takes_the_next_value,
    "delete secrets": operator.test_a_secret_of_another_name_takes_the_place_of_the_first,
    "create events": operator.test_an_event_tells_of_what_happened,
}
_LEASE: Final[Rows] = {
    "create leases.coordination.k8s.io": operator.test_a_slot_is_projected,
    "get leases.coordination.k8s.io slotwarden": operator.test_a_slot_is_projected,
    "update leases.coordination.k8s.io slotwarden": operator.test_a_lease_that_was_let_go_is_taken,
    "watch leases.coordination.k8s.io slotwarden": operator.test_a_standby_hears_that_the_leader_let_go,
}
_VALUES: Final[Rows] = {
    "get secretslots.slotwarden.io": gateway.test_the_value_of_a_slot_is_set_and_told,
    "get envsecrets.slotwarden.io": gateway.test_the_value_of_an_environment_is_set_and_told,
    "list envsecrets.slotwarden.io": gateway.test_the_value_of_an_environment_is_set_and_told,
    "patch secretslots/status.slotwarden.io": gateway.test_the_value_of_a_slot_is_set_and_told,
    "patch envsecrets/status.slotwarden.io": gateway.test_the_value_of_an_environment_is_set_and_told,
}
_PUBLISHED: Final[Rows] = {
    **_VALUES,
    "list secretslots.slotwarden.io": gateway.test_a_slot_is_listed,
    "watch secretslots.slotwarden.io": gateway.test_a_slot_is_listed,
    "create secretslots.slotwarden.io": gateway.test_a_slot_is_made_and_removed,
    "delete secretslots.slotwarden.io": gateway.test_a_slot_is_made_and_removed,
    "patch secretslots.slotwarden.io": gateway.test_a_slot_gets_another_address,
    "create secretslots/value.values.slotwarden.io": gateway.test_a_slot_gets_another_address,
    "list envsecrets.slotwarden.io": gateway.test_an_environment_is_listed,
    "watch envsecrets.slotwarden.io": gateway.test_an_environment_is_listed,
    "create envsecrets.slotwarden.io": gateway.test_a_secret_of_an_environment_is_made_described_and_removed,
    "patch envsecrets.slotwarden.io": gateway.test_a_secret_of_an_environment_is_made_described_and_removed,
    "delete envsecrets.slotwarden.io": gateway.test_a_secret_of_an_environment_is_made_described_and_removed,
}
_OF_THE_CLUSTER: Final[Rows] = {
    "create tokenreviews.authentication.k8s.io": gateway.test_the_value_of_a_slot_is_set_and_told,
    "create subjectaccessreviews.authorization.k8s.io": gateway.test_the_value_of_a_slot_is_set_and_told,
    "get apiservices.apiregistration.k8s.io v1beta1.values.slotwarden.io": gateway.test_the_api_server_forwards_to_it,
    "patch apiservices.apiregistration.k8s.io v1beta1.values.slotwarden.io": gateway.test_the_api_server_forwards_to_it,
}
_GATEWAY: Final[Mapping[str, Rows]] = {
    "Role slotwarden-gateway-tls in release": {
        "create secrets": gateway.test_the_value_of_a_slot_is_set_and_told,
        "list secrets slotwarden-gateway-tls": gateway.test_the_value_of_a_slot_is_set_and_told,
        "watch secrets slotwarden-gateway-tls": gateway.test_a_spoilt_certificate_is_mended,
        "patch secrets slotwarden-gateway-tls": gateway.test_a_spoilt_certificate_is_mended,
    },
    "RoleBinding slotwarden-gateway.authentication-reader in kube-system": {
        "list configmaps": gateway.test_the_api_server_forwards_to_it,
    },
}
_WHOSE_SLOT: Final = operator.test_a_slot_is_projected
_WHOSE_VALUE: Final = gateway.test_the_value_of_a_slot_is_set_and_told
_TABLE: Final[Mapping[str, Mapping[str, Mapping[str, Rows]]]] = {
    CLUSTER_WIDE: {
        "operator": {
            "ClusterRole slotwarden": {**_WORK, "get namespaces": _WHOSE_SLOT},
            "Role slotwarden-lease in release": _LEASE,
        },
        "gateway": {
            "ClusterRole slotwarden-gateway": {**_OF_THE_CLUSTER, **_PUBLISHED, "get namespaces": _WHOSE_VALUE},
            **_GATEWAY,
        },
    },
    NAMESPACED: {
        "operator": {
            "Role slotwarden in served": {**_WORK, "get namespaces served": _WHOSE_SLOT},
            "Role slotwarden in kube-system": {"get namespaces kube-system": _WHOSE_SLOT},
            "Role slotwarden-lease in release": _LEASE,
        },
        "gateway": {
            "ClusterRole slotwarden-gateway": {**_OF_THE_CLUSTER, "get namespaces kube-system": _WHOSE_VALUE},
            "Role slotwarden-gateway in served": {**_PUBLISHED, "get namespaces served": _WHOSE_VALUE},
            **_GATEWAY,
        },
    },
    # The operator's are those of the mode before.
    VALUES_ALONE: {
        "gateway": {
            "ClusterRole slotwarden-gateway": {**_OF_THE_CLUSTER, "get namespaces kube-system": _WHOSE_VALUE},
            "Role slotwarden-gateway in served": {**_VALUES, "get namespaces served": _WHOSE_VALUE},
            **_GATEWAY,
        },
    },
}


def rows(mode: str) -> dict[Right, Test]:
    """The rows of one mode."""
    return {
        Right(component, role, what): test
        for component, roles in _TABLE[mode].items()
        for role, rules in roles.items()
        for what, test in rules.items()
    }


def components(mode: str) -> frozenset[str]:
    """Whose rights a mode has rows for."""
    return frozenset(_TABLE[mode])


WITH_ROWS: Final = tuple(_TABLE)
