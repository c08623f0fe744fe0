"""A repository of a test's own, as a client of its API sees it and as its objects are."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import env_object_name
from testbed.clients.kube import core
from testbed.wait import eventually
from tests.e2e.support import data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from testbed.gateway import Gateway
    from tests.published.support import Answer, Api, Json, User

RESOURCE: Final = "envsecrets"
OVER: Final = ("success", "failed", "cancel")
MEMBERS: Final = {"operation_id", "status_url", "status", "created_at", "modified_at", "response", "error"}


def encoded(value: str | bytes) -> str:
    """As the API takes it."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


@dataclass(frozen=True)
class Repo:
    """A repository, in whose secrets `user` works."""

    api: Api
    user: User
    id: str
    group: str = ""

    @classmethod
    def new(cls, api: Api, user: User, group: str = "") -> Repo:
        return cls(api, user, f"r{secrets.token_hex(4)}", group)

    def seen_by(self, user: User) -> Repo:
        return replace(self, user=user)

    @property
    def environment(self) -> str:
        return self.group or "default"

    def path(self, key: str) -> str:
        return f"/repos/id:{self.id}/secrets/{key}" + (f"?secret_group={self.group}" if self.group else "")

    def put(self, key: str, value: str | bytes, gateway: Gateway | None = None, **headers: str) -> Answer:
        return self.user.ask("PUT", self.path(key), {"value": encoded(value)}, gateway=gateway, headers=headers)

    def accepted(self, key: str, value: str | bytes, gateway: Gateway | None = None) -> Json:
        """An operation that was begun."""
        answer = self.put(key, value, gateway)
        assert answer.code == 202, answer
        found: Json = answer.body
        assert found.keys() == MEMBERS
        return found

    def poll(self, operation: Json, gateway: Gateway | None = None) -> Answer:
        """What is at its status_url, asked for as it stands."""
        at = urlsplit(operation["status_url"])
        return self.user.ask("GET", f"{at.path}?{at.query}", gateway=gateway)

    def standing(self, operation: Json, gateway: Gateway | None = None) -> Json:
        answer = self.poll(operation, gateway)
        assert answer.code == 200, answer
        found: Json = answer.body
        assert found.keys() == MEMBERS
        assert found["operation_id"] == operation["operation_id"]
        assert (found["error"] is not None) is (found["status"] == "failed")
        return found

    def becomes(self, operation: Json, status: str, gateway: Gateway | None = None, timeout: float = 60) -> Json:
        """The operation, once it stands like that."""

        def check() -> Json:
            found = self.standing(operation, gateway)
            assert found["status"] == status, found
            return found

        return eventually(check, timeout, message=f"the operation is {status}")

    def over(self, operation: Json, gateway: Gateway | None = None) -> Json:
        """The operation, once it is over."""

        def check() -> Json:
            found = self.standing(operation, gateway)
            assert found["status"] in OVER, found
            return found

        return eventually(check, 60, message="the operation is over")

    def ref(self, key: str) -> EnvRef:
        return EnvRef(self.api.namespace, f"repo-{self.id}", self.environment, key)

    def entry(self, key: str) -> str:
        """Where a value is in Vault."""
        return f"{self.api.prefix}/{self.api.namespace}/env/repo-{self.id}/{self.environment}/{key}"

    def object_path(self, key: str) -> str:
        return self.api.objects(RESOURCE, env_object_name(self.ref(key)))

    def object(self, key: str) -> Json:
        return self.api.kube.get(self.object_path(key))

    def delete(self, key: str) -> None:
        self.api.kube.delete(self.object_path(key))

    @property
    def secret(self) -> str:
        """The path of the Secret that its group's values go into."""
        return core(self.api.namespace, "secrets", f"repo-{self.id}-{self.environment}-env".replace("_", "-"))

    def holds(self, values: Mapping[str, str]) -> None:
        """Return once the Secret holds this and nothing else."""
        eventually(lambda: data(self.api.kube.get(self.secret)) == values, message=f"it holds {sorted(values)}")

    def operations(self, key: str) -> dict[str, str]:
        """What the object's status tells, by request."""
        status: dict[str, Any] = self.object(key).get("status", {})
        return {each["requestID"]: each["state"] for each in status.get("operations", [])}


def refused(answer: Answer, code: int, error_code: str) -> str:
    """The message of an error in the API's form."""
    assert answer.code == code, answer
    assert answer.body.keys() == {"error_code", "message", "request_id", "details"}
    assert answer.body["error_code"] == error_code
    assert answer.body["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    return str(answer.body["message"])
