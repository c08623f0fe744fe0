"""The gRPC server as such: its certificate, health, reflection, limits, and its end."""

from __future__ import annotations

import contextlib
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from slotwarden.gateway.published.slots_grpc import SERVICE
from testbed.proxy import Hold, Proxy
from testbed.wait import eventually
from tests.gateway.support import TIMEOUT
from tests.published.slots import Grpc, Rest, Slot, channel, git
from tests.published.support import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from testbed.gateway import Gateway
    from tests.published.support import Api, User

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def to_vault(api: Api) -> Iterator[Proxy]:
    """What stands between a gateway and Vault."""
    made = Proxy(api.session.testbed.vault.url, api.session.testbed.pki).start()
    yield made
    made.stop()


@pytest.fixture
def behind(api: Api, make_replica: Callable[..., Gateway], to_vault: Proxy) -> Iterator[Callable[..., Gateway]]:
    """`behind(*arguments)`: a gateway that reaches Vault through the proxy, until the test ends."""
    with contextlib.ExitStack() as after:

        def make(*arguments: str) -> Gateway:
            gateway = make_replica(*arguments, start=False)
            after.callback(gateway.stop)
            return gateway.through(kubernetes=api.session.testbed.apiserver.url, vault=to_vault.url).start()

        yield make


@pytest.fixture
def slot(api: Api, owner: User) -> Slot:
    made = Slot.new(api)
    made.create(Rest(owner), git(canary())).ok()
    return made


def test_reflection_tells_the_service(api: Api) -> None:
    with channel(api) as made:
        database = ProtoReflectionDescriptorDatabase(made)
        services = set(database.get_services())
        found = database.FindFileContainingSymbol(SERVICE)
    assert services == {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    assert (found.name, found.package) == ("dodil/ignite/v1/secret_service.proto", "dodil.ignite.v1")
    (service,) = found.service
    assert [method.name for method in service.method] == ["CreateSecret", "GetSecret", "ListSecrets", "DeleteSecret"]


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_is_that_of_the_gateway_until_it_stops(
    api: Api, make_replica: Callable[..., Gateway], service: str
) -> None:
    gateway = make_replica()
    with channel(api, gateway) as made:
        stub = health_pb2_grpc.HealthStub(made)
        request = health_pb2.HealthCheckRequest(service=service)

        def serves() -> bool:
            return bool(stub.Check(request, timeout=TIMEOUT).status == SERVING)

        eventually(serves, message="it serves")
        watched = stub.Watch(request, timeout=TIMEOUT)
        assert next(watched).status == SERVING
        gateway.signal(signal.SIGTERM)
        assert next(watched).status == NOT_SERVING
        assert gateway.wait_end(TIMEOUT) == 0


def test_a_new_certificate_is_shown_to_new_connections_alone(
    api: Api, make_replica: Callable[..., Gateway], owner: User, slot: Slot, tmp_path: Path
) -> None:
    files = tmp_path / "tls.crt", tmp_path / "tls.key"

    def show(ca: trustme.CA) -> None:
        leaf = ca.issue_cert("localhost")
        files[1].write_bytes(leaf.private_key_pem.bytes())
        files[0].write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))

    def connected(ca: trustme.CA) -> grpc.Channel:
        believed = grpc.ssl_channel_credentials(ca.cert_pem.bytes())
        return grpc.secure_channel(f"localhost:{gateway.grpc_port}", believed)

    first, second = trustme.CA(), trustme.CA()
    show(first)
    gateway = make_replica("--tls-cert-file", str(files[0]), "--tls-key-file", str(files[1]))
    wire = Grpc(owner, gateway)
    with connected(first) as old:
        wire.on(old, "GetSecret", {"name": slot.name}).ok()
        show(second)

        def shown() -> bool:
            with connected(second) as new:
                return wire.on(new, "GetSecret", {"name": slot.name}).code == "OK"

        eventually(shown, message="the new certificate is shown")
        wire.on(old, "GetSecret", {"name": slot.name}).ok()
        with connected(first) as late:
            assert wire.on(late, "GetSecret", {"name": slot.name}).code == "UNAVAILABLE"


def test_a_stop_lets_a_running_call_end(
    api: Api, behind: Callable[..., Gateway], to_vault: Proxy, owner: User, slot: Slot
) -> None:
    gateway, hold = behind(), Hold(f"GET .*/data/.*/{slot.name}")
    to_vault.add(hold)
    wire = Grpc(owner, gateway)
    with channel(api, gateway) as made, channel(api, gateway) as idle, ThreadPoolExecutor() as pool:
        grpc.channel_ready_future(idle).result(TIMEOUT)
        running = pool.submit(wire.on, made, "GetSecret", {"name": slot.name})
        hold.wait()
        gateway.signal(signal.SIGTERM)
        late = Grpc(owner, gateway)
        eventually(lambda: late.call("ListSecrets", {}).code == "UNAVAILABLE", message="it takes no more calls")
        assert not running.done()
        hold.release()
        running.result(TIMEOUT).ok()
        assert gateway.wait_end(TIMEOUT) == 0
    assert '"exception"' not in gateway.log_text()


