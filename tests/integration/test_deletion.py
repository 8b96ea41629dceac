"""Deleting an environment: release, storage, namespace, environment, in this order and however it is asked for."""

from __future__ import annotations

import pytest

from controller.api.environment import ENVIRONMENTS, FINALIZER
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.errors import AlreadyExists
from controller.apimachinery.resources import SECRETS
from controller.client import DeletePropagation
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environments, manifest
from tests.integration.support.fixtures import StartController
from tests.integration.support.history import History
from tests.integration.support.order import STORAGE, everything_went_in_order
from tests.integration.support.requests import Requests, summary
from tests.integration.support.waiting import eventually, throughout


@pytest.mark.parametrize("propagation", [None, *DeletePropagation], ids=lambda p: p.value if p else "default")
def test_everything_goes_in_order(
    environments: Environments,
    stopped_engine: Engine,
    controller: ThreadedController,
    history: History,
    propagation: DeletePropagation | None,
) -> None:
    stopped_engine.start(seconds={"uninstall": 0.2})
    environment = environments.create()
    environment.deployed()
    environment.delete(propagation)
    environment.gone()
    everything_went_in_order(environment, history)


@pytest.mark.parametrize("propagation", DeletePropagation, ids=lambda p: p.value)
def test_the_audit_log_shows_the_same_order(
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    requests: Requests,
    propagation: DeletePropagation,
) -> None:
    environment = environments.create()
    environment.deployed()
    environment.until(lambda obj: FINALIZER in obj["metadata"]["finalizers"], "the finalizer holds it")
    mark = requests.mark()
    environment.delete(propagation)
    environment.gone()
    let_go = f"patch environmentprovisioners {environment.name}"
    relevant = ("delete helmreleases", "delete namespaces", let_go)
    # A write that came with an outdated version is refused and made again: only what was done counts.
    done = [
        line for entry in requests.writes(mark) if entry.code < 300 and (line := summary(entry)).startswith(relevant)
    ]
    assert done == [f"delete helmreleases {RELEASE}", f"delete namespaces {environment.name}", let_go]


def test_the_status_shows_each_step_of_the_deletion(
    environments: Environments, stopped_engine: Engine, controller: ThreadedController, history: History
) -> None:
    # Longer than new rights and the status take on a busy machine.
    stopped_engine.start(seconds={"uninstall": 1.5})
    environment = environments.create()
    environment.deployed()
    environment.delete()
    environment.gone()
    last = history.deleted(ENVIRONMENTS, environment.name)
    seen = [v.status for v in history.versions(ENVIRONMENTS, environment.name) if v.at <= last.at]
    uninstalling = [status for status in seen if status.get("applicationStatus") == "uninstalling"]
    assert "Uninstalling Release" in [status["currentPhase"] for status in uninstalling]


def test_a_deletion_while_the_controller_was_down_follows_the_same_order(
    environments: Environments, engine: Engine, start_controller: StartController, history: History
) -> None:
    controller = start_controller()
    environment = environments.create()
    environment.deployed()
    controller.stop()
    environment.delete()
    throughout(0.2, environment.exists, "nothing holds the environment")
    start_controller()
    environment.gone()
    everything_went_in_order(environment, history)


def test_a_restarted_controller_waits_for_the_running_uninstall(
    environments: Environments, engine: Engine, start_controller: StartController, history: History
) -> None:
    controller = start_controller()
    environment = environments.create()
    environment.deployed()
    engine.stop()
    environment.delete()
    history.deleted(HELM_RELEASES, RELEASE, environment.name)
    controller.stop()
    start_controller()
    throughout(0.5, lambda: environment.namespace() is not None, "the namespace did not wait for the uninstall")
    environment.cluster.client.delete(SECRETS, STORAGE, namespace=environment.name)
    environment.gone()
    everything_went_in_order(environment, history)


def test_the_deletion_continues_when_the_uninstall_times_out(
    environments: Environments, engine: Engine, start_controller: StartController, cluster: Cluster
) -> None:
    start_controller(teardown_timeout=0.5)
    environment = environments.create()
    environment.deployed()
    engine.stop()
    environment.delete()
    environment.until(lambda obj: not environment.namespace() or obj, "it is on its way")
    environment.gone()
    assert environment.namespace() is None


def test_an_environment_applied_again_while_it_ends_gets_a_new_namespace(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.deployed()
    first, namespace = environment.get(), environment.namespace()
    assert namespace is not None
    environment.delete(DeletePropagation.FOREGROUND)

    def applied() -> bool:
        try:
            cluster.client.create(ENVIRONMENTS, manifest(environment.name))
        except AlreadyExists:
            return False
        return True

    eventually(applied, "it can be applied again")
    second = environment.deployed()
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    renewed = environment.namespace()
    assert renewed is not None
    assert renewed["metadata"]["uid"] != namespace["metadata"]["uid"]
    assert renewed["metadata"]["annotations"]["tronador.stakater.com/environment-uid"] == second["metadata"]["uid"]


def test_deletion_before_the_deployment_leaves_nothing(
    environments: Environments, stopped_engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.until(lambda obj: environment.helm_release(), "its release is made")
    environment.delete()
    environment.gone()
    assert environment.namespace() is None


def test_a_suspended_environment_is_deleted(
    environments: Environments, engine: Engine, controller: ThreadedController, history: History
) -> None:
    environment = environments.create()
    environment.deployed()
    environment.patch({"suspend": True})
    environment.until(lambda obj: obj["status"]["applicationStatus"] == "suspended", "it is suspended")
    environment.delete()
    environment.gone()
    everything_went_in_order(environment, history)


def test_a_release_renamed_by_hand_just_before_the_deletion_is_uninstalled(
    environments: Environments, engine: Engine, start_controller: StartController, history: History
) -> None:
    controller = start_controller()
    environment = environments.create()
    environment.deployed()
    controller.stop()
    environment.patch_release(releaseName="renamed")
    environment.delete()
    start_controller()
    environment.gone()
    everything_went_in_order(environment, history)


def test_a_helm_release_without_its_labels_is_uninstalled_first(
    environments: Environments, engine: Engine, start_controller: StartController, history: History
) -> None:
    controller = start_controller()
    environment = environments.create()
    environment.deployed()
    controller.stop()
    environment.patch_helm_release({"metadata": {"labels": None}})
    environment.delete()
    start_controller()
    environment.gone()
    everything_went_in_order(environment, history)


def test_finalizers_of_others_are_kept(
    environments: Environments, engine: Engine, controller: ThreadedController, cluster: Cluster
) -> None:
    environment = environments.create()
    environment.deployed()
    finalizers = [*environment.get()["metadata"]["finalizers"], "example.com/theirs"]
    cluster.client.patch(ENVIRONMENTS, environment.name, {"metadata": {"finalizers": finalizers}})
    environment.delete()
    left = environment.until(lambda obj: obj["metadata"]["finalizers"] == ["example.com/theirs"], "only theirs is left")
    assert environment.namespace() is None
    cluster.client.patch(ENVIRONMENTS, left["metadata"]["name"], {"metadata": {"finalizers": None}})
    environment.gone()
