"""`tronador report --once` as a pipeline uses it, and the rights of the account in the manifests of the reporter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import objects
from controller.apimachinery.errors import Forbidden
from controller.apimachinery.resources import CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, SECRETS, Resource
from controller.client import Client, config
from hack.localcluster import LocalCluster, Options
from hack.localcluster.audit import AuditEntry
from hack.paths import MANIFESTS
from hack.serviceaccounts import write_kubeconfig
from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from hack.yamlfiles import documents
from tests.integration.support.program import run, run_alone
from tests.integration.support.reporters import ThreadedReporter
from tests.integration.support.waiting import eventually

COMMIT = "6f50ff2f8ed1cbf6f7c8d1cbf6f7c8d1cbf6f7c8"
NAME = "shop-74"
ENVIRONMENT = {
    "apiVersion": ENVIRONMENTS.api_version,
    "kind": ENVIRONMENTS.kind,
    "metadata": {
        "name": NAME,
        "annotations": {
            "tronador.stakater.com/repository": "github.com/acme/shop",
            "tronador.stakater.com/pull-request": "74",
            "tronador.stakater.com/commit": COMMIT,
        },
    },
    "spec": {"application": {"release": {"chart": {"git": "https://github.com/acme/shop", "path": "deploy"}}}},
}
_RBAC = "rbac.authorization.k8s.io"
RESOURCES = {
    "CustomResourceDefinition": CUSTOM_RESOURCE_DEFINITIONS,
    "Namespace": NAMESPACES,
    "ServiceAccount": Resource("", "v1", "serviceaccounts", "ServiceAccount", namespaced=True),
    "ClusterRole": Resource(_RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False),
    "ClusterRoleBinding": Resource(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    "Role": Resource(_RBAC, "v1", "roles", "Role", namespaced=True),
    "RoleBinding": Resource(_RBAC, "v1", "rolebindings", "RoleBinding", namespaced=True),
}


class World:
    """A cluster with the reporter's account, and a GitHub with a pull request.

    Attributes:
        admin, admin_kubeconfig: may do everything in the cluster.
        audit: every request to the cluster.
        kubeconfig: of the reporter's account.
        folder: the credentials.
    """

    def __init__(self, cluster: LocalCluster, forge: ForgeServer, folder: Path) -> None:
        self.forge = forge.forge
        self.admin_kubeconfig = cluster.kubeconfig
        self.audit = cluster.audit
        self.admin = Client(connection=config.load(kubeconfig=str(cluster.kubeconfig)))
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tronador-system"}}
        for obj in (namespace, *_manifests()):
            self.admin.create(RESOURCES[obj["kind"]], obj, namespace=objects.namespace(obj))
        eventually(lambda: self.admin.has_resource(ENVIRONMENTS), "the kind is served")
        self.kubeconfig = write_kubeconfig(
            folder / "report.kubeconfig", admin=cluster.kubeconfig, namespace="tronador-system", name="tronador-report"
        )
        self.folder = folder / "scm"
        self.folder.mkdir()
        (self.folder / "token").write_text("t")
        (self.folder / "api").write_text(forge.url)
        self.forge.add_token("t")
        self.forge.add_repository("acme/shop")
        self.forge.open_pull("acme/shop", 74, sha=COMMIT)

    def set_status(self, **status: Any) -> None:
        """Write the environment's status, as the controller does."""
        generation = objects.generation(self.admin.get(ENVIRONMENTS, NAME))
        self.admin.patch(
            ENVIRONMENTS, NAME, {"status": {"observedGeneration": generation, **status}}, subresource="status"
        )

    def comments(self, words: str) -> str:
        """Return the only comment, once it has these words."""

        def found() -> str:
            bodies = [comment.body for comment in self.forge.comments("acme/shop", 74)]
            assert len(bodies) <= 1
            return bodies[0] if bodies and words in bodies[0] else ""

        return str(eventually(found, lambda: f"{words!r} in {self.forge.comments('acme/shop', 74)}"))

    def close(self) -> None:
        """Close the connections."""
        self.admin.close()


@pytest.fixture(autouse=True)
def _log_as_tests_do(monkeypatch: pytest.MonkeyPatch) -> None:
    # It would change the log of the whole process.
    monkeypatch.setattr("controller.app.logs.configure", lambda **options: None)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    # A server that streams no initial states, as an older one does: then they are listed. It knows new rights at once.
    options = Options(initial_events=False, rights_delay=0.0)
    with LocalCluster(options) as cluster, ForgeServer(forge=Forge()) as forge:
        found = World(cluster, forge, tmp_path)
        yield found
        found.close()


