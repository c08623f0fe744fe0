"""The gateway killed in the middle of a core-instance creation: what it left is completed, and never half a value."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from slotwarden.domain.entries import EnvRef
from slotwarden.domain.names import env_object_name
from testbed.proxy import WRITES, Hold
from testbed.wait import eventually
from tests.faults.test_between_writes import CLAIM, STORE, kind
from tests.published.coreinstances import Instance, encoded
from tests.published.support import EVERYTHING, READ, Api, User, canary

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tests.faults.doors import Doors
    from tests.published.support import Answer

MAKE, STATE = "POST envsecrets", "PATCH envsecrets/status"


@pytest.fixture
def creating(doors: Doors) -> tuple[Instance, User]:
    api = Api(doors.session, doors.namespace, doors.operator, doors.gateways[0])
    user = User.made(api, f"u-{uuid.uuid4().hex[:6]}", EVERYTHING, doors.namespace)
    return Instance(api, str(uuid.uuid4()), doors.prefix), user


def test_vault_away(doors: Doors, creating: tuple[Instance, User]) -> None:
    instance, user = creating
    blind = User.made(user.api, f"u-{uuid.uuid4().hex[:6]}", (READ,), doors.namespace)
    values = {key: canary() for key in ("before", "meanwhile")}
    instance.created(user, "before", values["before"])
    doors.to_vault.stop()
    for answer in (instance.post(user, "meanwhile", values["meanwhile"]), instance.list(user)):
        assert (answer.code, answer.body["code"]) == (503, "ServiceUnavailable")
        assert int(answer.headers["retry-after"]) > 0
    # Whoever reads no values does not need Vault. What was begun awaits its value.
    assert {item["key"]: item.get("value") for item in instance.items(blind)} == dict.fromkeys(values)
    instance.told("meanwhile", "AwaitingValue")
    doors.to_vault.start()
    eventually(lambda: instance.post(user, "meanwhile", values["meanwhile"]).code == 201, message="it is completed")
    told = {item["key"]: item.get("value") for item in instance.items(user)}
    assert told == {key: encoded(value) for key, value in values.items()}


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "encrypted"])
def test_killed_at_each_write_of_a_creation(doors: Doors, creating: tuple[Instance, User], sealed: bool) -> None:
    instance, user = creating
    entry = EnvRef(doors.namespace, "core-instances", instance.id, "")
    places = [
        ("to_kube", r"^POST /apis/.*/{name}(\?|$)", MAKE),
        ("to_kube", r"^PATCH /apis/.*/{name}/status(\?|$)", STATE),
        ("to_vault", rf"^{WRITES}/v1/[^/]+/metadata/.*/{{key}}$", CLAIM),
        ("to_vault", rf"^{WRITES}/v1/[^/]+/data/.*/{{key}}$", STORE),
    ]
    values: dict[str, str] = {}
    begun: dict[str, Future[Answer]] = {}
    for at, (proxy, pattern, what) in enumerate(places):
        for delivered in (False, True):
            key = f"K{at}_{'answer' if delivered else 'request'}"
            hold = Hold(pattern.format(name=env_object_name(entry._replace(key=key)), key=key), 1, delivered=delivered)
            getattr(doors, proxy).add(hold)
            values[key] = canary()
            begun[key] = doors.executor.submit(instance.post, user, key, values[key], encrypted=sealed)
            assert kind(hold.wait()) == what, key
    doors.gateways[0].kill()
    for key, future in begun.items():
        assert isinstance(future.exception(30), OSError), key
    doors.to_kube.clear()
    doors.to_vault.clear()
    # What Vault took before the answer was lost is there; all else is as if it had not been asked for, or awaits it.
    assert {key for key in values if doors.vault.version(instance.entry(key))} == {"K3_answer"}
    doors.gateways[0].start()
    for key, value in values.items():
        code = instance.post(user, key, value, encrypted=sealed).code
        assert code == (409 if key == "K3_answer" else 201), key
        assert doors.vault.version(instance.entry(key)) == 1

    def check() -> None:
        told = {item["key"]: item.get("value") for item in instance.items(user)}
        assert told == {key: encoded(value) for key, value in values.items()}

    eventually(lambda: check() is None, message="all values are told")
    instance.holds({key: value.encode() for key, value in values.items()})
    assert not any(value in doors.gateways[0].log_text() for value in values.values())
