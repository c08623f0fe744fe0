"""Objects that are there, with values, and how a request by one of the documents is led to them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.published.coreinstances import Instance
from tests.published.environments import Shop
from tests.published.repositories import Repo
from tests.published.slots import Rest, Slot, git

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.published.support import Json, User

KEY = "THERE"


@dataclass(frozen=True)
class Aim:
    """Which members of a request lead it to an object; the rest of it may be anything."""

    path: Mapping[str, str]
    query: Mapping[str, object] = field(default_factory=dict)
    body: Json = field(default_factory=dict)


class There:
    """The objects of one test; each is made when a request is first led to it, and again where one removes it."""

    def __init__(self, user: User, value: str) -> None:
        self._user = user
        self._value = value
        self._made: dict[str, Aim] = {}

    @property
    def namespace(self) -> str:
        return self._user.api.namespace

    def aim(self, operation: str) -> Aim:
        """What leads a call of that name to an object that is there."""
        if operation not in self._made or operation.endswith(".delete"):
            self._made[operation] = self._make(operation)
        return self._made[operation]

    def _make(self, operation: str) -> Aim:
        match operation.partition("."):
            case "slots", _, _:
                return self._slot()
            case "environments", _, _:
                return self._environment()
            case "core-instances", _, _:
                return self._instance()
            case _:
                return self._repository()

    def _slot(self) -> Aim:
        slot = Slot.new(self._user.api)
        slot.create(Rest(self._user), git(self._value)).ok()
        return Aim({"name": slot.name}, body={"name": slot.name})

    def _environment(self) -> Aim:
        shop = Shop.new(self._user.api)
        shop.declared(self._user, KEY)
        assert shop.give(self._user, KEY, self._value).code == 200
        path = {"o": shop.api.namespace, "p": "shop", "envName": shop.environment, "name": KEY}
        return Aim(path, body={"name": KEY})

    def _instance(self) -> Aim:
        instance = Instance.new(self._user.api)
        for key in (KEY, f"{KEY}_TOO"):
            instance.created(self._user, key, self._value)
        cursor = instance.list(self._user, last=1).body["endCursor"]
        return Aim({"coreInstanceID": instance.id}, {"before": cursor}, {"key": KEY})

    def _repository(self) -> Aim:
        repo = Repo.new(self._user.api, self._user, f"g{secrets.token_hex(4)}")
        operation = repo.accepted(KEY, self._value)["operation_id"]
        path = {"repo_id": repo.id, "key": KEY, "operation_id": operation}
        return Aim(path, {"secret_group": repo.group})
