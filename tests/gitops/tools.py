"""GitOps tools as the tests have them: what they make of objects, and the examples that they are given."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from testbed.install import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Json = dict[str, Any]
EXAMPLES = ROOT / "examples" / "gitops"
HEALTH = "resource.customizations.health.slotwarden.io_"


@dataclass(frozen=True, slots=True)
class Judged:
    """An object's state by kstatus, by Argo CD with the Lua of the examples, and by Flux with their expressions."""

    kstatus: str
    argo: str
    said: str
    flux: str


def documents(path: str) -> list[Json]:
    """The objects of an example."""
    return list(yaml.safe_load_all((EXAMPLES / path).read_text()))


def lua(kind: str) -> str:
    """The health script of a kind."""
    (config,) = documents("argocd/argocd-cm.yaml")
    return str(config["data"][HEALTH + kind])


def expressions() -> list[Json]:
    """The health expressions of Flux's example."""
    (found,) = (each for each in documents("flux/slots.yaml") if each["kind"] == "Kustomization")
    return list(found["spec"]["healthCheckExprs"])


def judge(program: Path, objects: Iterable[Json]) -> list[Judged]:
    """What the tools say of objects, in their order."""
    objects = list(objects)
    scripts = {kind: lua(kind) for kind in ("SecretSlot", "EnvSecret")}
    asked = {"lua": scripts, "flux": expressions(), "objects": objects}
    done = subprocess.run([program], input=json.dumps(asked), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return [Judged(each["kstatus"], each["argo"]["status"], each["argo"]["message"], each["flux"]) for each in found]
