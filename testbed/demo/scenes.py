"""What the demo shows: credentials on their way into Secrets, a value set later, a rotation, a repaired drift.

Values are compared, never printed.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

import requests
import yaml

from slotwarden.domain.names import environment_secret
from testbed.demo.programs import ACCOUNT, PATH, SLOT, Program
from testbed.demo.stage import ACME
from testbed.install import ROOT
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.kubectl import Result
    from testbed.demo.stage import Stage
    from testbed.progress import Reporter

Json = dict[str, Any]
EXAMPLES = ROOT / "examples"
SLOTS = f"/apis/slotwarden.io/v1beta1/namespaces/{ACME}/secretslots"
ENV_SECRETS = f"/apis/slotwarden.io/v1beta1/namespaces/{ACME}/envsecrets"
VALUES_GROUP = "values.slotwarden.io"
VALUES = f"/apis/{VALUES_GROUP}/v1beta1/namespaces/{ACME}/envsecrets"
SECRETS = f"/api/v1/namespaces/{ACME}/secrets"
# Two users and what each may do: set values, and read whatever is an object of ours.
SETTER, READER = "sam", "rita"
RULES = {
    SETTER: {"apiGroups": [VALUES_GROUP], "resources": ["envsecrets/value"], "verbs": ["create"]},
    READER: {"apiGroups": ["slotwarden.io", VALUES_GROUP], "resources": ["*"], "verbs": ["get", "list", "watch"]},
}
POLL_SECONDS = 0.005
# Of a line before its measured time; a terminal of 80 columns holds both.
WIDTH = 66


class Scenes:
    """The demo's scenes in order; each raises AssertionError where something does not converge in `timeout` seconds."""

    def __init__(self, stage: Stage, reporter: Reporter, timeout: float) -> None:
        self._kube = stage.session.kube
        self._vault = stage.session.vault
        self._kubectl = stage.session.kubectl
        self._program = Program(stage)
        self._reporter = reporter
        self._timeout = timeout

    def play(self) -> None:
        """All of them."""
        self.apply_examples()
        for heading, scenes in (
            ("What holds now", (self.check_values,)),
            ("A value set later", (self.declare, self.set_value, self.refuse_to_reveal)),
            ("A program's call", (self.call_the_api,)),
            ("A rotation", (self.rotate_source, self.rotate_in_vault)),
            ("A drift", (self.edit_secret, self.delete_secret)),
        ):
            self._reporter.say(f"\n[bold]{heading}[/bold]")
            for scene in scenes:
                scene()

    def apply_examples(self) -> None:
        """`kubectl apply -f examples/`, until all is Ready."""
        wanted = len([each for each in _examples() if each["kind"] == "SecretSlot"])
        with self._reporter.step(f"applying examples/ in namespace {ACME}, until its {wanted} slots are Ready") as step:
            self._kubectl("apply", "-f", str(EXAMPLES), namespace=ACME, check=True)

            def check() -> bool:
                ready = [slot for slot in self._kube.list(SLOTS) if is_ready(slot)]
                step.detail(f"{len(ready)} of {wanted}")
                return len(ready) == wanted

            eventually(check, self._timeout, interval=POLL_SECONDS, message=f"every slot in {ACME} is Ready")

    def check_values(self) -> None:
        """Each value is in Vault and in its Secret, and in no object."""
        slots = self._kube.list(SLOTS)
        objects, declared = json.dumps(slots), _declared_values()
        for slot in slots:
            name, value = slot["metadata"]["name"], declared[slot["metadata"]["name"]]
            _require(self._stored(slot) == value, f"Vault holds the value of {name}")
            _require(value not in objects, f"the value of {name} stands in no object")
            _require(self._value(secret_of(slot)) == value, f"the Secret of {name} holds its value")
        self._shown(f"Vault holds the {len(slots)} values, and the Secrets hold the same")
        self._shown("values that were given inline are gone from their objects")

    def declare(self) -> None:
        """One of the examples says which value is to come, and not the value."""
        spec = self._declared["spec"]
        self._until_told("AwaitingValue")
        _require(self._kube.find(f"{SECRETS}/{self._environment}") is None, "no Secret is made without a value")
        self._shown(f"{spec['key']} of {spec['project']}/{spec['environment']} is declared: AwaitingValue, no Secret")

    def set_value(self) -> None:
        """Somebody who may do just that gives the API server the value. The time is kubectl's too."""
        self._kubectl.apply([each for user in RULES for each in _granted(user)], check=True)
        new, key = f"postgres://shop:{secrets.token_urlsafe(24)}@db/shop", self._declared["spec"]["key"]
        began = time.monotonic()
        answer = self._ask("value", {"value": new}, SETTER)
        _require(answer.code == 0, f"{SETTER} may set the value: {answer.stderr}")
        eventually(
            lambda: base64.b64decode(self._secret(self._environment)["data"][key]).decode() == new,
            self._timeout,
            interval=POLL_SECONDS,
            message=f"Secret {self._environment} holds {key}",
        )
        seconds = time.monotonic() - began
        self._until_told("Ready")
        said = answer.stdout + json.dumps(self._kube.list(ENV_SECRETS))
        _require(new not in said, "the value stands in no answer and in no object")
        self._shown(f"{SETTER} sets it by kubectl create --raw: {self._environment} has it", seconds)

    def refuse_to_reveal(self) -> None:
        """Neither who may set values nor who may read all of our objects gets it back."""
        for user in (SETTER, READER):
            refused = self._ask("reveal", {}, user).stderr
            _require("Forbidden" in refused, f"{user} cannot read the value back: {refused}")
        self._shown(f"{SETTER} cannot read it back, nor {READER}, who may get, list and watch all slots")

    def call_the_api(self) -> None:
        """One request of a ServiceAccount declares a slot and sets its value; it cannot read that back."""
        self._program.admit()
        seconds = self._program.make_slot(self._timeout)
        self._shown(f"{ACCOUNT} posts {SLOT} to {PATH}: slot and Secret are there", seconds)
        _require(self._program.read_back() == requests.codes.not_found, f"{ACCOUNT} cannot read the value back")
        self._shown(f"{ACCOUNT} gets no value: it may neither read what is known of slots nor reveal")

    def rotate_source(self) -> None:
        """A new password in the source Secret."""
        new, before = secrets.token_urlsafe(24), self._secret("ghcr-pull")
        body = {"stringData": {"password": new}}
        seconds = self._time(
            lambda: self._kube.patch(f"{SECRETS}/ghcr-source", body),
            lambda: self._value("ghcr-pull") == new,
            "Secret ghcr-pull follows its source",
        )
        _require(self._secret("ghcr-pull")["metadata"]["uid"] == before["metadata"]["uid"], "the same Secret is kept")
        _require(self._stored(self._kube.get(f"{SLOTS}/ghcr-pull")) == new, "Vault holds the new value")
        self._shown("ghcr-source has a new password: stored in Vault, ghcr-pull follows", seconds)

    def rotate_in_vault(self) -> None:
        """A new version written to Vault by someone else, and a refresh asked for."""
        new, path = secrets.token_urlsafe(24), self._path(self._kube.get(f"{SLOTS}/github-token"))
        held = self._vault.read(path) or {}
        version = self._vault.write(path, {**held, "token": new}, cas=self._vault.version(path))
        asked = f"demo-{version}"
        body = {"metadata": {"annotations": {"slotwarden.io/refresh": asked}}}
        seconds = self._time(
            lambda: self._kube.patch(f"{SLOTS}/github-token", body),
            lambda: self._value("github-token") == new,
            "Secret github-token follows Vault",
        )
        eventually(
            lambda: bool(self._kube.get(f"{SLOTS}/github-token")["status"].get("lastHandledRefresh") == asked),
            self._timeout,
            message="status.lastHandledRefresh answers the refresh",
        )
        self._shown("github-token is written to Vault by hand: it follows on a refresh", seconds)

    def edit_secret(self) -> None:
        """Somebody overwrites what a projected Secret holds."""
        value = self._value("github-token")
        wrong = base64.b64encode(b"wrong").decode()
        seconds = self._time(
            lambda: self._kube.patch(f"{SECRETS}/github-token", {"data": {"password": wrong}}),
            lambda: self._value("github-token") == value,
            "the edited Secret github-token is made right",
        )
        self._shown("Secret github-token edited: made right", seconds)

    def delete_secret(self) -> None:
        """Somebody deletes a projected Secret."""
        value, uid = self._value("docker-hub"), self._secret("docker-hub")["metadata"]["uid"]
        seconds = self._time(
            lambda: self._kube.delete(f"{SECRETS}/docker-hub"),
            lambda: self._secret("docker-hub")["metadata"]["uid"] != uid and self._value("docker-hub") == value,
            "the deleted Secret docker-hub is made anew",
        )
        self._shown("Secret docker-hub deleted: made anew", seconds)

    def _time(self, act: Callable[[], object], check: Callable[[], bool], message: str) -> float:
        """Seconds from the answer to `act` until `check` says yes."""
        act()
        began = time.monotonic()
        eventually(check, self._timeout, interval=POLL_SECONDS, message=message)
        return time.monotonic() - began

    @property
    def _declared(self) -> Json:
        """The EnvSecret of the examples."""
        return next(each for each in _examples() if each["kind"] == "EnvSecret")

    @property
    def _environment(self) -> str:
        """The name of its Secret."""
        spec = self._declared["spec"]
        return environment_secret(spec["project"], spec["environment"])

    def _until_told(self, reason: str) -> None:
        """Return once the EnvSecret says so of itself."""
        name = self._declared["metadata"]["name"]
        eventually(
            lambda: reason_of(self._kube.get(f"{ENV_SECRETS}/{name}")) == reason,
            self._timeout,
            interval=POLL_SECONDS,
            message=f"EnvSecret {name} says {reason}",
        )

    def _ask(self, subresource: str, body: Json, user: str) -> Result:
        """Send a body to the values API as a user; it stands in no argument."""
        path = f"{VALUES}/{self._declared['metadata']['name']}/{subresource}"
        return self._kubectl("create", "--raw", path, "-f", "-", stdin=body, as_user=user)

    def _secret(self, name: str) -> Json:
        return self._kube.get(f"{SECRETS}/{name}")

    def _value(self, secret: str) -> str:
        """The value in a projected Secret, whichever form it has."""
        data = self._secret(secret)["data"]
        if "password" in data:
            return base64.b64decode(data["password"]).decode()
        servers = json.loads(base64.b64decode(data[".dockerconfigjson"]))["auths"]
        return str(next(iter(servers.values()))["password"])

    def _stored(self, slot: Json) -> str:
        """The newest value of a slot in Vault."""
        data = self._vault.read(self._path(slot)) or {}
        return str(data.get("token") or data.get("password"))

    def _path(self, slot: Json) -> str:
        """A slot's entry, relative to the mount."""
        return str(slot["status"]["vault"]["path"]).removeprefix(f"{self._vault.mount}/")

    def _shown(self, text: str, seconds: float | None = None) -> None:
        took = "" if seconds is None else f"[cyan]{seconds * 1000:6.0f} ms[/cyan]"
        self._reporter.say(f"[green]✓[/green] {text:<{WIDTH}}{took}".rstrip())


