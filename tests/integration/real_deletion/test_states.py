"""Environments are deleted completely, in every state that a real engine can be in."""

from __future__ import annotations

import json

import pytest

from controller.api import flux, helm_operator
from controller.api.environment import ENVIRONMENTS
from controller.api.flux import GIT_REPOSITORIES
from controller.api.rbac import ROLE_BINDINGS
from controller.apimachinery.errors import AlreadyExists
from controller.apimachinery.resources import NAMESPACES, SERVICE_ACCOUNTS
from controller.client import DeletePropagation
from hack.samples import Repo
from tests.integration.real_deletion.teardown import (
    is_terminating,
    is_uninstalled_before_its_namespace,
    nothing_is_left,
)
from tests.integration.support.clusters import CONFIG_MAPS, Cluster
from tests.integration.support.environments import RELEASE, Environment, Environments, manifest, tag
from tests.integration.support.fixtures import MakeInstaller, StartController
from tests.integration.support.history import History
from tests.integration.support.installers import Installer, image
from tests.integration.support.waiting import eventually

HOOK = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "hook", "annotations": {"helm.sh/hook": "pre-delete"}},
    }
)


@pytest.mark.parametrize("propagation", [None, DeletePropagation.FOREGROUND], ids=["default", "foreground"])
def test_a_deployed_environment_is_deleted_in_order(
    environment: Environment, installer: Installer, story: History, propagation: DeletePropagation | None
) -> None:
    environment.delete(propagation)
    nothing_is_left(environment)
    is_uninstalled_before_its_namespace(environment, installer, story)


@pytest.mark.slow
def test_a_delete_hook_runs_before_the_namespace_is_deleted(
    environments: Environments,
    installer: Installer,
    repository: Repo,
    story: History,
    start_controller: StartController,
) -> None:
    repository.commit("Add a hook", {"deploy/templates/hook.yaml": HOOK})
    start_controller(release_engine=installer.engine)
    environment = environments.create()
    environment.deployed()
    environment.delete()
    nothing_is_left(environment)
    assert story.versions(CONFIG_MAPS, "hook", environment.name)
    is_uninstalled_before_its_namespace(environment, installer, story)


@pytest.mark.slow
def test_a_failed_environment_is_deleted(
    environments: Environments, installer: Installer, start_controller: StartController
) -> None:
    start_controller(release_engine=installer.engine)
    environment = environments.create(values={"application": {"refuse": "not like this"}})
    environment.failed()
    environment.delete()
    nothing_is_left(environment)


@pytest.mark.slow
def test_an_environment_without_a_chart_is_deleted(
    environments: Environments, installer: Installer, start_controller: StartController
) -> None:
    start_controller(release_engine=installer.engine)
    environment = environments.create(chart={"git": "https://git.example.com/none", "path": "deploy"})
    environment.until(
        lambda obj: environment.cluster.get(installer.releases, RELEASE, environment.name), "the release is created"
    )
    environment.delete()
    nothing_is_left(environment)


def test_an_environment_is_deleted_during_its_installation(
    environments: Environments, make_installer: MakeInstaller, story: History, start_controller: StartController
) -> None:
    installer = make_installer("flux")
    installer.start(seconds={"install": 1.0})
    start_controller(release_engine="flux")
    environment = environments.create()
    eventually(lambda: environment.storage(), "the installation has begun")
    environment.delete()
    nothing_is_left(environment)
    is_uninstalled_before_its_namespace(environment, installer, story)


@pytest.mark.slow
def test_the_uninstall_may_overtake_the_installation(
    environments: Environments, make_installer: MakeInstaller, start_controller: StartController
) -> None:
    installer = make_installer("helm-operator")
    installer.start(seconds={"install": 1.0})
    start_controller(release_engine="helm-operator", teardown_timeout=2.0)
    environment = environments.create()
    eventually(lambda: environment.storage(), "the installation has begun")
    environment.delete()
    nothing_is_left(environment)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["helm-operator", "flux"])
def test_an_environment_is_deleted_during_an_upgrade(
    environments: Environments, make_installer: MakeInstaller, start_controller: StartController, engine: str
) -> None:
    installer = make_installer(engine)
    installer.start(seconds={"upgrade": 1.0})
    start_controller(release_engine=engine, teardown_timeout=10.0)
    environment = environments.create()
    environment.deployed()
    environment.patch_release(values=tag("two"))
    eventually(lambda: len(environment.storage()) == 2, "the upgrade has begun")
    environment.delete()
    nothing_is_left(environment)


def test_a_suspended_environment_is_deleted_in_order(
    environment: Environment, installer: Installer, story: History
) -> None:
    environment.patch({"suspend": True})
    environment.until(lambda obj: obj["status"]["applicationStatus"] == "suspended", "it is suspended")
    environment.delete()
    nothing_is_left(environment)
    is_uninstalled_before_its_namespace(environment, installer, story)


@pytest.mark.slow
def test_a_release_suspended_just_before_the_deletion_is_uninstalled(
    on_flux: Environment, flux_engine: Installer, story: History
) -> None:
    suspended = {"spec": {"suspend": True}}
    on_flux.cluster.client.patch(flux.HELM_RELEASES, RELEASE, suspended, namespace=on_flux.name)
    on_flux.delete()
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace(on_flux, flux_engine, story)


def test_an_environment_with_a_terminating_namespace_is_deleted(environment: Environment) -> None:
    environment.cluster.client.delete(NAMESPACES, environment.name)
    environment.delete()
    nothing_is_left(environment)


@pytest.mark.slow
def test_a_namespace_deleted_during_downtime_does_not_block_the_deletion(
    environments: Environments, installer: Installer, start_controller: StartController
) -> None:
    controller = start_controller(release_engine=installer.engine)
    environment = environments.create()
    environment.deployed()
    controller.stop()
    environment.cluster.client.delete(NAMESPACES, environment.name)
    environment.delete()
    start_controller(release_engine=installer.engine)
    nothing_is_left(environment)


@pytest.mark.slow
def test_an_environment_applied_again_while_it_ends_gets_a_new_namespace(
    both_engines: Cluster, environment: Environment
) -> None:
    before = environment.namespace()
    assert before is not None
    environment.delete(DeletePropagation.FOREGROUND)

    def applied() -> bool:
        try:
            both_engines.client.create(ENVIRONMENTS, manifest(environment.name, values=tag("two")))
        except AlreadyExists:
            return False
        return True

    eventually(applied, "it can be applied again")
    environment.deployed()
    assert image(environment) == "two"
    after = environment.namespace()
    assert after is not None
    assert after["metadata"]["uid"] != before["metadata"]["uid"]


@pytest.mark.slow
def test_an_adopted_namespace_is_kept_without_our_objects(
    both_engines: Cluster, environments: Environments, installer: Installer, start_controller: StartController
) -> None:
    name = both_engines.name("pr-74")
    both_engines.create_namespace(name, annotations={"tronador.stakater.com/adopt": name})
    start_controller(release_engine=installer.engine)
    environment = environments.apply(manifest(name))
    environment.deployed()
    environment.delete()
    environment.gone()
    assert environment.namespace() is not None
    assert not is_terminating(environment)
    assert image(environment) == ""
    assert environment.storage() == []
    for resource in (flux.HELM_RELEASES, GIT_REPOSITORIES, helm_operator.HELM_RELEASES, ROLE_BINDINGS):
        assert both_engines.list(resource, name) == []
    accounts = [account["metadata"]["name"] for account in both_engines.list(SERVICE_ACCOUNTS, name)]
    assert accounts == ["default"]
