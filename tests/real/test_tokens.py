"""Tokens that a real server no longer accepts: the controller reads its credentials again and loses no work.

No server issues a token for less than ten minutes, so the tests take tokens back: they delete the object or the account
to which a token is bound. The server remembers for ten seconds that a token was good.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.apimachinery.errors import Unauthorized
from controller.apimachinery.resources import NAMESPACES, SECRETS, SERVICE_ACCOUNTS
from controller.app.options import Options
from controller.client import Client
from controller.client.config import load
from hack.faultproxy import kubeconfig as kubeconfigs
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, tag
from tests.integration.support.fixtures import StartProcess
from tests.integration.support.waiting import eventually
from tests.real.support.accounts import as_user, authority_of, revocable_token, write_user
from tests.real.support.releases import values_of

OWN = Options().namespace
ACCOUNT = Options().environment.service_account


class Credentials:
    """A kubeconfig of the controller's account with a token that can be taken back.

    Attributes:
        kubeconfig: the file, in which the token stands, or the name of the file with it.
    """

    def __init__(self, cluster: Cluster, folder: Path, *, in_own_file: bool = False) -> None:
        self._cluster = cluster
        self._folder = folder
        self._in_own_file = in_own_file
        self._issued: list[tuple[str, str]] = []
        self.kubeconfig = folder / "own.kubeconfig"
        self.token_file = folder / "token"
        self.rotate()

    def rotate(self) -> None:
        """Put another token in the place of the present one, which stays valid."""
        secret = self._cluster.name(f"token-{len(self._issued)}")
        token = revocable_token(self._cluster, OWN, ACCOUNT, secret)
        self._issued.append((secret, token))
        draft = self._folder / "token.draft"
        draft.write_text(token)
        draft.replace(self.token_file)
        user = {"tokenFile": str(self.token_file)} if self._in_own_file else {"token": token}
        write_user(self.kubeconfig, self._cluster.controller_kubeconfig, **user)

    def take_back(self, number: int) -> None:
        """Make the token with that number invalid, counted from 0, and wait until the server refuses it."""
        self._cluster.client.delete(SECRETS, self._issued[number][0], namespace=OWN)
        self.until_refused(number)

    def until_refused(self, number: int) -> None:
        """Wait until the server refuses a token."""
        file = write_user(
            self._folder / "old.kubeconfig", self._cluster.controller_kubeconfig, token=self._issued[number][1]
        )
        with as_user(file) as client:
            eventually(lambda: is_refused(client), "the server refuses the token")


def is_refused(client: Client) -> bool:
    """Whether the server does not know who the client is."""
    try:
        client.list(NAMESPACES, limit=1)
    except Unauthorized:
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("in_own_file", [False, True], ids=["token in the kubeconfig", "token file"])
def test_a_rotated_token_is_used_before_the_old_one_is_refused(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_process: StartProcess,
    tmp_path: Path,
    in_own_file: bool,
) -> None:
    credentials = Credentials(cluster, tmp_path, in_own_file=in_own_file)
    process = start_process(kubeconfig=credentials.kubeconfig)
    environment = environments.create()
    environment.deployed()

    credentials.rotate()
    credentials.take_back(0)

    environment.patch_release(values=tag("two"))
    environment.deployed()
    environments.create("pr-75").deployed()
    environment.delete()
    environment.gone()
    assert [line for line in process.lines() if line["level"] == "error"] == []


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["bound object", "account"])
def test_nothing_is_lost_while_the_server_refuses_the_token(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_process: StartProcess,
    tmp_path: Path,
    lost: str,
) -> None:
    credentials = Credentials(cluster, tmp_path)
    process = start_process(kubeconfig=credentials.kubeconfig)
    changed, deleted = environments.create("pr-74"), environments.create("pr-75")
    for environment in (changed, deleted):
        environment.deployed()

    if lost == "account":
        account = cluster.client.get(SERVICE_ACCOUNTS, ACCOUNT, namespace=OWN)
        cluster.client.delete(SERVICE_ACCOUNTS, ACCOUNT, namespace=OWN)
        metadata = {"name": ACCOUNT, "namespace": OWN, "labels": account["metadata"].get("labels", {})}
        again = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        cluster.client.create(SERVICE_ACCOUNTS, again, namespace=OWN)
        credentials.until_refused(0)
    else:
        credentials.take_back(0)
    changed.patch_release(values=tag("two"))
    deleted.delete()
    created = environments.create("pr-76")
    process.logged("401")
    assert changed.status()["observedGeneration"] == 1

    credentials.rotate()
    changed.deployed()
    created.deployed()
    deleted.gone()
    assert values_of(changed) == tag("two")
    assert "Traceback" not in process.output()


@pytest.fixture
def in_pod(cluster: Cluster, tmp_path: Path) -> Iterator[tuple[Client, Credentials]]:
    """A client that finds server and token as in a pod, and the credentials in its file."""
    credentials = Credentials(cluster, tmp_path)
    target = kubeconfigs.read(cluster.kubeconfig)
    host, _, port = target.server.removeprefix("https://").partition(":")
    authority = tmp_path / "ca.crt"
    authority.write_bytes(authority_of(cluster.kubeconfig))
    connection = load(
        in_cluster=True,
        token_file=str(credentials.token_file),
        ca_file=str(authority),
        environ={"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port or "443"},
    )
    client = Client(connection=connection, user_agent="tests-in-pod")
    yield client, credentials
    client.close()


@pytest.mark.slow
def test_a_pods_client_reads_the_mounted_token_again_after_a_refusal(in_pod: tuple[Client, Credentials]) -> None:
    client, credentials = in_pod
    assert client.list(NAMESPACES)["items"]
    credentials.take_back(0)
    assert is_refused(client)
    credentials.rotate()
    assert client.list(NAMESPACES)["items"]