def is_ready(slot: Json) -> bool:
    """Whether a slot is Ready in its newest generation."""
    status = slot.get("status", {})
    current: bool = status.get("observedGeneration") == slot["metadata"]["generation"]
    return current and any(each["type"] == "Ready" and each["status"] == "True" for each in status["conditions"])


def secret_of(slot: Json) -> str:
    """The name of the Secret made from a slot."""
    return str(slot["status"]["projections"][0]["secretName"])


def reason_of(slot: Json) -> str:
    """The reason of its condition Ready; empty where nothing was said of it yet."""
    conditions = slot.get("status", {}).get("conditions", ())
    return next((str(each["reason"]) for each in conditions if each["type"] == "Ready"), "")


def _granted(user: str) -> tuple[Json, Json]:
    """A Role in the namespace with a user's rule, bound to that user."""
    api = "rbac.authorization.k8s.io"
    common = {"apiVersion": f"{api}/v1", "metadata": {"name": user, "namespace": ACME}}
    subject = {"apiGroup": api, "kind": "User", "name": user}
    bound = {"roleRef": {"apiGroup": api, "kind": "Role", "name": user}, "subjects": [subject]}
    return {**common, "kind": "Role", "rules": [RULES[user]]}, {**common, "kind": "RoleBinding", **bound}


def _examples() -> list[Json]:
    return [yaml.safe_load(path.read_text()) for path in sorted(EXAMPLES.glob("*.yaml"))]


def _declared_values() -> dict[str, str]:
    """The value of each example slot by its name: its own, or that of its source."""
    examples = _examples()
    sources = {each["metadata"]["name"]: each["stringData"] for each in examples if each["kind"] == "Secret"}
    values: dict[str, str] = {}
    for example in examples:
        if example["kind"] == "SecretSlot":
            credential = example["spec"].get("git") or example["spec"]["registry"]
            reference = (credential.get("tokenFrom") or credential.get("passwordFrom") or {}).get("secretKeyRef", {})
            inline = credential.get("token") or credential.get("password")
            values[example["metadata"]["name"]] = inline or sources[reference["name"]][reference["key"]]
    return values


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(f"this does not hold: {what}")
