"""What an operator is allowed comes from the chart, holds in its namespace alone, and goes when it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testbed.clients.errors import RefusedError
from testbed.clients.kube import Kube, core, slots
from testbed.install import account_token, install_rights, merged, uninstall_rights
from testbed.servers.apiserver import write_kubeconfig
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from testbed.session import Session


def test_an_operator_has_rights_in_its_namespace_alone(
    installed: Session, make_namespace: Callable[[], str], tmp_path: Path
) -> None:
    own, other = make_namespace(), make_namespace()
    account = install_rights(installed, own, "prefix")
    config = write_kubeconfig(
        tmp_path / "kubeconfig", installed.kube.server, installed.kube.ca, account_token(installed, account), "operator"
    )
    operator = Kube(config)
    eventually(lambda: operator.list(slots(own)) == [])
    operator.list(core(own, "secrets"))
    for path in (slots(other), core(other, "secrets"), core(own, "configmaps"), "/api/v1/namespaces"):
        with pytest.raises(RefusedError, match="403"):
            operator.list(path)
    assert account.elsewhere
    uninstall_rights(installed, account)
    gone = installed.kubectl("get", "-f", "-", stdin=account.elsewhere)
    assert gone.stdout == ""


def test_what_a_slot_owns_is_collected_soon_after_the_crd_came(installed: Session, namespace: str) -> None:
    kube = installed.kube
    slot = {
        "apiVersion": "slotwarden.io/v1beta1",
        "kind": "SecretSlot",
        "metadata": {"name": "owner"},
        "spec": {"git": {"url": "https://github.com"}},
    }
    uid = kube.create(slots(namespace), slot)["metadata"]["uid"]
    reference = {"apiVersion": slot["apiVersion"], "kind": slot["kind"], "name": "owner", "uid": uid}
    kube.create(core(namespace, "secrets"), {"metadata": {"name": "owned", "ownerReferences": [reference]}})
    kube.delete(slots(namespace, "owner"))
    eventually(lambda: kube.find(core(namespace, "secrets", "owned")) is None, 15)


def test_values_are_laid_over_values() -> None:
    assert merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"c": 3}, "d": [2]}) == {"a": {"b": 1, "c": 3}, "d": [2]}
