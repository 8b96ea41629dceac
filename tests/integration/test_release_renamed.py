"""Another releaseName: the old release is uninstalled to the end before the new one is made."""

from __future__ import annotations

from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import SECRETS
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments
from tests.integration.support.fixtures import StartController
from tests.integration.support.history import History
from tests.integration.support.waiting import DEADLINE, throughout


def old_is_gone_before_new_comes(environment: Environment, history: History) -> None:
    """The old HelmRelease went first, then its storage, and only then the new HelmRelease came."""
    release_gone = history.deleted(HELM_RELEASES, "old", environment.name)
    storage_gone = history.deleted(SECRETS, "sh.helm.release.v1.old.v1", environment.name)
    new = history.until(HELM_RELEASES, lambda v: v.name == "new", "the new HelmRelease was made")
    assert release_gone.at < storage_gone.at < new.at


def test_the_old_release_is_uninstalled_before_the_new_one_is_created(
    environments: Environments, stopped_engine: Engine, controller: ThreadedController, history: History
) -> None:
    stopped_engine.start(seconds={"uninstall": 0.3})
    environment = environments.create(releaseName="old")
    environment.deployed()
    environment.patch_release(releaseName="new")
    deployed = environment.deployed()
    assert deployed["status"]["release"]["name"] == "new"
    assert environment.helm_release("old") is None
    assert environment.storage("old") == []
    assert len(environment.storage("new")) == 1
    old_is_gone_before_new_comes(environment, history)


def test_a_rename_while_the_controller_was_down_follows_the_same_order(
    environments: Environments, stopped_engine: Engine, start_controller: StartController, history: History
) -> None:
    stopped_engine.start(seconds={"uninstall": 0.2})
    controller = start_controller()
    environment = environments.create(releaseName="old")
    environment.deployed()
    controller.stop()
    environment.patch_release(releaseName="new")
    start_controller()
    environment.deployed()
    old_is_gone_before_new_comes(environment, history)


def test_a_restart_after_the_old_uninstall_still_waits_for_its_storage(
    environments: Environments, engine: Engine, start_controller: StartController, history: History
) -> None:
    controller = start_controller()
    environment = environments.create(releaseName="old")
    environment.deployed()
    # Nothing uninstalls now: the HelmRelease vanishes at once, and Helm's storage stays.
    engine.stop()
    environment.patch_release(releaseName="new")
    history.deleted(HELM_RELEASES, "old", environment.name)
    controller.stop()
    start_controller()
    throughout(0.5, lambda: environment.helm_release("new") is None, "the new release did not wait for the storage")
    environment.cluster.client.delete(SECRETS, "sh.helm.release.v1.old.v1", namespace=environment.name)
    engine.start()
    environment.deployed()
    old_is_gone_before_new_comes(environment, history)


def test_the_status_says_that_the_old_release_is_being_uninstalled(
    environments: Environments, stopped_engine: Engine, controller: ThreadedController
) -> None:
    # Long enough to be seen, also where everything takes longer.
    stopped_engine.start(seconds={"uninstall": DEADLINE / 60})
    environment = environments.create(releaseName="old")
    environment.deployed()
    environment.patch_release(releaseName="new")
    waiting = environment.until(
        lambda obj: obj["status"]["currentPhase"] == "Uninstalling Release", "the uninstall is visible"
    )
    assert waiting["status"]["applicationStatus"] != "deployed"
    environment.deployed()


def test_the_new_release_is_installed_when_the_old_uninstall_times_out(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller(teardown_timeout=0.5)
    environment = environments.create(releaseName="old")
    environment.deployed()
    engine.stop()
    environment.patch_release(releaseName="new")
    environment.until(lambda obj: environment.helm_release("new"), "the new release is made nevertheless")
    environment.until(
        lambda obj: "UninstallTimedOut" in [event["reason"] for event in environment.events()],
        "an Event reports the timeout",
    )


def test_a_rename_that_is_reverted_ends_with_the_first_name(
    environments: Environments, stopped_engine: Engine, controller: ThreadedController, history: History
) -> None:
    stopped_engine.start(seconds={"uninstall": 0.2})
    environment = environments.create(releaseName="old")
    environment.deployed()
    environment.patch_release(releaseName="new")
    history.deleted(HELM_RELEASES, "old", environment.name)
    environment.patch_release(releaseName="old")
    environment.deployed()
    assert environment.helm_release("new") is None
    release = environment.helm_release("old")
    assert release is not None
    assert len(environment.storage("old")) == 1
