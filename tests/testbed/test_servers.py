"""The servers are real: RBAC, garbage collection, admission policies, audit logs, restarts with their data."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from testbed.clients.errors import RefusedError
from testbed.clients.kube import Kube, core
from testbed.clients.vault import VaultAdmin
from testbed.cluster import Testbed
from testbed.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from testbed.clients.kubectl import Kubectl
    from testbed.session import Session


SECOND = "second-version-7d1f0c"


def test_namespaces_get_their_service_account_and_go_away(kube: Kube, make_namespace: Callable[[], str]) -> None:
    name = make_namespace()
    eventually(lambda: kube.find(core(name, "serviceaccounts", "default")))
    kube.delete(f"/api/v1/namespaces/{name}")
    eventually(lambda: kube.find(f"/api/v1/namespaces/{name}") is None)


def test_owned_objects_are_collected(kube: Kube, namespace: str) -> None:
    owner = kube.create(core(namespace, "configmaps"), {"metadata": {"name": "owner"}})
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    kube.create(core(namespace, "secrets"), {"metadata": {"name": "owned", "ownerReferences": [reference]}})
    kube.delete(core(namespace, "configmaps", "owner"))
    eventually(lambda: kube.find(core(namespace, "secrets", "owned")) is None)


def test_rbac_holds_for_others(kubectl: Kubectl, namespace: str) -> None:
    refused = kubectl("get", "secrets", namespace=namespace, as_user="alice")
    assert refused.code == 1
    assert "Forbidden" in refused.stderr
    grant = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "alice", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}],
    }
    kubectl.apply(grant, check=True)
    eventually(lambda: kubectl("get", "secrets", namespace=namespace, as_user="alice").code == 0)


def test_the_audit_log_counts_requests(testbed: Session, kube: Kube, namespace: str) -> None:
    mark = testbed.kube_audit.mark()
    kube.create(core(namespace, "configmaps"), {"metadata": {"name": "seen"}})
    kube.get(core(namespace, "configmaps", "seen"))

    def seen(verb: str) -> int:
        return len(testbed.kube_audit.events(since=mark, namespace=namespace, resource="configmaps", verbs={verb}))

    eventually(lambda: seen("get") == 1)
    created = testbed.kube_audit.events(since=mark, namespace=namespace, user="testbed-admin", verbs={"create"})
    assert [event["responseStatus"]["code"] for event in created] == [201]
    assert created[0]["requestObject"]["metadata"]["name"] == "seen"
    assert not testbed.kube_audit.events(since=mark, namespace=namespace, user="nobody")


def test_vault_keeps_versions_and_audits(testbed: Session, vault_admin: VaultAdmin, vault_prefix: str) -> None:
    mark = testbed.vault_audit.mark()
    path = f"{vault_prefix}/team/slots/one"
    assert vault_admin.write(path, {"token": "first"}, cas=0) == 1
    with pytest.raises(RefusedError, match="check-and-set"):
        vault_admin.write(path, {"token": "other"}, cas=0)
    assert vault_admin.write(path, {"token": SECOND}) == 2
    assert vault_admin.list(vault_prefix) == ["team/"]
    assert vault_admin.read(path) == {"token": SECOND}
    assert vault_admin.read(path, version=1) == {"token": "first"}
    vault_admin.soft_delete(path)
    assert vault_admin.read(path) is None
    assert vault_admin.version(path) == 2
    writes = testbed.vault_audit.requests(vault_prefix, since=mark, operation="update")
    assert len(writes) + len(testbed.vault_audit.requests(vault_prefix, since=mark, operation="create")) == 3
    assert SECOND not in testbed.testbed.vault.audit_log.read_text()


def test_tokens_have_the_rights_of_their_policies(vault_admin: VaultAdmin, testbed: Session, vault_prefix: str) -> None:
    vault_admin.write(f"{vault_prefix}/a", {"k": "v"})
    vault_admin.write_policy(vault_prefix, f'path "secret/metadata/{vault_prefix}/*" {{ capabilities = ["read"] }}')
    token = vault_admin.create_token([vault_prefix])
    narrow = VaultAdmin(testbed.endpoints.vault_address, token, testbed.endpoints.vault_ca)
    assert narrow.version(f"{vault_prefix}/a") == 1
    with pytest.raises(RefusedError, match="403"):
        narrow.read(f"{vault_prefix}/a")
    vault_admin.request("DELETE", f"sys/policies/acl/{vault_prefix}")


@pytest.mark.xdist_group("own testbed")
def test_servers_are_controlled_one_by_one_and_keep_their_data(own_testbed: Testbed) -> None:
    vault, apiserver = own_testbed.vault, own_testbed.apiserver
    vault.request("POST", "secret/data/kept", {"data": {"a": "b"}})
    vault.stop()
    with pytest.raises(OSError, match="Connection"):
        vault.health()
    vault.start()
    assert vault.request("GET", "secret/data/kept")["data"]["data"] == {"a": "b"}
    vault.seal()
    assert vault.health()["sealed"]
    vault.unseal()
    vault.kill()
    vault.start(unseal=False)
    assert vault.health()["sealed"]
    vault.unseal()
    assert vault.request("GET", "secret/data/kept")["data"]["metadata"]["version"] == 1

    kube = Kube(apiserver.kubeconfig)
    kube.create(core("default", "configmaps"), {"metadata": {"name": "kept"}})
    apiserver.kill()
    assert not own_testbed.running()
    apiserver.start()
    assert kube.find(core("default", "configmaps", "kept"))


@pytest.mark.xdist_group("own testbed")
def test_a_testbed_is_found_cleaned_up_and_private(own_testbed: Testbed, testbed: Session) -> None:
    again = Testbed(own_testbed.folder)
    assert again.running()
    assert again.start() is False
    assert again.vault.url != testbed.testbed.vault.url
    for name in ("env", "kubeconfig", "state.json"):
        assert stat.S_IMODE((own_testbed.folder / name).stat().st_mode) == 0o600
    own_testbed.etcd.kill()
    own_testbed.apiserver.kill()
    left = again.vault
    assert Testbed(own_testbed.folder).start() is True
    assert not left.running
    fresh = Testbed(own_testbed.folder)
    assert fresh.running()
    assert fresh.stop() is True
    assert fresh.stop() is False
    assert not (fresh.folder / "env").exists()
    assert (fresh.folder / "vault.log").exists()


def test_the_aggregation_layer_tells_how_to_know_the_front_proxy(kube: Kube, testbed: Session) -> None:
    """What an aggregated API verifies the API server by; a cluster that is not ours decides on its own names."""
    assert testbed.testbed
    told = kube.get(core("kube-system", "configmaps", "extension-apiserver-authentication"))["data"]
    assert told["requestheader-client-ca-file"].startswith("-----BEGIN CERTIFICATE-----")
    assert told["requestheader-client-ca-file"] != told.get("client-ca-file")
    assert told["requestheader-allowed-names"] == '["front-proxy-client"]'
    assert told["requestheader-username-headers"] == '["X-Remote-User"]'
