"""Deleting environments in every state that a real engine can be in: each ends, with nothing of it left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from controller.api import flux, helm_operator
from controller.api.environment import ENVIRONMENTS
from controller.api.flux import GIT_REPOSITORIES
from controller.api.rbac import ENVIRONMENT_BINDING, ROLE_BINDINGS
from controller.apimachinery.errors import AlreadyExists
from controller.apimachinery.resources import NAMESPACES, SECRETS, SERVICE_ACCOUNTS
from controller.client import DeletePropagation
from hack.samples import Repo
from tests.integration.support.clusters import CONFIG_MAPS, DEPLOYMENTS, Cluster
from tests.integration.support.environments import RELEASE, Environment, Environments, condition, manifest, tag
from tests.integration.support.fixtures import MakeInstaller, StartController
from tests.integration.support.history import History
from tests.integration.support.installers import Installer, image
from tests.integration.support.waiting import eventually, throughout

STORAGE = f"sh.helm.release.v1.{RELEASE}.v1"
ACCOUNT = "tronador-release"
HOOK = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "hook", "annotations": {"helm.sh/hook": "pre-delete"}},
    }
)


@pytest.fixture
def story(both_engines: Cluster) -> Iterator[History]:
    """Every version of everything that a teardown has to do with."""
    client = both_engines.connect("tests-story")
    kinds = (helm_operator.HELM_RELEASES, flux.HELM_RELEASES, GIT_REPOSITORIES)
    with History(client, ENVIRONMENTS, NAMESPACES, *kinds, SECRETS, DEPLOYMENTS, CONFIG_MAPS) as history:
        yield history
    client.close()


@pytest.fixture
def environment(environments: Environments, installer: Installer, start_controller: StartController) -> Environment:
    """One whose application runs."""
    start_controller(release_engine=installer.engine)
    environment = environments.create()
    environment.deployed()
    return environment


@pytest.fixture
def flux_engine(make_installer: MakeInstaller) -> Installer:
    """Flux, not running yet."""
    return make_installer("flux")


@pytest.fixture
def on_flux(environments: Environments, flux_engine: Installer, start_controller: StartController) -> Environment:
    """One whose application runs, with Flux."""
    flux_engine.start()
    start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    return environment


def is_uninstalled_before_its_namespace_goes(environment: Environment, installer: Installer, story: History) -> None:
    """Release, its objects and storage, source, namespace, environment: each was gone before the next one was."""
    gone = [
        story.deleted(DEPLOYMENTS, RELEASE, environment.name),
        story.deleted(SECRETS, STORAGE, environment.name),
    ]
    release = story.deleted(installer.releases, RELEASE, environment.name)
    if installer.engine == "flux":
        gone += [release, story.deleted(GIT_REPOSITORIES, RELEASE, environment.name)]
    gone += [story.deleted(NAMESPACES, environment.name), story.deleted(ENVIRONMENTS, environment.name)]
    order = [version.at for version in gone]
    assert order == sorted(order), [f"{version.resource} at {version.at}" for version in gone]
    terminating = story.until(
        NAMESPACES,
        lambda version: version.name == environment.name and version.obj["metadata"].get("deletionTimestamp"),
        "the namespace began to go",
    )
    assert terminating.at > story.deleted(SECRETS, STORAGE, environment.name).at


def nothing_is_left(environment: Environment) -> None:
    environment.gone()
    assert environment.namespace() is None


@pytest.mark.parametrize("propagation", [None, DeletePropagation.FOREGROUND], ids=["default", "foreground"])
def test_deployed(
    environment: Environment, installer: Installer, story: History, propagation: DeletePropagation | None
) -> None:
    environment.delete(propagation)
    nothing_is_left(environment)
    is_uninstalled_before_its_namespace_goes(environment, installer, story)


@pytest.mark.slow
def test_a_delete_hook_still_runs_in_a_living_namespace(
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
    is_uninstalled_before_its_namespace_goes(environment, installer, story)


@pytest.mark.slow
def test_failed(environments: Environments, installer: Installer, start_controller: StartController) -> None:
    start_controller(release_engine=installer.engine)
    environment = environments.create(values={"application": {"refuse": "not like this"}})
    environment.failed()
    environment.delete()
    nothing_is_left(environment)


@pytest.mark.slow
def test_without_a_chart(environments: Environments, installer: Installer, start_controller: StartController) -> None:
    start_controller(release_engine=installer.engine)
    environment = environments.create(chart={"git": "https://git.example.com/none", "path": "deploy"})
    environment.until(lambda obj: environment.cluster.get(installer.releases, RELEASE, environment.name), "it is made")
    environment.delete()
    nothing_is_left(environment)


def test_installing(
    environments: Environments, make_installer: MakeInstaller, story: History, start_controller: StartController
) -> None:
    installer = make_installer("flux")
    installer.start(seconds={"install": 1.0})
    start_controller(release_engine="flux")
    environment = environments.create()
    eventually(lambda: environment.storage(), "the installation has begun")
    environment.delete()
    nothing_is_left(environment)
    is_uninstalled_before_its_namespace_goes(environment, installer, story)


@pytest.mark.slow
def test_installing_with_an_engine_that_an_uninstall_can_overtake(
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
def test_upgrading(
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


def test_suspended(environment: Environment, installer: Installer, story: History) -> None:
    environment.patch({"suspend": True})
    environment.until(lambda obj: obj["status"]["applicationStatus"] == "suspended", "it is suspended")
    environment.delete()
    nothing_is_left(environment)
    is_uninstalled_before_its_namespace_goes(environment, installer, story)


@pytest.mark.slow
def test_suspended_by_somebody_in_the_same_moment(on_flux: Environment, flux_engine: Installer, story: History) -> None:
    suspended = {"spec": {"suspend": True}}
    on_flux.cluster.client.patch(flux.HELM_RELEASES, RELEASE, suspended, namespace=on_flux.name)
    on_flux.delete()
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace_goes(on_flux, flux_engine, story)


def test_its_namespace_already_terminating(environment: Environment) -> None:
    environment.cluster.client.delete(NAMESPACES, environment.name)
    environment.delete()
    nothing_is_left(environment)


@pytest.mark.slow
def test_its_namespace_already_terminating_while_nobody_reconciles(
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
def test_while_the_engine_is_down_it_waits_for_it(on_flux: Environment, flux_engine: Installer, story: History) -> None:
    flux_engine.stop()
    on_flux.delete()
    on_flux.until(lambda obj: obj["status"]["currentPhase"] == "Uninstalling Release", "it is uninstalling")
    throughout(0.5, lambda: not _is_terminating(on_flux), "the namespace did not wait for the uninstall")
    flux_engine.start()
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace_goes(on_flux, flux_engine, story)


def test_without_an_engine_its_namespace_is_blocked_and_says_by_what(
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


def test_its_release_s_account_gone(on_flux: Environment, flux_engine: Installer, story: History) -> None:
    on_flux.cluster.client.delete(SERVICE_ACCOUNTS, ACCOUNT, namespace=on_flux.name)
    on_flux.delete()
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace_goes(on_flux, flux_engine, story)


@pytest.mark.slow
def test_its_release_s_rights_gone(on_flux: Environment, flux_engine: Installer, story: History) -> None:
    on_flux.cluster.client.delete(ROLE_BINDINGS, ACCOUNT, namespace=on_flux.name)
    on_flux.delete()
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace_goes(on_flux, flux_engine, story)


@pytest.mark.slow
@pytest.mark.parametrize("binding", [ENVIRONMENT_BINDING, ACCOUNT])
def test_its_bindings_tampered_with(on_flux: Environment, flux_engine: Installer, story: History, binding: str) -> None:
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
    is_uninstalled_before_its_namespace_goes(on_flux, flux_engine, story)


@pytest.mark.slow
def test_an_uninstall_that_fails_is_told_and_waited_for(
    on_flux: Environment, flux_engine: Installer, story: History
) -> None:
    flux_engine.fail(on_flux, "uninstall")
    on_flux.delete()
    obj = on_flux.until(
        lambda obj: "Helm uninstall failed" in obj["status"]["applicationStatusMsg"],
        "the status says why it is not deleted",
    )
    assert obj["status"]["applicationStatus"] == "uninstalling"
    throughout(0.3, lambda: not _is_terminating(on_flux), "the namespace did not wait for the uninstall")
    flux_engine.fail(on_flux, None)
    nothing_is_left(on_flux)
    is_uninstalled_before_its_namespace_goes(on_flux, flux_engine, story)


@pytest.mark.slow
def test_an_uninstall_that_always_fails_holds_it_up_no_longer_than_the_timeout(
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
def test_the_controller_restarted_in_the_middle_of_it(
    environments: Environments, flux_engine: Installer, story: History, start_controller: StartController
) -> None:
    flux_engine.start(seconds={"uninstall": 1.0})
    controller = start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    environment.delete()
    eventually(lambda: _uninstalling(environment), "it has begun")
    controller.stop()
    start_controller(release_engine="flux")
    nothing_is_left(environment)
    is_uninstalled_before_its_namespace_goes(environment, flux_engine, story)


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), [("helm-operator", "flux"), ("flux", "helm-operator")])
def test_in_the_middle_of_a_move_to_the_other_engine(
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
def test_in_the_middle_of_a_change_of_its_release_s_name(
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
def test_suspended_with_the_engine_and_the_controller_down_it_is_still_uninstalled(
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
    is_uninstalled_before_its_namespace_goes(environment, flux_engine, story)


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
def test_from_an_adopted_namespace_everything_of_it_goes_and_the_namespace_stays(
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
    assert not _is_terminating(environment)
    assert image(environment) == ""
    assert environment.storage() == []
    for resource in (flux.HELM_RELEASES, GIT_REPOSITORIES, helm_operator.HELM_RELEASES, ROLE_BINDINGS):
        assert both_engines.list(resource, name) == []
    accounts = [account["metadata"]["name"] for account in both_engines.list(SERVICE_ACCOUNTS, name)]
    assert accounts == ["default"]


def _uninstalling(environment: Environment) -> bool:
    """Whether an uninstall of its release is under way."""
    return any(secret["metadata"]["labels"]["status"] == "uninstalling" for secret in environment.storage())


def _is_terminating(environment: Environment) -> bool:
    namespace = environment.namespace()
    return namespace is None or bool(namespace["metadata"].get("deletionTimestamp"))
