"""Users who change slots all along, one change after the other, and remember what every slot has to come to."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from testbed.clients.errors import RefusedError
from testbed.clients.kube import Kube, core, slots
from tests.e2e.support import encoded, git, projected, registry

if TYPE_CHECKING:
    from types import TracebackType

    from tests.e2e.support import Json, Organization

SHARE = 5
"""How many registry slots share a Secret; every tenth slot is one."""
PAUSE = 0.01
PASSING = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
LABEL = "example.com/change"


@dataclass
class Wanted:
    """What a slot has to come to.

    Attributes:
        values: all that were given to it, in their order; each was stored before the next was given.
        label: of its Secret.
    """

    name: str
    secret: str
    server: str | None = None
    values: list[str] = field(default_factory=list)
    label: str = ""
    deleted: bool = False

    def spec(self) -> Json:
        """As its user declares it, with the last value."""
        asked = projected(self.secret)
        if self.server is None:
            return {**git(self.values[-1]), **asked}
        return {**registry(self.values[-1], self.server), **asked}

    def rotated(self) -> Json:
        """The merge patch of its last value."""
        return (
            {"git": {"token": self.values[-1]}} if self.server is None else {"registry": {"password": self.values[-1]}}
        )


class Load:
    """Makes `count` slots in a thread of its own, then changes them at random until its end.

    A slot is given a value only once the one before is stored, so that Vault has to hold every single one.
    """

    def __init__(self, org: Organization, count: int, seed: int | None = None) -> None:
        self.seed = random.SystemRandom().randrange(1 << 32) if seed is None else seed
        print(f"random seed {self.seed}")  # noqa: T201
        self.wanted: dict[str, Wanted] = {}
        self.changes = 0
        self._count = count
        self._namespace = org.namespace
        # A session of HTTP belongs to one thread.
        self._kube = Kube(org.session.endpoints.kubeconfig)
        self._random = random.Random(self.seed)  # noqa: S311
        self._end = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def has_made(self, changes: int) -> bool:
        """Whether all slots are made, and so many changes in all."""
        if self._error is not None:
            raise self._error
        return self.changes >= max(changes, self._count)

    @property
    def alive(self) -> list[Wanted]:
        """The slots that are there in the end."""
        return [wanted for wanted in self.wanted.values() if not wanted.deleted]

    def _run(self) -> None:
        try:
            for _ in range(self._count):
                self._create()
            acts = [self._rotate] * 5 + [self._edit, self._edit, self._drift, self._drift, self._lose, self._replace]
            while not self._end.wait(PAUSE):
                self._random.choice(acts)()
        except BaseException as error:  # noqa: BLE001 - it is raised where the load ends
            self._error = error

    def _create(self) -> None:
        number = len(self.wanted)
        name = f"slot-{number:04}"
        wanted = Wanted(name, name)
        if number % 10 == 0:
            wanted = Wanted(name, f"shared-{number // (10 * SHARE)}", f"{name}.example.com")
        wanted.values.append(self._value(name))
        self.wanted[name] = wanted
        manifest = {"apiVersion": "slotwarden.io/v1beta1", "kind": "SecretSlot", "metadata": {"name": name}}
        self._kube.create(slots(self._namespace), {**manifest, "spec": wanted.spec()})
        self.changes += 1

    def _rotate(self) -> None:
        wanted = self._pick()
        slot = self._kube.get(slots(self._namespace, wanted.name))
        if _has_value(slot["spec"]):
            return
        value = self._value(wanted.name)
        wanted.values.append(value)
        guard = {"resourceVersion": slot["metadata"]["resourceVersion"]}
        if not self._patch(slots(self._namespace, wanted.name), {"metadata": guard, "spec": wanted.rotated()}):
            wanted.values.remove(value)

    def _edit(self) -> None:
        """Something else than the value, its address and its Secret's name."""
        wanted = self._pick()
        if wanted.server is not None:
            return
        wanted.label = self._value("label")
        self._patch(
            slots(self._namespace, wanted.name), {"spec": projected(wanted.secret, labels={LABEL: wanted.label})}
        )

    def _drift(self) -> None:
        wanted = self._pick()
        if wanted.server is None:
            secret = core(self._namespace, "secrets", wanted.secret)
            self._patch(secret, {"data": {"password": encoded(self._value("drifted"))}})

    def _lose(self) -> None:
        self._kube.delete(core(self._namespace, "secrets", self._pick().secret))
        self.changes += 1

    def _replace(self) -> None:
        """Delete a slot, and make one of another name."""
        wanted = self._pick()
        if wanted.server is not None or _has_value(self._kube.get(slots(self._namespace, wanted.name))["spec"]):
            return
        wanted.deleted = True
        self._kube.delete(slots(self._namespace, wanted.name))
        self._create()

    def _pick(self) -> Wanted:
        return self._random.choice(self.alive)

    def _value(self, of: str) -> str:
        return f"{of}-{self._random.getrandbits(64):016x}"

    def _patch(self, path: str, body: Json, **query: Any) -> bool:
        """Change an object; whether it was there, and as it was seen."""
        try:
            self._kube.patch(path, body, **query)
        except RefusedError as error:
            if error.status in PASSING:
                return False
            raise
        self.changes += 1
        return True


def _has_value(spec: Json) -> bool:
    return "token" in spec.get("git", {}) or "password" in spec.get("registry", {})
