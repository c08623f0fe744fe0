"""The chart as a release: its objects in a cluster, and the containers of its Deployments as processes.

There is no kubelet, so this does what one would: it gives a container's process the rendered arguments and environment,
and the volumes, with a token of the rendered ServiceAccount. What a process cannot have for itself it has otherwise: a
mount is a folder, whose place stands where the rendered environment names the mount; a kubeconfig and a variable name
the token and the authority that are at a pod's usual place; and ports are free ones, on the loopback address.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from testbed.clients.kube import core
from testbed.clients.kubectl import helm_template
from testbed.gateway import API_SERVICES, Gateway
from testbed.install import CHART, COMPONENT, RIGHTS
from testbed.operator import Operator, make_identities, remove_identities
from testbed.pki import write_private

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session

Json = dict[str, Any]
_P = TypeVar("_P", Operator, Gateway)
NAME = "slotwarden"
PROGRAMS: Mapping[str, type[Operator | Gateway]] = {"operator": Operator, "gateway": Gateway}
# As helm does, whose field manager it is.
APPLY = ("apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", "-")
_POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
ELSEWHERE: Mapping[str, str] = {
    **RIGHTS,
    "ValidatingAdmissionPolicy": f"{_POLICIES}ies/{{name}}",
    "ValidatingAdmissionPolicyBinding": f"{_POLICIES}ybindings/{{name}}",
    "APIService": f"{API_SERVICES}/{{name}}",
}
NAMESPACE = {"fieldRef": {"fieldPath": "metadata.namespace"}}
API_ACCESS = "/var/run/secrets/kubernetes.io/serviceaccount"
# What Kubernetes adds to a pod that does not say otherwise.
AUTOMOUNTED: Json = {
    "projected": {
        "sources": [
            {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
            {"configMap": {"name": "kube-root-ca.crt"}},
        ]
    }
}


def rendered(session: Session, namespace: str, values: Mapping[str, Any], chart: Path = CHART) -> list[Json]:
    """The objects of a release."""
    return helm_template(session.helm, chart, NAME, namespace, values)


def released(
    session: Session,
    program: type[_P],
    names: Sequence[str],
    prefix: str,
    folder: Path,
    after: contextlib.ExitStack,
    *more: str,
) -> _P:
    """The container of a release in the first of the namespaces, as the chart has it; Vault's token is in a Secret.

    Args:
        program: which of the two; it is not started.
        after: takes its rights back.
        more: arguments that a test cannot do without.
    """
    identities = make_identities(session, names[0], prefix, {"namespaces": names}, role=program.command)
    after.callback(remove_identities, session, identities)
    ca, secret = session.endpoints.vault_ca, f"vault-{program.command}"
    held = {"token": identities.vault_token} | ({"ca.crt": ca.read_text()} if ca else {})
    session.kube.create(core(names[0], "secrets"), {"metadata": {"name": secret}, "stringData": held})
    vault = {
        "address": session.endpoints.vault_address,
        "auth": "token",
        "tokenSecret": {"name": secret},
        "caSecret": {"name": secret if ca else ""},
        "mount": session.vault.mount,
        "transitMount": session.vault.transit,
        "prefix": prefix,
    }
    gateway = {"enabled": program is Gateway, "aggregation": False, "vaultTokenSecret": {"name": secret}}
    values = {
        "namespaces": names,
        "logLevel": "debug",
        "crds": {"enabled": False},
        "vault": vault,
        "gateway": gateway,
    }
    made = Release(session, names[0], rendered(session, names[0], values), folder).program(program.command, *more)
    if not isinstance(made, program):
        raise TypeError(f"the release's {program.command} runs slotwarden {made.command}")
    made.vault_user = identities.vault_user
    return made


@dataclass
class Release:
    """Objects of the chart, some of which a test may have changed, and where they go."""

    session: Session
    namespace: str
    objects: list[Json]
    folder: Path
    _programs: dict[str, Operator | Gateway] = field(default_factory=dict)

    @property
    def kubectl(self) -> Kubectl:
        """The program, as the administrator."""
        return self.session.kubectl

    def dry_run(self) -> None:
        """Have the API server check every object as if it were applied, with fields that it does not know refused."""
        self.kubectl(*APPLY, "--dry-run=server", "--validate=strict", stdin=self.objects, check=True)

    def apply(self) -> None:
        """Apply every object."""
        self.kubectl(*APPLY, stdin=self.objects, check=True)

    def remove(self) -> None:
        """Delete what does not go with the namespaces, but for the CRDs; nothing is forwarded any more."""
        for item in self.objects:
            place = item["metadata"].get("namespace")
            if item["kind"] in ELSEWHERE and place in (None, "kube-system"):
                self.session.kube.delete(ELSEWHERE[item["kind"]].format(namespace=place, name=item["metadata"]["name"]))

    def deployment(self, component: str) -> Json:
        """What is rendered for a part; LookupError where there is none."""
        found = (item for item in self.objects if item["kind"] == "Deployment")
        for item in found:
            if item["metadata"]["labels"][COMPONENT] == component:
                return item
        raise LookupError(f"the release has no {component}")

    def program(self, component: str, *more: str) -> Operator | Gateway:
        """The container of a part as a process, which is not started; the same one each time.

        Args:
            more: arguments after those that are rendered.
        """
        if component not in self._programs:
            self._programs[component] = self._made(component, more)
        return self._programs[component]

    @property
    def programs(self) -> Collection[Operator | Gateway]:
        """Those that were asked for."""
        return self._programs.values()

    def stop(self) -> None:
        """End all processes."""
        for program in self.programs:
            program.stop()

    def _made(self, component: str, more: Sequence[str]) -> Operator | Gateway:
        pod = self.deployment(component)["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        command, *arguments = container["args"]
        folder = self.folder / component
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        account = pod["serviceAccountName"]
        mounts = dict(_mounts(container, folder))
        for volume in pod["volumes"]:
            self._fill(volume, folder / volume["name"], account)
        if API_ACCESS not in mounts and pod.get("automountServiceAccountToken", True):
            mounts[API_ACCESS] = str(folder / "automounted")
            self._fill(AUTOMOUNTED, folder / "automounted", account)
        passed = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        config = self._kubeconfig(folder, Path(mounts[API_ACCESS]))
        # What programs look for in the pod's own places.
        places = {"KUBECONFIG": str(config), "SLOTWARDEN_VAULT_JWT_FILE": f"{mounts[API_ACCESS]}/token"}
        env = {**passed, "HOME": str(folder), **places, **self._env(container, mounts)}
        user = f"system:serviceaccount:{self.namespace}:{account}"
        return PROGRAMS[command]([*arguments, "--listen-address", "127.0.0.1", *more], env, folder, user)

    def _env(self, container: Json, mounts: Mapping[str, str]) -> dict[str, str]:
        """The container's own variables."""
        found = {}
        for item in container["env"]:
            # The only field that the chart refers to.
            value = self.namespace if item.get("valueFrom") == NAMESPACE else item["value"]
            for mount, place in mounts.items():
                value = value.replace(mount, place)
            found[item["name"]] = value
        return found

    def _fill(self, volume: Json, folder: Path, account: str) -> None:
        """Make a volume's files."""
        folder.mkdir(exist_ok=True, mode=0o700)
        sources = volume["projected"]["sources"] if "projected" in volume else [{"secret": volume["secret"]}]
        for source in sources:
            ((kind, wanted),) = source.items()
            if kind == "serviceAccountToken":
                write_private(folder / wanted["path"], self._token(account, wanted))
            elif kind == "configMap":
                held = self.session.kube.get(core(self.namespace, "configmaps", wanted["name"]))["data"]
                _write(folder, wanted, {name: text.encode() for name, text in held.items()})
            else:
                held = self.session.kube.get(core(self.namespace, "secrets", wanted["secretName"]))["data"]
                _write(folder, wanted, {name: base64.b64decode(text) for name, text in held.items()})

    def _token(self, account: str, wanted: Json) -> str:
        spec = {"expirationSeconds": wanted["expirationSeconds"]}
        spec |= {"audiences": [wanted["audience"]]} if "audience" in wanted else {}
        path = core(self.namespace, "serviceaccounts", f"{account}/token")
        return str(self.session.kube.create(path, {"spec": spec})["status"]["token"])

    def _kubeconfig(self, folder: Path, access: Path) -> Path:
        config = {
            "clusters": [
                {
                    "name": "here",
                    "cluster": {"server": self.session.kube.server, "certificate-authority": str(access / "ca.crt")},
                }
            ],
            "users": [{"name": "pod", "user": {"tokenFile": str(access / "token")}}],
            "contexts": [{"name": "pod", "context": {"cluster": "here", "user": "pod"}}],
            "current-context": "pod",
        }
        path = folder / "kubeconfig"
        write_private(path, json.dumps(config))
        return path


def _mounts(container: Json, folder: Path) -> Iterator[tuple[str, str]]:
    for mount in container["volumeMounts"]:
        yield mount["mountPath"], str(folder / mount["name"])


def _write(folder: Path, wanted: Json, held: Mapping[str, bytes]) -> None:
    """The files of a volume: all that is held, or the items under their paths."""
    items = wanted.get("items") or [{"key": name, "path": name} for name in held]
    for item in items:
        write_private(folder / item["path"], held[item["key"]].decode())
