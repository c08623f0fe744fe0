"""Puts the gateway together: which part knows which; nothing runs yet."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web

from slotwarden.cluster import health as cluster_health
from slotwarden.cluster import paths
from slotwarden.cluster.apiservices import ApiServices
from slotwarden.cluster.client import REQUESTS_AT_ONCE, KubeClient, load_configuration
from slotwarden.cluster.namespaces import Namespaces
from slotwarden.cluster.objects import FIELD_MANAGER, Objects
from slotwarden.cluster.reviews import Reviews
from slotwarden.cluster.secrets import Secrets
from slotwarden.cluster.term import Term
from slotwarden.domain.kinds import KINDS
from slotwarden.gateway.aggregated import status
from slotwarden.gateway.aggregated.api import Aggregated
from slotwarden.gateway.aggregated.group import GROUP, VERSION
from slotwarden.gateway.bodies import MAX_BODY
from slotwarden.gateway.catalog.catalog import Catalog
from slotwarden.gateway.catalog.following import Following, follow
from slotwarden.gateway.declarations import Declarations
from slotwarden.gateway.forms import Forms
from slotwarden.gateway.health import Look
from slotwarden.gateway.identity.access import ReviewedAccess
from slotwarden.gateway.identity.authentication import Authenticator
from slotwarden.gateway.identity.permissions import Permissions
from slotwarden.gateway.identity.tokens import Tokens
from slotwarden.gateway.identity.trust import FollowedTrust
from slotwarden.gateway.objects import ObjectReader
from slotwarden.gateway.observing import Observing
from slotwarden.gateway.published import apis, slots_grpc
from slotwarden.gateway.published.described import documents
from slotwarden.gateway.published.parts import Parts
from slotwarden.gateway.published.slots import Slots
from slotwarden.gateway.published.slots_grpc import SlotsGrpc
from slotwarden.gateway.rpc.certificate import ShownCertificate
from slotwarden.gateway.rpc.guard import Guard
from slotwarden.gateway.rpc.server import GrpcServer
from slotwarden.gateway.serving.files import Files
from slotwarden.gateway.serving.publish import Place, Publisher
from slotwarden.gateway.serving.server import HttpsServer, Traffic, delivered, in_time, only
from slotwarden.gateway.serving.tls import AskingContext
from slotwarden.gateway.shares import Shares
from slotwarden.telemetry.metrics import GatewayMetrics
from slotwarden.values.doors import ValueDoors
from slotwarden.values.paths import EntryPaths
from slotwarden.values.store import VaultStore
from slotwarden.vault import health as vault_health
from slotwarden.vault.kv import VaultKV
from slotwarden.vault.transit import VaultTransit

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from pathlib import Path

    from slotwarden.gateway.serving.certificates import Lives, Pair
    from slotwarden.vault.config import VaultConfig

_CONNECTIONS: Final = 512
API_SERVICE: Final = f"{VERSION}.{GROUP}"


class Certificate(Protocol):
    """Where the gateway's certificate comes from.

    Attributes:
        cause: why it cannot be looked after; empty where it can.
    """

    cause: str

    @property
    def ready(self) -> bool:
        """Whether there is one to show."""
        ...

    async def run(self) -> None:
        """Look after it until cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """How the gateway is to run.

    Attributes:
        prefix: the folder below Vault's mount.
        namespaces: what is served; everything if empty.
        cluster: the cluster's identity; the uid of `kube-system` if None.
        audiences: tokens are taken for any of these.
        aggregated: whether the API server's front proxy is believed, and told the certificate's authorities.
        published: whether the published APIs are served. Without, it makes, changes and deletes no object.
        service: namespace and name of the Service that leads to the gateway.
        names: further names that clients know it by.
        files: certificate and key, where others look after them.
        secret: the name of the Secret of its own certificate, beside the Service.
        public_url: where clients reach it; each request tells where it was sent to if empty.
        most: how many requests run at once.
        grace: seconds that running requests get to end.
        port_file: where to write the ports that are listened on, as JSON.
    """

    vault: VaultConfig
    prefix: str
    namespaces: frozenset[str]
    cluster: str | None
    audiences: Sequence[str]
    aggregated: bool
    published: bool
    service: tuple[str, str]
    names: Sequence[str]
    files: tuple[Path, Path] | None
    secret: str
    lives: Lives
    public_url: str
    most: int
    grace: float
    listen: str
    https_port: int
    grpc_port: int
    health_port: int
    metrics_port: int
    port_file: Path | None


