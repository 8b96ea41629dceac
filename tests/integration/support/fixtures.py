"""The fixtures of all black-box tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from hack.localcluster import LocalCluster
from hack.samples import Repo, make_application_repository
from hack.standins import crds
from tests.integration.support.clusters import (
    REAL_KUBECONFIG,
    Cluster,
    config_definition,
    environment_definition,
    helm_release_definition,
    running_cluster,
)
from tests.integration.support.controllers import ControllerProcess, ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments
from tests.integration.support.history import History
from tests.integration.support.installers import RELEASES, Installer
from tests.integration.support.judge import judging
from tests.integration.support.requests import Requests

MakeInstaller = Callable[[str], Installer]
StartController = Callable[..., ThreadedController]
StartProcess = Callable[..., ControllerProcess]


@pytest.fixture
def bare_cluster() -> Iterator[Cluster]:
    """A cluster in which nothing of ours is installed (a real one: as it is)."""
    if REAL_KUBECONFIG and os.environ.get("PYTEST_XDIST_WORKER"):
        pytest.fail("two controllers in one cluster disturb each other: run with -n 0 against a real cluster")
    with running_cluster() as cluster:
        if cluster.local is None:
            yield cluster
            return
        with judging(cluster.local) as judge:
            yield cluster
    assert judge.refused == [], "manifests/policies would have refused this"


@pytest.fixture
def cluster(bare_cluster: Cluster) -> Cluster:
    """A cluster with our CustomResourceDefinitions and the Helm Operator's."""
    bare_cluster.install(environment_definition())
    bare_cluster.install(config_definition())
    bare_cluster.install(helm_release_definition())
    return bare_cluster


@pytest.fixture
def local(bare_cluster: Cluster) -> LocalCluster:
    """The local cluster, with the hooks and the audit log that no real one has."""
    if bare_cluster.local is None:
        pytest.skip("needs the hooks or the audit log of the local cluster")
    return bare_cluster.local


@pytest.fixture
def requests(local: LocalCluster) -> Requests:
    """What the controller asks of the API server."""
    return Requests(local)


@pytest.fixture
def environments(cluster: Cluster) -> Environments:
    """Makes environments."""
    return Environments(cluster)


@pytest.fixture
def history(cluster: Cluster) -> Iterator[History]:
    """Every version of environments, their namespaces, HelmReleases and Secrets from now on."""
    client = cluster.connect("tests-history")
    with History(client, ENVIRONMENTS, NAMESPACES, HELM_RELEASES, SECRETS) as history:
        yield history
    client.close()


@pytest.fixture
def stopped_engine(cluster: Cluster) -> Iterator[Engine]:
    """An engine that the test starts when it is time."""
    engine = Engine(cluster)
    yield engine
    engine.stop()


@pytest.fixture
def engine(stopped_engine: Engine) -> Engine:
    """An engine that answers at once."""
    stopped_engine.start()
    return stopped_engine


@pytest.fixture
def both_engines(cluster: Cluster) -> Cluster:
    """A cluster with the CustomResourceDefinitions of both engines."""
    for definition in crds.definitions():
        cluster.install(definition)
    return cluster


@pytest.fixture
def repository(tmp_path: Path) -> Repo:
    """The repository with the chart of every environment."""
    return make_application_repository(tmp_path / "application")


@pytest.fixture
def make_bare_installer(bare_cluster: Cluster, repository: Repo, tmp_path: Path) -> Iterator[MakeInstaller]:
    """Makes engines, by name, that install real charts; the test starts them, and sees to their definitions."""
    made: list[Installer] = []

    def make(engine: str) -> Installer:
        installer = Installer(bare_cluster, engine, repository=repository, folder=tmp_path)
        made.append(installer)
        return installer

    yield make
    for installer in made:
        installer.stop()


@pytest.fixture
def make_installer(both_engines: Cluster, make_bare_installer: MakeInstaller) -> MakeInstaller:
    """Makes engines, by name, that install real charts; the test starts them."""
    return make_bare_installer


@pytest.fixture(params=RELEASES)
def installer(request: pytest.FixtureRequest, make_installer: MakeInstaller) -> Installer:
    """Each of the two engines in turn, running."""
    installer = make_installer(request.param)
    installer.start()
    return installer


@pytest.fixture
def start_controller(bare_cluster: Cluster) -> Iterator[StartController]:
    """Starts controllers in threads; options are those of `Options`, `wait=False` does not wait for its caches."""
    started: list[ThreadedController] = []

    def start(*, wait: bool = True, **options: Any) -> ThreadedController:
        controller = ThreadedController(bare_cluster.controller_kubeconfig, **options)
        started.append(controller)
        controller.start(wait=wait)
        return controller

    yield start
    for controller in started:
        controller.stop()


@pytest.fixture
def controller(cluster: Cluster, start_controller: StartController) -> ThreadedController:
    """A running controller."""
    return start_controller()


@pytest.fixture
def start_process(bare_cluster: Cluster, tmp_path: Path) -> Iterator[StartProcess]:
    """Starts controllers as programs; further arguments are flags, options are those of `Options`."""
    started: list[ControllerProcess] = []

    def start(*flags: str, kubeconfig: Path | None = None, **options: Any) -> ControllerProcess:
        log = tmp_path / f"controller-{len(started)}.log"
        process = ControllerProcess(kubeconfig or bare_cluster.controller_kubeconfig, log, *flags, **options)
        started.append(process)
        return process.start()

    yield start
    for process in started:
        process.stop()
