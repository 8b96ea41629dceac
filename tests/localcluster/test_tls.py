"""The connection: TLS with a certificate authority of the cluster's own, and who a request is without credentials."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from pathlib import Path

import pytest
import yaml

from hack.localcluster import LocalCluster, Options
from hack.localcluster.process import ClusterProcess
from tests.kubectl import Kubectl
from tests.localcluster.samples import NAMESPACES
from tests.localcluster.support import Api, kubeconfig_for


def test_the_kubeconfig_holds_what_verifies_the_server(local_cluster: LocalCluster) -> None:
    document = yaml.safe_load(local_cluster.kubeconfig.read_text())
    cluster = document["clusters"][0]["cluster"]
    assert cluster["server"] == local_cluster.url
    assert local_cluster.url.startswith("https://")
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    trust = ssl.create_default_context(cadata=authority)
    connection = http.client.HTTPSConnection(local_cluster.address, context=trust)
    connection.request("GET", "/version")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_client_without_the_authority_does_not_trust_the_server(local_cluster: LocalCluster) -> None:
    with LocalCluster() as other:
        trust = ssl.create_default_context(cadata=other.authority)
    connection = http.client.HTTPSConnection(local_cluster.address, context=trust)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/version")


def test_only_its_owner_may_read_the_kubeconfig(local_cluster: LocalCluster) -> None:
    assert local_cluster.kubeconfig.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/version"])
def test_public_paths_are_open_to_everybody(local_cluster: LocalCluster, path: str) -> None:
    with Api(local_cluster, token=None) as anonymous:
        assert anonymous.get(path).code == 200


@pytest.mark.parametrize("path", ["/", "/api", "/apis", "/openapi/v3", "/healthz/etcd", "/metrics", "/_test/watches"])
def test_other_paths_are_closed_to_those_without_credentials(local_cluster: LocalCluster, path: str) -> None:
    with Api(local_cluster, token=None) as anonymous:
        answer = anonymous.get(path)
    message = f'forbidden: User "system:anonymous" cannot get path "{path}"'
    assert answer.code == 403
    assert answer.body["message"] == message
    assert answer.body["reason"] == "Forbidden"
    assert answer.body["details"] == {}


def test_a_request_without_credentials_sees_no_objects(local_cluster: LocalCluster) -> None:
    with Api(local_cluster, token=None) as anonymous:
        answer = anonymous.get(NAMESPACES)
    why = 'User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope'
    assert answer.code == 403
    assert answer.body["message"] == f"namespaces is forbidden: {why}"
    assert answer.body["details"] == {"kind": "namespaces"}


@pytest.mark.parametrize("path", [NAMESPACES, "/version", "/healthz"])
def test_a_wrong_token_is_refused_even_where_no_token_is_needed(local_cluster: LocalCluster, path: str) -> None:
    with Api(local_cluster, token="wrong") as stranger:
        answer = stranger.get(path)
    assert (answer.code, answer.body["reason"], answer.body["message"]) == (401, "Unauthorized", "Unauthorized")


@pytest.mark.parametrize("header", ["Basic YWRtaW46YWRtaW4=", "Bearer ", "nonsense"])
def test_an_authorization_header_without_a_bearer_token_is_ignored(local_cluster: LocalCluster, header: str) -> None:
    with Api(local_cluster, token=None, headers={"Authorization": header}) as anonymous:
        assert anonymous.get("/version").code == 200
        assert "system:anonymous" in anonymous.get(NAMESPACES).body["message"]


def test_a_restart_keeps_the_credentials(local_cluster: LocalCluster) -> None:
    before = local_cluster.kubeconfig.read_text(), local_cluster.authority
    local_cluster.restart(keep_state=False)
    assert (local_cluster.kubeconfig.read_text(), local_cluster.authority) == before
    with Api(local_cluster) as api:
        assert api.get(NAMESPACES).code == 200


def test_a_restart_brings_another_certificate_of_the_same_authority(local_cluster: LocalCluster) -> None:
    before = certificate(local_cluster, authority=local_cluster.authority)
    local_cluster.restart()
    assert certificate(local_cluster, authority=local_cluster.authority) != before


def test_tokens_remain_valid_with_another_authority(local_cluster: LocalCluster) -> None:
    before = local_cluster.authority
    local_cluster.replace_authority()
    with pytest.raises(ssl.SSLCertVerificationError):
        certificate(local_cluster, authority=before)
    with Api(local_cluster) as api:
        assert api.get(NAMESPACES).code == 200


def certificate(cluster: LocalCluster, *, authority: str) -> bytes | None:
    """Return the server's certificate as seen by a client that trusts this authority."""
    host, _, port = cluster.address.rpartition(":")
    trust = ssl.create_default_context(cadata=authority)
    with (
        socket.create_connection((host, int(port)), 10) as plain,
        trust.wrap_socket(plain, server_hostname=host) as tls,
    ):
        return tls.getpeercert(binary_form=True)


def test_a_cluster_with_its_state_is_the_same_one_to_its_clients(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with LocalCluster(Options(state_file=state)) as first:
        port = int(first.url.rpartition(":")[2])
        account = kubeconfig_for(first, "default", "default").rename(tmp_path / "account")
        admin = first.kubeconfig.rename(tmp_path / "admin")
    with ClusterProcess(tmp_path / "kubeconfig", "--state-file", state, "--port", str(port)) as again:
        assert again.url == first.url
        assert "kubernetes-admin" in Kubectl(admin, home=tmp_path)("auth", "whoami")
        assert "system:serviceaccount:default:default" in Kubectl(account, home=tmp_path)("auth", "whoami")
    assert (tmp_path / "state.credentials").stat().st_mode & 0o077 == 0