@dataclass(slots=True)
class Gateway:
    """The parts that run, and what they share.

    Attributes:
        stopping: whether it takes no more requests.
    """

    options: Options
    client: KubeClient
    kv: VaultKV
    metrics: GatewayMetrics
    https: HttpsServer
    grpc: GrpcServer | None
    certificate: Certificate
    trust: FollowedTrust | None
    looks: Mapping[str, Look]
    catalog: Catalog
    following: Sequence[Following]
    stopping: bool = False

    def checks(self) -> dict[str, str]:
        """What has to be there before requests can be served, by name, and why it is not."""
        found = {
            "certificate": "" if self.certificate.ready else self.certificate.cause,
            "catalog": "" if self.catalog.ready else self.catalog.cause or "the objects are not listed yet",
        }
        if self.trust is not None:
            found["trust"] = "" if self.trust.trust is not None else self.trust.cause
        return found | ({"process": "it stops"} if self.stopping else {})

    @property
    def ready(self) -> bool:
        """Whether requests can be served."""
        return not any(self.checks().values())

    def notes(self) -> dict[str, str]:
        """What is not well although requests can be served."""
        found = {name: look.cause for name, look in self.looks.items()}
        found["certificate"] = self.certificate.cause if self.certificate.ready else ""
        found["catalog"] = self.catalog.cause if self.catalog.ready else ""
        if self.trust is not None and self.trust.trust is not None:
            found["trust"] = self.trust.cause
        return found

    def followers(self) -> list[Coroutine[None, None, None]]:
        """What has to run beside the server."""
        trust = [self.trust.run()] if self.trust is not None else []
        looks = (look.run() for look in self.looks.values())
        health = [self.grpc.follow(lambda: self.ready)] if self.grpc is not None else []
        following = (run for each in self.following for run in each.runs())
        return [self.certificate.run(), *trust, *looks, *health, *following]

    def servers(self) -> dict[str, HttpsServer | GrpcServer]:
        """What clients are served by, by the names of the ports."""
        grpc: dict[str, HttpsServer | GrpcServer] = {"grpc": self.grpc} if self.grpc is not None else {}
        return {"https": self.https, **grpc}

    async def close(self) -> None:
        """Close all connections."""
        await self.client.close()
        await self.kv.close()


async def assemble(options: Options) -> Gateway:
    """Make all parts; nothing runs yet.

    Raises:
        NoCluster: no cluster was found.
    """
    metrics, catalog = GatewayMetrics(), Catalog()
    client = await _client(options, metrics)
    metrics.follow_catalog(lambda: catalog.behind)
    kv = VaultKV(options.vault, observe=metrics.vault_request)
    store = VaultStore(kv, EntryPaths(options.prefix), VaultTransit.of(kv.session, options.vault.transit_mount))
    reviews, objects = Reviews(client), Objects(client)
    context = AskingContext()
    trust = FollowedTrust(client) if options.aggregated else None
    access, doors = ReviewedAccess(reviews, time.monotonic), ValueDoors(store, _now)
    reader = ObjectReader(objects, Namespaces(client, options.cluster))
    aggregated = Aggregated(access, reader, objects, doors, metrics, _now)
    published = Parts(
        Permissions(access, options.namespaces),
        catalog,
        Declarations(objects, catalog, _now),
        reader,
        objects,
        doors,
        metrics,
        _now,
    )
    tokens = Tokens(reviews, options.audiences, time.monotonic, time.time)
    authenticator = Authenticator(lambda: trust.trust if trust else None, tokens)
    forms = Forms(apis.FORMS if options.published else (), status.of_request)
    traffic = Traffic(options.most, forms.answer)
    shares, slots, shown = Shares(options.most), Slots(published), ShownCertificate()
    known = [*documents.but_them(authenticator.middleware, shares.middleware), delivered, only(options.namespaces)]
    order = [Observing(metrics).middleware, traffic.middleware, forms.middleware, in_time, *known]
    app = web.Application(middlewares=order, client_max_size=MAX_BODY)
    offered = (*documents.routes(), *apis.routes(published, slots, options.public_url)) if options.published else ()
    app.add_routes([*aggregated.routes(), *offered])
    return Gateway(
        options,
        client,
        kv,
        metrics,
        HttpsServer(app, (options.listen, options.https_port), context, traffic, options.grace, _connections(options)),
        _grpc(options, slots, Guard(slots_grpc.ROUTES, tokens, traffic, shares, metrics), shown, traffic),
        _certificate(options, client, (context.use, shown.use, lambda pair: metrics.certificate_shown(*pair.life))),
        trust,
        _looks(client, store, metrics),
        catalog,
        follow(catalog, client, options.namespaces) if options.published else (),
    )


async def _client(options: Options, metrics: GatewayMetrics) -> KubeClient:
    # Each watch keeps a connection to itself.
    connections = REQUESTS_AT_ONCE + len(KINDS) * max(1, len(options.namespaces))
    return KubeClient(await load_configuration(), metrics.kubernetes_request, Term.unlimited(), connections)


def _looks(client: KubeClient, store: VaultStore, metrics: GatewayMetrics) -> dict[str, Look]:
    asked = partial(client.request, "get", "apiresources", paths.GROUP)
    return {
        "vault": Look("Vault", vault_health.asking(store.health), metrics.vault_up.set),
        "kubernetes": Look("the API server", cluster_health.asking(asked), metrics.kubernetes_up.set),
    }


def _grpc(options: Options, slots: Slots, guard: Guard, shown: ShownCertificate, traffic: Traffic) -> GrpcServer | None:
    if not options.published:
        return None
    services = ((slots_grpc.SERVICE, SlotsGrpc(slots).add),)
    address = options.listen, options.grpc_port
    return GrpcServer(services, guard, address, shown, traffic, options.grace, _connections(options))


def _connections(options: Options) -> int:
    """How many there may be to one port: some rest while others have requests."""
    return max(_CONNECTIONS, 2 * options.most)


def _certificate(options: Options, client: KubeClient, users: Sequence[Callable[[Pair], None]]) -> Certificate:
    def use(pair: Pair) -> None:
        for each in users:
            each(pair)

    if options.files is not None:
        return Files(*options.files, use)
    namespace, service = options.service
    names = (f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local", *options.names)
    place = Place(
        (namespace, options.secret),
        options.service,
        tuple(dict.fromkeys(names)),
        options.lives,
        API_SERVICE if options.aggregated else None,
    )
    secrets = Secrets(client, {"fieldManager": FIELD_MANAGER})
    return Publisher(client, secrets, ApiServices(client), place, use)


def _now() -> datetime:
    return datetime.now(UTC)
