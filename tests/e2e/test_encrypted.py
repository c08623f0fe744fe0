"""An environment's value that Vault holds encrypted: the Secret has it, Vault's KV engine does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from testbed.clients.errors import RefusedError
from tests.e2e.environments import Environment
from tests.e2e.support import condition, has_condition

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.operator import Operator
    from testbed.session import Session

CANARY = "c4n4ry-of-an-encrypted-value"
ENCRYPTED = {"encrypted": True}


def raw(shop: Environment, name: str = "url") -> dict[str, Any]:
    """What the KV engine holds."""
    return shop.vault.read(shop.entry(name)) or {}


def key(shop: Environment) -> str:
    """The environment's key, as its administrator names it."""
    return f"{shop.vault.transit}/keys/{shop.prefix}.{shop.namespace}.shop.production"


def delete_key(shop: Environment) -> None:
    shop.vault.request("POST", f"{key(shop)}/config", {"deletion_allowed": True})
    shop.vault.request("DELETE", key(shop))


def test_the_value_is_in_the_secret_and_not_in_the_entry(shop: Environment) -> None:
    mark = shop.mark()
    shop.made("url", {"value": CANARY, **ENCRYPTED})
    shop.holds({"URL": CANARY})
    assert raw(shop).keys() == {"ciphertext"}
    assert CANARY not in json.dumps(shop.vault.metadata(shop.entry("url")))
    # The same again makes no version, and a restart makes no write.
    shop.edit("url", {"value": CANARY})
    shop.ready("url")
    shop.barrier()
    assert shop.stored_version("url") == 1
    before = shop.slot("url")["metadata"]["resourceVersion"]
    shop.operator.stop()
    shop.operator.start()
    shop.barrier()
    assert shop.slot("url")["metadata"]["resourceVersion"] == before
    shop.edit("url", {"value": f"{CANARY}-2"})
    shop.holds({"URL": f"{CANARY}-2"})
    assert shop.calls(mark, "secrets", "shop-production-env") == ["create", "patch"]


def test_drift_is_put_right_from_the_encrypted_value(shop: Environment) -> None:
    shop.made("url", {"value": CANARY, **ENCRYPTED})
    shop.delete_secret("shop-production-env")
    shop.holds({"URL": CANARY})
    shop.set_secret("shop-production-env", URL="mallory's")
    shop.holds({"URL": CANARY})


def test_a_value_that_lies_open_is_encrypted_when_that_is_asked_for(shop: Environment) -> None:
    shop.made("url", {"value": CANARY})
    assert raw(shop) == {"value": CANARY}
    shop.edit("url", ENCRYPTED)
    assert shop.ready("url")["status"]["vault"]["version"] == 2
    assert raw(shop).keys() == {"ciphertext"}
    # Written by hand, it is the value; and then encrypted too.
    shop.write("url", f"{CANARY}-2")
    shop.refreshed("url")
    shop.holds({"URL": f"{CANARY}-2"})
    assert (raw(shop).keys(), shop.stored_version("url")) == ({"ciphertext"}, 4)
    for taken_back in (False, None):
        with pytest.raises(RefusedError, match="encrypted cannot be taken back"):
            shop.edit("url", {"encrypted": taken_back})


def test_a_key_that_is_gone_is_told_and_the_last_good_secret_stays(shop: Environment) -> None:
    shop.made("url", {"value": CANARY, **ENCRYPTED})
    shop.vault.request("POST", f"{key(shop)}/rotate")
    shop.refreshed("url")
    shop.ready("url")
    delete_key(shop)
    shop.ask_refresh("url")
    told = shop.told("url", "EncryptionFailed")
    assert "the key is not there: it was deleted" in condition(told)["message"]
    assert has_condition(told, "Stalled")
    shop.holds({"URL": CANARY})
    shop.edit("url", {"value": f"{CANARY}-2"})
    shop.ready("url")
    shop.holds({"URL": f"{CANARY}-2"})
    assert raw(shop).keys() == {"ciphertext"}


# Its rights are taken away.
@pytest.mark.own_operator
def test_a_policy_without_transit_is_told_and_the_last_good_secret_stays(shop: Environment) -> None:
    shop.made("url", {"value": CANARY, **ENCRYPTED})
    policy = f"slotwarden-operator-{shop.namespace}"
    rules = shop.vault.request("GET", f"sys/policies/acl/{policy}")["data"]["policy"]
    shop.vault.write_policy(policy, rules.partition(f'path "{shop.vault.transit}/')[0])
    shop.ask_refresh("url")
    told = shop.told("url", "VaultDenied")
    assert "the role lacks `update`" in condition(told)["message"]
    assert f"{shop.vault.transit}/decrypt/" in condition(told)["message"]
    shop.holds({"URL": CANARY})
    shop.vault.write_policy(policy, rules)
    shop.ready("url")


@pytest.fixture
def without_transit(
    installed: Session, operator: Callable[..., Operator], namespace: str, vault_prefix: str
) -> Environment:
    """A namespace whose operator was given no mount."""
    return Environment(installed, namespace, vault_prefix, operator(namespace, "--transit-mount", ""))


def test_without_a_mount_the_reason_names_it(without_transit: Environment) -> None:
    shop = without_transit
    shop.made("open", {"value": CANARY})
    shop.create("url", {"value": CANARY, **ENCRYPTED})
    told = shop.told("url", "EncryptionFailed")
    message = condition(told)["message"]
    assert "spec.encrypted" in message
    assert "--transit-mount" in message
    assert shop.vault.metadata(shop.entry("url")) is None
    # It is on its way out of the Secret no more than any other that is in trouble.
    shop.edit("open", ENCRYPTED)
    shop.told("open", "EncryptionFailed")
    shop.holds({"OPEN": CANARY})
    assert raw(shop, "open") == {"value": CANARY}