@pytest.mark.slow
def test_the_rights_in_the_manifests_are_sufficient_and_each_is_used(world: World, tmp_path: Path) -> None:
    reporter = ThreadedReporter(
        world.kubeconfig, prefix="github.com/acme", folder=world.folder, leader_elect=True, lease_retry_period=0.2
    )
    reporter.start()
    try:
        world.admin.create(ENVIRONMENTS, ENVIRONMENT)
        world.set_status(applicationStatus="deployed")
        world.comments("is deployed")
        document = tmp_path / "environment.json"
        document.write_text(json.dumps(ENVIRONMENT))
        given = ("--once", f"--file={document}", f"--kubeconfig={world.kubeconfig}")
        assert run_alone("report", *given, f"--credentials=github.com/acme={world.folder}").returncode == 0
        granted = {
            (group, resource, verb)
            for role in documents(MANIFESTS / "report" / "rbac.yaml")
            for rule in role.get("rules", ())
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }

        def asked() -> list[AuditEntry]:
            return [entry for entry in world.audit.entries() if "(report" in entry.user_agent and entry.resource]

        eventually(
            lambda: {(entry.group, entry.resource, entry.verb) for entry in asked()} == granted,
            lambda: f"{granted} are used: {asked()}",
        )
        assert [entry for entry in asked() if entry.code == 403] == []
    finally:
        reporter.stop()


@pytest.mark.slow
def test_the_account_can_read_no_secret_and_create_or_delete_no_environment(world: World) -> None:
    reporter = Client(connection=config.load(kubeconfig=str(world.kubeconfig)))
    world.admin.create(ENVIRONMENTS, ENVIRONMENT)

    with pytest.raises(Forbidden):
        reporter.list(SECRETS, namespace="tronador-system")
    with pytest.raises(Forbidden):
        reporter.delete(ENVIRONMENTS, NAME)
    with pytest.raises(Forbidden):
        reporter.patch(ENVIRONMENTS, NAME, {"status": {}}, subresource="status")
    reporter.close()


def test_a_pipeline_reports_once_and_prints_what_it_did(world: World, tmp_path: Path) -> None:
    file = tmp_path / "environment.yaml"
    file.write_text(yaml.safe_dump(ENVIRONMENT))
    credentials = f"github.com/acme={world.folder}"

    def once(*arguments: str) -> tuple[int, dict[str, Any]]:
        done = run("report", "--once", "-f", str(file), "--credentials", credentials, *arguments)
        # Without a configuration the log goes to standard output, too.
        return done.returncode, json.loads(done.stdout.splitlines()[-1])

    assert once("--state", "failed", "--reason", "The image was not built.") == (
        0,
        {
            "environment": NAME,
            "state": "failed",
            "url": "",
            "commit": COMMIT,
            "repository": "github.com/acme/shop",
            "pullRequest": 74,
            "comment": "written",
            "status": "written",
            "deployment": "written",
        },
    )
    assert "The image was not built." in world.comments("has failed")

    admin = str(world.admin_kubeconfig)
    assert once("--kubeconfig", admin)[1]["state"] == "pending"
    world.admin.create(ENVIRONMENTS, ENVIRONMENT)
    world.set_status(applicationStatus="deploying")
    assert once("--kubeconfig", admin, "--reason", "The time is over.")[1]["state"] == "failed"
    assert "The time is over." in world.comments("has failed")
    world.set_status(applicationStatus="deployed")
    assert once("--kubeconfig", admin, "--reason", "The time is over.")[1]["comment"] == "written"
    code, printed = once("--kubeconfig", admin)
    assert (code, {printed[channel] for channel in ("comment", "status", "deployment")}) == (0, {"unchanged"})
    assert once("--state", "gone")[1]["status"] == "none"
    world.comments("is removed")


@pytest.mark.slow
def test_a_pipeline_learns_that_nothing_could_be_reported(world: World, tmp_path: Path) -> None:
    file = tmp_path / "environment.yaml"
    file.write_text(yaml.safe_dump(ENVIRONMENT))
    foreign = run("report", "--once", "-f", str(file), "--credentials", f"github.com/other={world.folder}")
    world.forge.revoke_token("t")
    expired = run(
        *("report", "--once", "-f", str(file), "--credentials", f"github.com/acme={world.folder}"),
        *("--timeout", "100ms", "--state", "pending"),
    )

    assert foreign.returncode == 1
    assert "no prefix of --credentials is for its repository, github.com/acme/shop" in foreign.stderr
    assert expired.returncode == 1
    assert "not reported" in expired.stderr


def _manifests() -> Iterator[dict[str, Any]]:
    for file in (MANIFESTS / "crds").glob("tronador*.yaml"):
        yield from documents(file)
    yield from documents(MANIFESTS / "report" / "rbac.yaml")
