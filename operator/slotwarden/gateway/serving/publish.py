"""Keeps the replicas' certificate in a Secret, its authorities in the APIService, and shows it.

Each replica takes turns of its own: look at what is published and at the Secret, take the step that is due, publish.
Whoever is first writes; the write of any other fails by its resourceVersion, and that one looks again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from slotwarden.cluster import paths
from slotwarden.cluster.errors import AlreadyExists, Conflict, KubernetesError
from slotwarden.cluster.named import LONGEST_WAIT, Named
from slotwarden.gateway.serving import pem
from slotwarden.gateway.serving.certificates import Lives, Material, following, make, next_look

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotwarden.cluster.apiservices import ApiServices
    from slotwarden.cluster.client import Json, KubeClient
    from slotwarden.cluster.secrets import Secrets
    from slotwarden.gateway.serving.certificates import Pair

SECRET_TYPE: Final = "kubernetes.io/tls"  # noqa: S105  # the name of a type
_COMPONENT: Final = ("app.kubernetes.io/component", "gateway")
_LABELS: Final = dict((("app.kubernetes.io/name", "slotwarden"), _COMPONENT))
_PAUSE: Final = 2.0
_TAKEN_IN: Final = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the certificate is kept and what it is for.

    Attributes:
        secret: namespace and name of the Secret.
        service: namespace and name of the Service that leads here.
        names: the DNS names that clients know the gateway by.
        api_service: the APIService that tells its authorities; None: nothing tells them.
    """

    secret: tuple[str, str]
    service: tuple[str, str]
    names: tuple[str, ...]
    lives: Lives
    api_service: str | None


class Publisher:
    """One replica's part in it.

    Args:
        use: shows a certificate from now on.

    Attributes:
        ready: whether there is a certificate to show.
        cause: why what is due could not be done; empty where it could.
    """

    def __init__(
        self,
        client: KubeClient,
        secrets: Secrets,
        api_services: ApiServices,
        place: Place,
        use: Callable[[Pair], None],
    ) -> None:
        namespace, name = place.secret
        self._stored = Named(client, "secrets", paths.secrets(namespace), name)
        self._secrets = secrets
        self._api_services = api_services
        self._place = place
        self._use = use
        self._shown: Pair | None = None
        # The bundle that was seen published last, and since when.
        self._seen: tuple[str, float] | None = None
        self.cause = "not made yet"

    @property
    def ready(self) -> bool:
        """Whether there is a certificate to show."""
        return self._shown is not None

    async def run(self) -> None:
        """Take turns until cancelled."""
        while True:
            try:
                await self._turn()
            except (AlreadyExists, Conflict):
                # Another replica was faster: what it wrote is there now.
                continue
            except KubernetesError as error:
                await self._rest(str(error))

    async def _turn(self) -> None:
        """Take one step, or wait for the next one."""
        # In this order: what is published was then never made of anything newer than what the Secret says.
        service, trouble = await self._service()
        stored, version = await self._stored.look()
        place, now = self._place, datetime.now(UTC)
        if stored is not None and not _is_ours(stored):
            # Nor is it shown: whoever made it has the key, and would be believed in our place.
            await self._rest(f"the Secret {'/'.join(place.secret)} is not the gateway's")
            return
        held = pem.material(stored.get("data") or {}) if stored else None
        if held is None:
            await self._write(stored, make(place.names, place.lives, now))
            return
        self._show(held)
        bundle = pem.bundle(held.bundle)
        published = not trouble and (service is None or service["spec"].get("caBundle") == bundle)
        known = published and (service is None or self._is_known(bundle))
        step = following(held, place.names, place.lives, now, published=known)
        if step is not None:
            await self._write(stored, step)
        elif trouble:
            await self._rest(trouble)
        elif service is not None and not published:
            await self._api_services.publish(service, bundle)
            _log.info("the authorities of the gateway's certificate are published in %s", place.api_service)
        else:
            self.cause = ""
            await self._stored.wait(version, self._patience(held, service, now))

    async def _service(self) -> tuple[Json | None, str]:
        """The APIService, None where there is none that leads here; and why it cannot be read."""
        if self._place.api_service is None:
            return None, ""
        try:
            found = await self._api_services.get(self._place.api_service)
        except KubernetesError as error:
            return None, str(error)
        target = found["spec"].get("service") or {} if found else {}
        leads_here = (target.get("namespace"), target.get("name")) == self._place.service
        return (found if leads_here else None), ""

    def _is_known(self, bundle: str) -> bool:
        """Whether a bundle that is published has been so for long enough that all API servers have taken it in."""
        now = time.monotonic()
        if self._seen is None or self._seen[0] != bundle:
            self._seen = (bundle, now)
        return now - self._seen[1] >= min(_TAKEN_IN, self._place.lives.authority.total_seconds() / 12)

    def _patience(self, held: Material, service: Json | None, now: datetime) -> float:
        """Seconds until the next turn, where the Secret does not change before."""
        if self._place.api_service is not None and service is None:
            return _PAUSE
        return min(LONGEST_WAIT, next_look(held, self._place.lives, now).total_seconds())

    async def _rest(self, why: str) -> None:
        if why != self.cause:
            _log.warning("the gateway's certificate cannot be looked after: %s", why)
        self.cause = why
        await asyncio.sleep(_PAUSE)

    async def _write(self, stored: Json | None, material: Material) -> None:
        """Make the Secret, or change it if it is still as it was seen."""
        namespace, name = self._place.secret
        data = pem.data(material)
        if stored is None:
            await self._secrets.create(namespace, name, SECRET_TYPE, data, {"labels": _LABELS})
        else:
            version = int(stored["metadata"]["resourceVersion"])
            await self._secrets.patch(namespace, name, version, data, {"labels": _LABELS})
        _log.info("the Secret %s/%s of the gateway's certificate is written", namespace, name)

    def _show(self, held: Material) -> None:
        if self._shown is None or self._shown.certificate != held.leaf.certificate:
            self._use(held.leaf)
            self._shown = held.leaf
            end = held.leaf.certificate.not_valid_after_utc
            _log.info("the gateway shows a certificate that is good until %s", end.isoformat())


def _is_ours(stored: Json) -> bool:
    key, value = _COMPONENT
    labels = stored["metadata"].get("labels") or {}
    return bool(labels.get(key) == value)
