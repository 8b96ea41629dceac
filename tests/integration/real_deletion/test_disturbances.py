"""Environments are deleted completely although the engine, its rights or the controller fail meanwhile."""

from __future__ import annotations

import pytest

from controller.api.rbac import ENVIRONMENT_BINDING, ROLE_BINDINGS
from controller.apimachinery.resources import SERVICE_ACCOUNTS
from tests.integration.real_deletion.teardown import (
    is_terminating,
    is_uninstalled_before_its_namespace,
    nothing_is_left,
)
from tests.integration.support.environments import Environment, Environments, condition
from tests.integration.support.fixtures import MakeInstaller, StartController
from tests.integration.support.history import History
from tests.integration.support.installers import Installer
from tests.integration.support.waiting import eventually, throughout

ACCOUNT = "tronador-release"


@pytest.mark.slow
def test_the_deletion_waits_for_an_engine_that_is_down(
    on_flux: Environment, flux_engine: Installer, story: History
) -> None:
    flux_engine.stop()
    on_flux.delete()
    on_flux.until(lambda obj: obj["status"]["currentPhase"] == "Uninstalling Release", "it is uninstalling")
    throughout(0.5, lambda: not is_terminating(on_flux), "the namespace did not wait for the uninstall")
    flux_engine.start()
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace(on_flux, flux_engine, story)


def test_the_status_names_the_finalizer_that_blocks_without_an_engine(
    environments: Environments, flux_engine: Installer, start_controller: StartController
) -> None:
    flux_engine.start()
    start_controller(release_engine="flux", teardown_timeout=0.5)
    environment = environments.create()
    environment.deployed()
    flux_engine.stop()
    environment.delete()
    blocked = environment.until(
        lambda obj: condition(obj, "TeardownBlocked"), "the status says that the teardown is blocked"
    )
    assert "finalizers.fluxcd.io" in condition(blocked, "TeardownBlocked")["message"]
    throughout(0.3, environment.exists, "the finalizer was dropped while the namespace exists")
    flux_engine.start()
    nothing_is_left(environment)


def test_the_deletion_restores_a_missing_account_of_the_release(
    on_flux: Environment, flux_engine: Installer, story: History
) -> None:
    on_flux.cluster.client.delete(SERVICE_ACCOUNTS, ACCOUNT, namespace=on_flux.name)
    on_flux.delete()
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace(on_flux, flux_engine, story)


@pytest.mark.slow
def test_the_deletion_restores_missing_rights_of_the_release(
    on_flux: Environment, flux_engine: Installer, story: History
) -> None:
    on_flux.cluster.client.delete(ROLE_BINDINGS, ACCOUNT, namespace=on_flux.name)
    on_flux.delete()
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace(on_flux, flux_engine, story)


@pytest.mark.slow
@pytest.mark.parametrize("binding", [ENVIRONMENT_BINDING, ACCOUNT])
def test_the_deletion_corrects_changed_bindings(
    on_flux: Environment, flux_engine: Installer, story: History, binding: str
) -> None:
    client = on_flux.cluster.client
    present = on_flux.cluster.get(ROLE_BINDINGS, binding, on_flux.name)
    body = {
        "apiVersion": ROLE_BINDINGS.api_version,
        "kind": ROLE_BINDINGS.kind,
        "metadata": {"name": binding, "labels": present["metadata"]["labels"] if present else {}},
        "roleRef": {"apiGroup": ROLE_BINDINGS.group, "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": on_flux.name}],
    }
    if present:
        client.delete(ROLE_BINDINGS, binding, namespace=on_flux.name)
    client.create(ROLE_BINDINGS, body, namespace=on_flux.name)
    on_flux.delete()
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace(on_flux, flux_engine, story)


@pytest.mark.slow
def test_a_failing_uninstall_is_reported_and_awaited(
    on_flux: Environment, flux_engine: Installer, story: History
) -> None:
    flux_engine.fail(on_flux, "uninstall")
    on_flux.delete()
    obj = on_flux.until(
        lambda obj: "Helm uninstall failed" in obj["status"]["applicationStatusMsg"],
        "the status says why it is not deleted",
    )
    assert obj["status"]["applicationStatus"] == "uninstalling"
    throughout(0.3, lambda: not is_terminating(on_flux), "the namespace did not wait for the uninstall")
    flux_engine.fail(on_flux, None)
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace(on_flux, flux_engine, story)


@pytest.mark.slow
def test_the_deletion_continues_if_the_uninstall_fails_until_the_timeout(
    environments: Environments, flux_engine: Installer, start_controller: StartController
) -> None:
    flux_engine.start()
    start_controller(release_engine="flux", teardown_timeout=1.0)
    environment = environments.create()
    environment.deployed()
    flux_engine.fail(environment, "uninstall")
    environment.delete()
    nothing_is_left(environment)


@pytest.mark.slow
def test_a_restarted_controller_completes_the_deletion(
    environments: Environments, flux_engine: Installer, story: History, start_controller: StartController
) -> None:
    flux_engine.start(seconds={"uninstall": 1.0})
    controller = start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    environment.delete()
    eventually(lambda: _uninstalling(environment), "the uninstall has begun")
    controller.stop()
    start_controller(release_engine="flux")
    nothing_is_left(environment)
    is_uninstalled_before_its_namespace(environment, flux_engine, story)


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), [("helm-operator", "flux"), ("flux", "helm-operator")])
def test_an_environment_is_deleted_while_it_moves_to_the_other_engine(
    environments: Environments, make_installer: MakeInstaller, start_controller: StartController, old: str, new: str
) -> None:
    make_installer(old).start(seconds={"uninstall": 0.7})
    make_installer(new).start()
    controller = start_controller(release_engine=old)
    environment = environments.create()
    environment.deployed()
    controller.stop()
    start_controller(release_engine=new)
    eventually(lambda: _uninstalling(environment), "the old engine uninstalls")
    environment.delete()
    nothing_is_left(environment)


@pytest.mark.slow
def test_an_environment_is_deleted_while_its_release_is_renamed(
    environments: Environments, make_installer: MakeInstaller, start_controller: StartController
) -> None:
    make_installer("flux").start(seconds={"uninstall": 0.7})
    start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    environment.patch_release(releaseName="other")
    eventually(lambda: _uninstalling(environment), "the old release is uninstalled")
    environment.delete()
    nothing_is_left(environment)


@pytest.mark.slow
def test_a_deletion_during_a_suspension_and_downtime_is_completed(
    environments: Environments, flux_engine: Installer, story: History, start_controller: StartController
) -> None:
    flux_engine.start()
    controller = start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    environment.patch({"suspend": True})
    environment.until(lambda obj: obj["status"]["applicationStatus"] == "suspended", "it is suspended")
    controller.stop()
    flux_engine.stop()
    environment.delete()
    start_controller(release_engine="flux")
    environment.until(lambda obj: obj["status"]["currentPhase"] == "Uninstalling Release", "it is uninstalling")
    flux_engine.start()
    nothing_is_left(environment)
    is_uninstalled_before_its_namespace(environment, flux_engine, story)


def _uninstalling(environment: Environment) -> bool:
    """Whether an uninstall of its release is under way."""
    return any(secret["metadata"]["labels"]["status"] == "uninstalling" for secret in environment.storage())
