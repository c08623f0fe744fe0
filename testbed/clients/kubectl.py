"""kubectl and helm as programs: what a user types, with manifests through stdin so that no value is an argument."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from pathlib import Path

Json = dict[str, Any]
TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class Result:
    """What a program said and its exit code."""

    stdout: str
    stderr: str
    code: int

    def json(self) -> Any:
        """Its output, parsed."""
        return json.loads(self.stdout)


class Kubectl:
    """`kubectl(...)` runs it as the kubeconfig's user, or as another with `as_user` and `as_groups`."""

    def __init__(self, program: Path, kubeconfig: Path) -> None:
        self._program = program
        self._kubeconfig = kubeconfig

    def __call__(
        self,
        *args: str,
        stdin: str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        namespace: str | None = None,
        as_user: str | None = None,
        as_groups: Sequence[str] = (),
        check: bool = False,
    ) -> Result:
        """Run it; objects in `stdin` are sent as JSON. With `check`, a failure raises AssertionError with stderr."""
        command = [str(self._program), f"--kubeconfig={self._kubeconfig}"]
        command += [f"--namespace={namespace}"] if namespace else []
        command += [f"--as={as_user}"] if as_user else []
        command += [f"--as-group={group}" for group in as_groups]
        done = subprocess.run(
            [*command, *args],
            input=stdin if isinstance(stdin, str) else _manifest(stdin),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "KUBECONFIG"},
        )
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
        return Result(done.stdout, done.stderr, done.returncode)

    def as_in(self, kubeconfig: Path) -> Kubectl:
        """The same program with another kubeconfig."""
        return Kubectl(self._program, kubeconfig)

    def apply(self, manifest: str | Mapping[str, Any] | Sequence[Mapping[str, Any]], **options: Any) -> Result:
        """`kubectl apply -f -`; the options are those of a call."""
        return self("apply", "-f", "-", stdin=manifest, **options)


def _manifest(objects: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> str | None:
    if objects is None:
        return None
    items = [objects] if not isinstance(objects, list | tuple) else list(objects)
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}) if len(items) != 1 else json.dumps(items[0])


def helm_template(program: Path, chart: Path, release: str, namespace: str, values: Mapping[str, Any]) -> list[Json]:
    """The objects of a chart, rendered with these values."""
    done = subprocess.run(
        [str(program), "template", release, str(chart), "--namespace", namespace, "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"helm template {chart.name}: {done.stderr.strip()}")
    return [item for item in yaml.load_all(done.stdout, _Strict) if item]


class _Strict(yaml.CSafeLoader):
    """Refuses a key that stands twice, as kustomize does, through which Flux passes what it rendered."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        if len(keys) > len(set(keys)):
            raise AssertionError(f"a key stands twice: {keys}")
        return super().construct_mapping(node, deep)
