"""An operator whose way to the servers can be spoiled, and two gateways whose way cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.published.repositories import Repo

if TYPE_CHECKING:
    from testbed.gateway import Gateway
    from testbed.operator import Operator
    from testbed.proxy import Proxy
    from tests.published.support import Api, Json, User


@dataclass(frozen=True)
class Bed:
    """An operator between proxies, and two gateways."""

    api: Api
    user: User
    other: Gateway
    to_kube: Proxy
    to_vault: Proxy

    @property
    def operator(self) -> Operator:
        return self.api.operator

    @property
    def gateways(self) -> tuple[Gateway, Gateway]:
        return self.api.gateway, self.other

    def repo(self) -> Repo:
        return Repo.new(self.api, self.user)

    def everywhere(self, repo: Repo, operation: Json, status: str) -> Json:
        """The operation as both gateways tell of it, once it stands like that for both."""
        first, second = (repo.becomes(operation, status, gateway) for gateway in self.gateways)
        strip = {"status_url": ""}
        assert first | strip == second | strip
        return first

    def restart(self) -> None:
        """Crash both gateways and start them again."""
        for gateway in self.gateways:
            gateway.kill()
            gateway.start()

    def restart_all(self) -> None:
        """Crash everything of ours and start it again."""
        self.operator.kill()
        self.restart()
        self.operator.start()
