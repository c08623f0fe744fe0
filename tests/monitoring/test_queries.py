"""Every query of the alerts and of the dashboard asks for what an operator and a gateway really serve."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from testbed.proxy import Answers
from testbed.wait import eventually
from tests.e2e.support import git
from tests.e2e.world import git_sourced
from tests.faults.support import answered, refusal
from tests.gateway.support import ROOT, ask, authority, bearer, context
from tests.monitoring import board
from tests.monitoring.cases import NAMESPACE
from tests.monitoring.selectors import found, grouped, selectors
from tests.monitoring.test_alerts import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from testbed.program import Program
    from tests.faults.doors import Doors
    from tests.faults.support import Exposed
    from tests.monitoring.promtool import Json, Promtool
    from tests.monitoring.selectors import Series

    Sample = tuple[Series, float]


@dataclass(frozen=True)
class Scene:
    """An operator that meets with refusals, and a gateway with another one behind it."""

    exposed: Exposed
    doors: Doors

    def happen(self, name: str) -> None:
        """Have one of everything happen that queries ask for."""
        exposed, doors = self.exposed, self.doors
        exposed.to_vault.add(Answers(f"/v1/secret/.*/slots/{name}-denied", 403, {"errors": ["spoiled"]}))
        exposed.to_kube.add(Answers(f"POST .*/secrets/{name}-denied", 403, refusal(403, "Forbidden")))
        exposed.to_kube.add(Answers(f"POST .*/secrets/{name}-fails", 500, refusal(500, "InternalError")))
        for one in (name, f"{name}-denied", f"{name}-fails"):
            exposed.create(one, git("token"))
        exposed.ready(name)
        exposed.create(f"{name}-missing", git_sourced("nowhere"))
        exposed.told(f"{name}-missing", "SourceMissing")
        exposed.told(f"{name}-denied", "VaultDenied")
        exposed.to_vault.clear()
        for code in (403, 500):
            eventually(lambda code=code: answered(exposed, "kubernetes", code) > 0, message=f"it met with {code}")
        doors.awaiting(name)
        assert doors.set(name, "value").code == 201
        assert doors.ask(f"{name}/reveal", {}).code == 201
        assert self.ask_for_anothers(name) in (403, 404)
        doors.to_vault.stop()
        assert doors.ask(f"{name}/reveal", {}).code == 503
        doors.to_vault.start()
        eventually(lambda: doors.ask(f"{name}/reveal", {}).code == 201, message="Vault is back for the gateway")

    def ask_for_anothers(self, name: str) -> int:
        """Ask for a value of the kind that the caller may do nothing with."""
        doors = self.doors
        path = f"{ROOT}/namespaces/{doors.namespace}/secretslots/{name}/reveal"
        tls = context(authority(doors.kube, doors.namespace))
        return ask(doors.gateways[0], tls, path, [bearer(doors.token)], {}).code

    def programs(self) -> dict[str, Program]:
        """All that serve metrics, by their pods."""
        doors = self.doors
        return {"exposed": self.exposed.operator, "operator": doors.operator, "gateway": doors.gateways[0]}

    def scrape(self) -> dict[str, Sample]:
        """What all serve, by the name that promtool has for a series; with the labels that Prometheus adds."""
        samples = [
            (name, {**labels, "namespace": NAMESPACE, "pod": pod}, value)
            for pod, program in self.programs().items()
            for name, labels, value in program.metrics().samples()
        ]
        return {_written(name, labels): ((name, labels), value) for name, labels, value in samples}


def _written(name: str, labels: Mapping[str, str]) -> str:
    inner = ", ".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{inner}}}"


def test_every_query_asks_for_what_is_served(
    make_exposed: Callable[..., Exposed], make_doors: Callable[..., Doors], groups: list[Json], promtool: Promtool
) -> None:
    scene = Scene(make_exposed(), make_doors())
    scene.happen("one")
    first = scene.scrape()
    scene.happen("two")
    second = scene.scrape()
    for program in scene.programs().values():
        promtool.reads(program.metrics().text)
    series = [each for each, _ in second.values()]
    panels = board.queries()
    for where, query in {**panels, **{name: rule["expr"] for name, rule in rules(groups).items()}}.items():
        labels = set[str]()
        for selector in selectors(query):
            matching = found(selector, series)
            assert matching, f"{where}: nothing is served that is {selector}"
            labels |= {label for _, has in matching for label in has}
        assert grouped(query) <= labels, f"{where}: no series has all of these labels"
    for where, legend in board.legends().items():
        named = set(re.findall(r"{{(\w+)}}", legend))
        assert named <= (grouped(panels[where]) or {"namespace", "pod"}), f"{where}: {legend}"
    values = {
        name: f"{first[name][1]} {value}" if name in first else f"_ {value}" for name, (_, value) in second.items()
    }
    promtool.answered(values, panels.values())
