"""The ways to install the chart: values over those that every release here has, for the namespaces that it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from testbed.install import merged

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]
CLUSTER_WIDE: Final = "cluster-wide"
NAMESPACED: Final = "namespaced"
VALUES_ALONE: Final = "values-alone"
NO_AGGREGATION: Final = "no-aggregation"
NO_GATEWAY: Final = "no-gateway"
OWN_CERTIFICATE: Final = "own-certificate"
TLS: Final = "certificate-of-others"

_OVER: Final[dict[str, Json]] = {
    CLUSTER_WIDE: {},
    # Vault is shown a token that is for nothing else.
    NAMESPACED: {"vault": {"audience": "vault"}},
    VALUES_ALONE: {"gateway": {"publishedApis": {"enabled": False}}},
    NO_AGGREGATION: {"gateway": {"aggregation": False}},
    NO_GATEWAY: {"gateway": {"enabled": False}},
    OWN_CERTIFICATE: {"gateway": {"tlsSecretName": TLS}},
}
MODES: Final = tuple(_OVER)
# Their operators get Roles in the namespaces that are named; the others a ClusterRole.
NAMED: Final = frozenset({NAMESPACED, VALUES_ALONE, NO_GATEWAY})


def values(mode: str, release: str, served: Sequence[str], vault: Json) -> Json:
    """The chart's values.

    Args:
        release: the namespace of the release, after which its roles in Vault are named too.
        vault: where Vault is.
    """
    common: Json = {
        "namespaces": list(served) if mode in NAMED else [],
        # A standby looks at the Lease again after a good minute: what is sooner than that, it was told of.
        "leaseDuration": 600,
        "logLevel": "debug",
        "networkPolicy": {"enabled": True},
        "metrics": {"dashboard": {"enabled": True}},
        "argocd": {"healthChecks": {"enabled": True}},
        "vault": {"role": f"{release}-operator", "prefix": release, **vault},
        "gateway": {
            "enabled": True,
            "vaultRole": f"{release}-gateway",
            # Clients of the tests reach the process by this name.
            "extraEnv": [{"name": "SLOTWARDEN_TLS_NAME", "value": "localhost"}],
        },
    }
    return merged(common, _OVER[mode])


def served(release: str) -> tuple[str, str]:
    """The namespaces that a release serves where they are named, and that tests work in where not."""
    return f"{release}-a", f"{release}-b"
