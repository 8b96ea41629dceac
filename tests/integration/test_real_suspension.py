"""Suspended environments with real engines: what is paused, what is not, and that nothing is lost after a resume."""

from __future__ import annotations

import pytest

from controller.api import flux
from controller.api.flux import GIT_REPOSITORIES
from hack.samples import Repo
from tests.integration.support.environments import RELEASE, Environment, Environments, tag
from tests.integration.support.fixtures import MakeInstaller, StartController
from tests.integration.support.installers import Installer, image
from tests.integration.support.waiting import eventually, throughout

MORE = {"deploy/templates/more.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\n"}


@pytest.fixture
def flux_engine(make_installer: MakeInstaller) -> Installer:
    """Flux, running."""
    installer = make_installer("flux")
    installer.start()
    return installer


def suspended(environment: Environment) -> Environment:
    environment.patch({"suspend": True})
    environment.until(lambda obj: obj["status"]["applicationStatus"] == "suspended", "it is suspended")
    return environment


def is_suspended(environment: Environment) -> bool:
    """Whether the release is suspended for Flux."""
    release = environment.cluster.get(flux.HELM_RELEASES, RELEASE, environment.name)
    return release is not None and release["spec"].get("suspend") is True


def revisions(environment: Environment) -> int:
    """How many revisions of the release Helm has stored."""
    return len(environment.storage())


def test_new_values_and_a_push_take_effect_only_after_the_suspension(
    environments: Environments, flux_engine: Installer, repository: Repo, start_controller: StartController
) -> None:
    start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    suspended(environment)
    assert is_suspended(environment)

    commit = repository.commit("Say more", MORE)
    environment.patch_release(values=tag("two"))
    environment.until(lambda obj: obj["status"]["observedGeneration"] == 3, "the change is seen")

    def fetched() -> bool:
        source = environment.cluster.get(GIT_REPOSITORIES, RELEASE, environment.name)
        return source is not None and source["status"]["artifact"]["revision"].endswith(commit)

    eventually(fetched, "the push is there to be released")
    throughout(0.5, lambda: revisions(environment) == 1, "a suspended environment was changed")
    assert image(environment) == "one"

    environment.patch({"suspend": False})
    assert environment.deployed()["status"]["release"]["revision"] == commit
    assert image(environment) == "two"
    assert not is_suspended(environment)


@pytest.mark.slow
def test_new_values_have_no_effect_during_a_suspension_with_either_engine(
    environments: Environments, installer: Installer, start_controller: StartController
) -> None:
    start_controller(release_engine=installer.engine)
    environment = environments.create()
    environment.deployed()
    suspended(environment)
    environment.patch_release(values=tag("two"))
    throughout(0.5, lambda: image(environment) == "one", "a suspended environment was changed")
    environment.patch({"suspend": False})
    environment.deployed()
    assert image(environment) == "two"


@pytest.mark.slow
def test_a_release_that_somebody_else_suspended_is_resumed(
    environments: Environments, flux_engine: Installer, start_controller: StartController
) -> None:
    start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    body = {"spec": {"suspend": True}}
    environment.cluster.client.patch(flux.HELM_RELEASES, RELEASE, body, namespace=environment.name)
    eventually(lambda: not is_suspended(environment), "it is resumed")
    environment.patch_release(values=tag("two"))
    environment.deployed()
    assert image(environment) == "two"


@pytest.mark.slow
def test_a_release_that_somebody_else_resumed_is_suspended_again(
    environments: Environments, flux_engine: Installer, start_controller: StartController
) -> None:
    start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    suspended(environment)
    body = {"spec": {"suspend": False}}
    environment.cluster.client.patch(flux.HELM_RELEASES, RELEASE, body, namespace=environment.name)
    eventually(lambda: is_suspended(environment), "it is suspended again")


@pytest.mark.slow
def test_an_environment_suspended_while_failing_recovers_when_resumed(
    environments: Environments, installer: Installer, start_controller: StartController
) -> None:
    start_controller(release_engine=installer.engine)
    environment = environments.create(values={"application": {"refuse": "not like this"}})
    environment.failed()
    suspended(environment)
    environment.patch_release(values={"application": {"refuse": "", **tag("two")["application"]}})
    environment.patch({"suspend": False})
    environment.deployed()
    assert image(environment) == "two"


@pytest.mark.slow
def test_an_environment_stays_suspended_when_everything_restarts(
    environments: Environments, flux_engine: Installer, start_controller: StartController
) -> None:
    controller = start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    suspended(environment)
    controller.stop()
    flux_engine.stop()
    environment.patch_release(values=tag("two"))
    flux_engine.start()
    start_controller(release_engine="flux")
    environment.until(lambda obj: obj["status"]["observedGeneration"] == 3, "the change is seen")
    throughout(0.5, lambda: image(environment) == "one", "a suspended environment was changed")
    environment.patch({"suspend": False})
    environment.deployed()
    assert image(environment) == "two"
