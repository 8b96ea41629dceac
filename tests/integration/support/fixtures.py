"""The fixtures of all black-box tests; a conftest imports them all with `*`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, SECRETS, Resource
from hack.localcluster import LocalCluster
from hack.samples import Repo, make_application_repository
from hack.standins import crds
from tests.integration.support.clusters import (
    DEFINITIONS,
    Cluster,
    config_definition,
    environment_definition,
    helm_release_definition,
    running_cluster,
)
from tests.integration.support.controllers import ControllerProcess, ThreadedController
from tests.integration.support.engines import Engine, program
from tests.integration.support.environments import Environments
from tests.integration.support.history import History
from tests.integration.support.installers import RELEASES, Installer
from tests.integration.support.judge import judging
from tests.integration.support.kubectls import applied, kubectl
from tests.integration.support.leftovers import terminating
from tests.integration.support.real_flux import is_its
from tests.integration.support.requests import Requests
from tests.integration.support.variables import FLUX_ADDRESS, REAL_KUBECONFIG
from tests.integration.support.waiting import eventually
from tests.leaks import nothing_left_behind

__all__ = [
    "any_cluster",
    "applied",
    "bare_cluster",
    "base",
    "both_engines",
    "cluster",
    "controller",
    "engine",
    "environments",
    "history",
    "installer",
    "kubectl",
    "local",
    "make_bare_installer",
    "make_installer",
    "nothing_left_behind",
    "repository",
    "requests",
    "start_controller",
    "start_process",
    "stopped_engine",
]

MakeInstaller = Callable[[str], Installer]
StartController = Callable[..., ThreadedController]
StartProcess = Callable[..., ControllerProcess]
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)


class Base:
    """What nearly every test needs: it stays in a real cluster from test to test, and goes after the last one.

    Args:
        real: the real cluster, None where every test has one of its own.
    """

    def __init__(self, real: Cluster | None) -> None:
        self._real = real
        self._theirs = {d["metadata"]["name"] for d in real.list(DEFINITIONS)} if real else set()
        self._terminating = terminating(real.client) if real else set()

    def install(self, cluster: Cluster) -> None:
        """Have our CustomResourceDefinitions and the Helm Operator's in the test's cluster."""
        for definition in (environment_definition(), config_definition(), helm_release_definition()):
            (self._real or cluster).install(definition)
        if self._real is not None:
            self._real.hang_up()

    def uninstall(self, cluster: Cluster) -> None:
        """Have none of them there, nor another engine's but a real Flux's.

        Skips the test where others have installed them.
        """
        if self._real is None:
            return
        for definition in (environment_definition(), config_definition(), *crds.definitions()):
            if cluster.real_flux is not None and is_its(definition):
                continue
            if (name := definition["metadata"]["name"]) in self._theirs:
                pytest.skip(f"the tests did not install {name} in this cluster, so they must not remove it")
            cluster.uninstall(definition)

    def wait_for_namespaces(self) -> None:
        """Wait until the namespaces of all tests are gone from a real cluster."""
        if (real := self._real) is not None:
            eventually(
                lambda: terminating(real.client) <= self._terminating,
                lambda: f"the namespaces of the tests are gone: {terminating(real.client)}",
                deadline=120,
            )


@pytest.fixture(scope="session", autouse=True)
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """What stays in a real cluster between tests."""
    if not REAL_KUBECONFIG:
        yield Base(None)
        return
    if os.environ.get("PYTEST_XDIST_WORKER"):
        pytest.exit("two controllers in one cluster disturb each other: run with -n 0 against a real cluster")
    with running_cluster() as cluster:
        if cluster.client.has_resource(flux.HELM_RELEASES) != bool(FLUX_ADDRESS):
            pytest.exit("set TRONADOR_TEST_FLUX if, and only if, Flux runs in the cluster: README.md here says more")
        with kubelet(cluster, tmp_path_factory.mktemp("kubelet")):
            base = Base(cluster)
            base.install(cluster)
            yield base
            base.wait_for_namespaces()


@contextmanager
def kubelet(cluster: Cluster, folder: Path) -> Iterator[None]:
    """Have somebody report that Pods are ready: where a cluster has no nodes, a stand-in.

    As a program, because its connections come and go while each test counts those of this process.
    """
    with ExitStack() as stack:
        if not cluster.list(NODES):
            stack.enter_context(program(cluster, folder / "kubelet.log", "kubelet"))
        yield


@pytest.fixture
def any_cluster() -> Iterator[Cluster]:
    """A cluster, whatever is installed in it."""
    with running_cluster() as cluster:
        if cluster.local is None:
            yield cluster
            return
        with judging(cluster.local) as judge:
            yield cluster
    assert judge.refused == [], "manifests/policies would have refused this"


@pytest.fixture
def bare_cluster(any_cluster: Cluster, base: Base) -> Cluster:
    """A cluster without definitions of ours or of an engine."""
    base.uninstall(any_cluster)
    return any_cluster


@pytest.fixture
def cluster(any_cluster: Cluster, base: Base) -> Cluster:
    """A cluster with our CustomResourceDefinitions and the Helm Operator's."""
    base.install(any_cluster)
    return any_cluster


@pytest.fixture
def local(any_cluster: Cluster) -> LocalCluster:
    """The local cluster, with the hooks that no real one has."""
    if any_cluster.local is None:
        pytest.skip("needs the hooks of the local cluster")
    return any_cluster.local


@pytest.fixture
def requests(any_cluster: Cluster) -> Requests:
    """What the controller asks of the API server."""
    return Requests(any_cluster.audit)


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
    engine.close()


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
def repository(any_cluster: Cluster, tmp_path: Path) -> Repo:
    """The repository with the chart of every environment."""
    make = make_application_repository if any_cluster.real_flux is None else any_cluster.real_flux.make_repository
    return make(tmp_path / "application")


@pytest.fixture
def make_bare_installer(any_cluster: Cluster, repository: Repo, tmp_path: Path) -> Iterator[MakeInstaller]:
    """Makes engines, by name, that install real charts; the test starts them, and sees to their definitions."""
    made: list[Installer] = []

    def make(engine: str) -> Installer:
        installer = Installer(any_cluster, engine, repository=repository, folder=tmp_path)
        made.append(installer)
        return installer

    yield make
    for installer in made:
        installer.close()


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
def start_controller(any_cluster: Cluster) -> Iterator[StartController]:
    """Starts controllers in threads; options are those of `Options`, `wait=False` does not wait for its caches."""
    started: list[ThreadedController] = []

    def start(*, wait: bool = True, **options: Any) -> ThreadedController:
        controller = ThreadedController(any_cluster.controller_kubeconfig, **options)
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
def start_process(any_cluster: Cluster, tmp_path: Path) -> Iterator[StartProcess]:
    """Starts controllers as programs; further arguments are flags, options are those of `Options`."""
    started: list[ControllerProcess] = []

    def start(*flags: str, kubeconfig: Path | None = None, **options: Any) -> ControllerProcess:
        log = tmp_path / f"controller-{len(started)}.log"
        process = ControllerProcess(kubeconfig or any_cluster.controller_kubeconfig, log, *flags, **options)
        started.append(process)
        return process.start()

    yield start
    for process in started:
        process.stop()
