"""What the controller costs the API server with Flux: each object written once, and nothing afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS
from controller.api.rbac import ENVIRONMENT_BINDING
from hack.standins.flux.double import FluxDouble
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environments, condition, is_deployed, tag
from tests.integration.support.fixtures import MakeInstaller, StartController
from tests.integration.support.requests import Requests, summary
from tests.integration.support.waiting import eventually, throughout

RESYNC = 0.5


def made(name: str) -> list[str]:
    """What an environment is made of, each of it written once."""
    return [
        f"patch environmentprovisioners {name}",
        f"create namespaces {name}",
        f"create rolebindings {ENVIRONMENT_BINDING}",
        "create serviceaccounts tronador-release",
        "create rolebindings tronador-release",
        f"create gitrepositories {RELEASE}",
        f"create helmreleases {RELEASE}",
    ]


@pytest.fixture
def flux_double(both_engines: Cluster) -> Iterator[Engine]:
    """Flux's double, not running yet."""
    engine = Engine(both_engines, double=FluxDouble)
    yield engine
    engine.close()


def test_a_deployment_writes_each_object_once_and_the_status_rarely(
    environments: Environments, flux_double: Engine, start_controller: StartController, requests: Requests
) -> None:
    flux_double.start(show_phases=True)
    start_controller(release_engine="flux", status_settle=0.3)
    environment = environments.create()
    environment.deployed()
    written = Counter(summary(entry) for entry in requests.writes(environment=environment.name) if entry.code < 300)
    statuses = written.pop(f"patch environmentprovisioners/status {environment.name}")
    assert written == Counter(made(environment.name))
    # A real Flux takes longer than a temporary state must last to be written.
    assert statuses <= (2 if environment.cluster.real_flux is None else 3)


def test_an_upgrade_takes_one_write_besides_the_status(
    environments: Environments, flux_double: Engine, start_controller: StartController, requests: Requests
) -> None:
    flux_double.start()
    start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    mark = requests.mark()
    environment.patch_release(values=tag("two"))
    environment.deployed()
    writes = requests.writes(mark, environment=environment.name)
    written = [summary(entry) for entry in writes if entry.subresource != "status"]
    assert written == [f"patch helmreleases {RELEASE}"]


@pytest.mark.slow
def test_many_deployed_environments_cause_no_writes_even_after_a_restart(
    both_engines: Cluster,
    environments: Environments,
    flux_double: Engine,
    start_controller: StartController,
    requests: Requests,
) -> None:
    flux_double.start()
    controller = start_controller(release_engine="flux", resync_period=RESYNC)
    for number in range(50):
        environments.create(f"pr-{number}")
    eventually(lambda: all(map(is_deployed, both_engines.list(ENVIRONMENTS))), "all are deployed", deadline=500)
    mark = requests.mark()
    throughout(4 * RESYNC, lambda: not requests.writes(mark), lambda: f"written: {requests.order(mark)}")
    controller.stop()
    mark = requests.mark()
    start_controller(release_engine="flux", resync_period=RESYNC)
    # The queue is first in, first out: once a later one is deployed, all that were there before have been looked at.
    environments.create("last").deployed()
    assert [line for line in requests.order(mark) if "pr-" in line] == []


def test_repeated_checks_by_flux_cause_no_writes(
    both_engines: Cluster,
    environments: Environments,
    make_installer: MakeInstaller,
    start_controller: StartController,
    requests: Requests,
) -> None:
    make_installer("flux").start()
    start_controller(release_engine="flux", status_settle=0.0)
    environment = environments.create()
    environment.deployed()

    def release() -> dict[str, Any]:
        found = both_engines.get(flux.HELM_RELEASES, RELEASE, environment.name)
        assert found is not None
        return found

    if both_engines.real_flux is not None:
        # By itself it looks only every ten minutes.
        eventually(lambda: not condition(release(), "Reconciling"), "Flux has nothing left to do")
        body = {"metadata": {"annotations": {flux.REQUESTED_AT: "now"}}}
        both_engines.client.patch(flux.HELM_RELEASES, RELEASE, body, namespace=environment.name)
    mark, before = requests.mark(), release()["metadata"]["resourceVersion"]
    # At each of its intervals Flux writes that it reconciles, and that it does no more.
    throughout(1.5, lambda: not requests.writes(mark), lambda: f"written: {requests.order(mark)}")
    eventually(lambda: release()["metadata"]["resourceVersion"] != before, "Flux has looked")
    assert requests.order(mark) == []
