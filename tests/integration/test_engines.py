"""Two engines in one cluster: which one an environment belongs to, and what it takes to move it to the other."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api.flux import GIT_REPOSITORIES
from hack.standins import crds
from tests.integration.support import real_flux
from tests.integration.support.clusters import Cluster, environment_definition
from tests.integration.support.environments import RELEASE, Environment, Environments, tag
from tests.integration.support.fixtures import MakeInstaller, StartController
from tests.integration.support.installers import RELEASES, image
from tests.integration.support.waiting import throughout

OTHER = {"helm-operator": "flux", "flux": "helm-operator"}
pytestmark = pytest.mark.slow


def definitions(engine: str) -> list[dict[str, Any]]:
    """The CustomResourceDefinitions of an engine."""
    groups = {"helm-operator": {"helm.fluxcd.io"}, "flux": {"helm.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"}}
    return [definition for definition in crds.definitions() if definition["spec"]["group"] in groups[engine]]


def release(environment: Environment, engine: str) -> dict[str, Any] | None:
    """The HelmRelease of that engine."""
    return environment.cluster.get(RELEASES[engine], RELEASE, environment.name)


def belongs_to(environment: Environment, engine: str) -> None:
    """Its present generation runs, by that engine, and nothing of the other one is there."""
    assert environment.deployed()["status"]["release"]["engine"] == engine
    assert release(environment, engine) is not None
    assert release(environment, OTHER[engine]) is None
    sources = environment.cluster.list(GIT_REPOSITORIES, environment.name)
    assert len(sources) == (1 if engine == "flux" else 0)


@pytest.mark.parametrize("engine", RELEASES)
def test_only_a_flag_moves_an_environment_and_the_old_engine_uninstalls_first(
    engine: str, environments: Environments, make_installer: MakeInstaller, start_controller: StartController
) -> None:
    for name in RELEASES:
        make_installer(name).start()
    controller = start_controller(release_engine=engine)
    environment = environments.create()
    belongs_to(environment, engine)
    first = {secret["metadata"]["uid"] for secret in environment.storage()}
    controller.stop()

    # Whatever `auto` prefers, what is recorded stays.
    controller = start_controller(release_engine="auto")
    environment.patch_release(values=tag("two"))
    belongs_to(environment, engine)
    assert image(environment) == "two"
    controller.stop()

    start_controller(release_engine=OTHER[engine])
    environment.until(lambda obj: obj["status"]["release"]["engine"] == OTHER[engine], "it is moved")
    belongs_to(environment, OTHER[engine])
    assert image(environment) == "two"
    assert len(environment.storage()) == 1
    assert first.isdisjoint(secret["metadata"]["uid"] for secret in environment.storage())


@pytest.mark.parametrize("engine", RELEASES)
def test_nothing_is_uninstalled_when_the_other_engines_definitions_come_and_go(
    engine: str,
    both_engines: Cluster,
    environments: Environments,
    make_installer: MakeInstaller,
    start_controller: StartController,
) -> None:
    for definition in definitions(OTHER[engine]):
        both_engines.uninstall(definition)
    make_installer(engine).start()
    start_controller(release_engine="auto")
    environment = environments.create()
    belongs_to(environment, engine)
    before = _uids(environment, engine)
    for definition in definitions(OTHER[engine]):
        both_engines.install(definition)
    # Once with both, and once with the other one gone again: the environment is reconciled each time.
    environment.patch_release(values=tag("two"))
    belongs_to(environment, engine)
    for definition in definitions(OTHER[engine]):
        both_engines.uninstall(definition)
    environment.patch_release(values=tag("three"))
    environment.deployed()
    assert image(environment) == "three"
    assert _uids(environment, engine) == before


def _uids(environment: Environment, engine: str) -> tuple[Any, ...]:
    found = release(environment, engine)
    assert found is not None
    first = next(secret for secret in environment.storage() if secret["metadata"]["name"].endswith(".v1"))
    return found["metadata"]["uid"], first["metadata"]["uid"]


@pytest.mark.parametrize("engine", RELEASES)
def test_environments_report_a_missing_engine_and_wait_for_it(
    engine: str, bare_cluster: Cluster, make_bare_installer: MakeInstaller, start_controller: StartController
) -> None:
    if engine == "flux" and bare_cluster.real_flux is not None:
        real_flux.cannot("remove its CustomResourceDefinitions")
    bare_cluster.install(environment_definition())
    start_controller(release_engine=engine)
    environment = Environments(bare_cluster).create()
    environment.until(
        lambda obj: "ReleaseEngineMissing" in [c["reason"] for c in obj["status"]["conditions"]],
        "the status reports the missing engine",
    )
    for definition in definitions(engine):
        bare_cluster.install(definition)
    # Its definitions are there, but no engine acts on them.
    environment.until(lambda obj: release(environment, engine), "the release is made")
    throughout(0.3, lambda: environment.status()["applicationStatus"] == "pending", "it is more than pending")
    make_bare_installer(engine).start()
    belongs_to(environment, engine)


@pytest.mark.parametrize("engine", RELEASES)
def test_a_restarted_engine_continues_where_it_stopped(
    engine: str, environments: Environments, make_installer: MakeInstaller, start_controller: StartController
) -> None:
    installer = make_installer(engine)
    installer.start()
    start_controller(release_engine=engine)
    environment = environments.create()
    belongs_to(environment, engine)
    installer.stop()
    environment.patch_release(values=tag("two"))
    environment.until(lambda obj: obj["status"]["applicationStatus"] == "deploying", "it waits for the engine")
    throughout(0.3, lambda: image(environment) == "one", "somebody else installed it")
    installer.start()
    environment.deployed()
    assert image(environment) == "two"
