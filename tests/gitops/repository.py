"""A repository of slots, and how each tool brings it into the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from testbed.clients.kube import core, envs, slots
from testbed.wait import eventually
from tests.gitops.tools import EXAMPLES

if TYPE_CHECKING:
    from tests.e2e.world import World

Json = dict[str, Any]
FLUX = "kustomize.toolkit.fluxcd.io/"
TRACKING = "argocd.argoproj.io/tracking-id"
INSTANCE = "app.kubernetes.io/instance"


@dataclass(frozen=True, slots=True)
class Tool:
    """How a tool applies objects, and the marks by which it knows them again."""

    name: str
    flags: tuple[str, ...]
    marks: frozenset[str]

    def mark(self, manifest: Json, namespace: str) -> Json:
        """An object of Git's as the tool applies it."""
        metadata = {**manifest["metadata"], "namespace": namespace}
        if TRACKING in self.marks:
            kind = f"{manifest['apiVersion'].rpartition('/')[0]}/{manifest['kind']}"
            metadata["annotations"] = {TRACKING: f"slots:{kind}:{namespace}/{metadata['name']}"}
        if labels := dict.fromkeys(self.marks - {TRACKING}, "slots"):
            metadata["labels"] = labels
        return {**manifest, "metadata": metadata}

    def has(self, live: Json) -> bool:
        """Whether the tool takes an object for one of its own, to be removed when it is not in Git."""
        metadata = live["metadata"]
        return bool(self.marks & (metadata.get("labels", {}).keys() | metadata.get("annotations", {}).keys()))


def _server_side(manager: str) -> tuple[str, ...]:
    return ("--server-side", "--force-conflicts", f"--field-manager={manager}")


# Argo CD 3 tracks by the annotation; by the label, as before, where it is told to.
TOOLS = (
    Tool("argocd", (), frozenset({TRACKING, INSTANCE})),
    Tool("argocd-server-side", _server_side("argocd-controller"), frozenset({TRACKING})),
    Tool("flux", _server_side("kustomize-controller"), frozenset({f"{FLUX}name", f"{FLUX}namespace"})),
)


@dataclass(frozen=True)
class Repository:
    """The slots of the examples, which a tool keeps in a namespace."""

    world: World
    tool: Tool

    def objects(self) -> list[Json]:
        """What stands in Git, as the tool applies it."""
        said = self.world.session.kubectl("kustomize", str(EXAMPLES / "slots"), check=True).stdout
        return [self.tool.mark(item, self.world.namespace) for item in yaml.safe_load_all(said)]

    def sync(self, objects: list[Json]) -> None:
        """Apply all, and remove what the tool knows as its own and Git no longer has."""
        self.world.session.kubectl("apply", *self.tool.flags, "-f", "-", stdin=objects, check=True)
        wanted = {(item["kind"], item["metadata"]["name"]) for item in objects}
        for kind, path in self._paths().items():
            for live in self.world.kube.list(path):
                name = live["metadata"]["name"]
                if self.tool.has(live) and (kind, name) not in wanted:
                    self.world.kube.delete(f"{path}/{name}")

    def diff(self, objects: list[Json]) -> str:
        """What the tool would change; empty where it would change nothing."""
        done = self.world.session.kubectl("diff", *self.tool.flags, "-f", "-", stdin=objects)
        assert done.code in (0, 1), done.stderr
        return done.stdout

    def settled(self, objects: list[Json]) -> None:
        """Nothing differs, and a sync writes nothing."""
        assert self.diff(objects) == ""
        assert {key: live["spec"] for key, live in self.live().items()} == {
            (item["kind"], item["metadata"]["name"]): item["spec"] for item in objects
        }

        def writes_nothing() -> bool:
            seen = self.live()
            self.sync(objects)
            return self.live() == seen

        # Not by the first: what the API server has yet to store of a status, or the operator to say, comes between.
        eventually(writes_nothing, message="a sync writes nothing")
        assert self.diff(objects) == ""

    def live(self) -> dict[tuple[str, str], Json]:
        """The slots as they are, by kind and name."""
        paths = self._paths()
        found = {kind: self.world.kube.list(paths[kind]) for kind in ("SecretSlot", "EnvSecret")}
        return {(kind, item["metadata"]["name"]): item for kind, items in found.items() for item in items}

    def _paths(self) -> dict[str, str]:
        namespace = self.world.namespace
        return {"SecretSlot": slots(namespace), "EnvSecret": envs(namespace), "Secret": core(namespace, "secrets")}