@pytest.mark.parametrize("form", [Rest, Grpc], ids=["rest", "grpc"])
def test_vault_away_is_unavailable_and_worth_another_try(
    behind: Callable[..., Gateway], to_vault: Proxy, owner: User, slot: Slot, form: type
) -> None:
    wire = form(owner, behind())
    silence = to_vault.silence()
    to_vault.cut()
    new = Slot.new(slot.api)
    for outcome in (slot.get(wire), slot.create(wire, git(canary())), new.create(wire, git(canary()))):
        assert outcome.code == "UNAVAILABLE"
        assert int(outcome.headers["retry-after"]) > 0
    assert len(slot.listed(wire)) == 1
    to_vault.remove(silence)
    value = git(canary())
    eventually(lambda: new.create(wire, value).code == "OK", message="a repeated call completes it")
    assert new.get(wire).ok()["value"] == value


def test_a_call_that_its_client_gives_up_leaves_room(
    api: Api, behind: Callable[..., Gateway], to_vault: Proxy, owner: User, slot: Slot
) -> None:
    gateway, hold = behind("--max-requests", "1"), Hold(f"GET .*/data/.*/{slot.name}")
    to_vault.add(hold)
    wire = Grpc(owner, gateway)
    with channel(api, gateway) as made, ThreadPoolExecutor() as pool:
        running = pool.submit(wire.on, made, "GetSecret", {"name": slot.name})
        hold.wait()
        for other in (Grpc(owner, gateway), Rest(owner, gateway)):
            outcome = other.call("ListSecrets", {})
            assert outcome.said == ("UNAVAILABLE", "the gateway has too much to do")
            assert int(outcome.headers["retry-after"]) > 0
        made.close()
        assert running.result(TIMEOUT).code == "CANCELLED"
        eventually(lambda: Rest(owner, gateway).call("ListSecrets", {}).code == "OK", message="there is room again")
        hold.release()


def test_a_message_is_not_waited_for_before_it_is_known_whose_it_is(api: Api) -> None:
    """Else who has no token could have any number of messages held, each short of its last byte."""
    ended = threading.Event()
    with channel(api) as made:
        call = made.stream_unary(f"/{SERVICE}/CreateSecret")

        def never() -> Iterator[bytes]:
            ended.wait()
            yield from ()

        answer = call.future(never(), metadata=(("authorization", "Bearer nobody's"),), timeout=TIMEOUT)
        try:
            assert answer.code() == grpc.StatusCode.UNAUTHENTICATED
        finally:
            ended.set()


def test_a_call_without_a_message_is_refused(api: Api, owner: User) -> None:
    with channel(api) as made:
        call = made.stream_unary(f"/{SERVICE}/CreateSecret")
        answer = call.future(iter(()), metadata=(("authorization", f"Bearer {owner.token}"),), timeout=TIMEOUT)
        assert (answer.code(), answer.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "there is no message")


def test_calls_are_counted_by_their_route_and_outcome(api: Api, owner: User, slot: Slot) -> None:
    def counted(route: str, code: str) -> float:
        return api.gateway.metrics().value("slotwarden_gateway_requests_total", route=route, code=code)

    slot.get(Grpc(owner)).ok()
    slot.get(Rest(owner)).ok()
    Slot.new(api).get(Grpc(owner))
    assert counted("slots.get", "OK") >= 1
    assert counted("slots.get", "200") >= 1
    assert counted("slots.get", "NOT_FOUND") >= 1


def test_a_call_leaves_a_line_without_the_value(api: Api, owner: User) -> None:
    slot, value = Slot.new(api), canary()
    wire = Grpc(owner)
    slot.create(wire, git(value), x_request_id=f"{slot.name}.set").ok()
    slot.get(wire, x_request_id=f"{slot.name}.get").ok()
    slot.delete(wire, x_request_id=f"{slot.name}.delete").ok()
    text = api.gateway.log_text()
    lines: list[Any] = [line for line in text.splitlines() if f'"{slot.name}.' in line and "slotwarden.audit" in line]
    assert len(lines) == 3
    for line, word in zip(lines, ("set a value", "read a value", "delete an object"), strict=True):
        assert word in line
        assert owner.username in line
    assert value not in text
