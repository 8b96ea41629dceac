"""Charts from a real repository, installed by the real Helm: what users do, with either engine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.flux import GIT_REPOSITORIES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from hack.samples import Repo
from tests.integration.support.clusters import Cluster
from tests.integration.support.environments import GIT_URL, RELEASE, Environment, Environments, tag
from tests.integration.support.fixtures import MakeInstaller, StartController
from tests.integration.support.history import History
from tests.integration.support.installers import RELEASES, Installer, image
from tests.integration.support.requests import Requests
from tests.integration.support.truth import deployed_is_never_said_too_early
from tests.integration.support.waiting import eventually, throughout


def _config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


BROKEN = "templates are broken"
# A chart that cannot be rendered, whatever its values.
BREAKING = {"deploy/templates/broken.yaml": f'{{{{ fail "{BROKEN}" }}}}\n'}
# And one that can, and is not the one before that: the Helm Operator would take it for what it has rolled back to.
MENDING = {"deploy/templates/broken.yaml": None, "deploy/templates/more.yaml": _config_map("more")}


def refusing(why: str, *, image_tag: str) -> dict[str, object]:
    """Values that the chart refuses to be rendered with, unless `why` is empty."""
    return {"application": {**tag(image_tag)["application"], "refuse": why}}


def runs(environment: Environment, image_tag: str) -> None:
    """Wait until the application runs with that image."""
    eventually(lambda: image(environment) == image_tag, f"{image_tag} runs; {environment.status()}")


def says(environment: Environment, *words: str) -> str:
    """Wait until the environment has failed with all these words in its message; the message."""
    obj = environment.until(
        lambda obj: (
            obj["status"]["applicationStatus"] == "failed"
            and all(word in obj["status"]["applicationStatusMsg"] for word in words)
        ),
        f"it failed with {words}",
    )
    return str(obj["status"]["applicationStatusMsg"])


def statuses(history: History, environment: Environment) -> list[str]:
    """All application statuses that the environment ever had, each once for every time it was entered."""
    seen: list[str] = []
    for version in history.complete(ENVIRONMENTS, environment.get()):
        status = version.status.get("applicationStatus", "")
        if status and seen[-1:] != [status]:
            seen.append(status)
    return seen


@pytest.fixture
def history(both_engines: Cluster) -> Iterator[History]:
    """Every version of environments, their namespaces, HelmReleases of both engines, and Secrets from now on."""
    client = both_engines.connect("tests-history")
    with History(client, ENVIRONMENTS, NAMESPACES, *RELEASES.values(), SECRETS) as history:
        yield history
    client.close()


@pytest.fixture
def environment(environments: Environments, installer: Installer, start_controller: StartController) -> Environment:
    """One whose application runs."""
    start_controller(release_engine=installer.engine)
    environment = environments.create()
    environment.deployed()
    runs(environment, "one")
    return environment


def test_an_environment_follows_every_push_from_the_first_to_the_last(
    environments: Environments,
    installer: Installer,
    repository: Repo,
    history: History,
    start_controller: StartController,
) -> None:
    start_controller(release_engine=installer.engine)
    environment = environments.create()
    status = environment.deployed()["status"]
    assert status["release"] == {"engine": installer.engine, "name": RELEASE, "revision": repository.head()}
    assert image(environment) == "one"

    environment.patch_release(values=tag("two"))
    environment.deployed()
    assert image(environment) == "two"

    # A push that changes the chart alone, and not even its version.
    commit = repository.commit("Say more", {"deploy/templates/more.yaml": _config_map("more")})
    environment.until(lambda obj: obj["status"]["release"]["revision"] == commit, "the new chart is deployed")
    assert environment.deployed()["status"]["applicationStatus"] == "deployed"

    assert "failed" not in statuses(history, environment)
    deployed_is_never_said_too_early(history, environment.name, RELEASE, installer.releases)
    environment.delete()
    environment.gone()
    assert environment.namespace() is None
    release_gone = history.deleted(installer.releases, RELEASE, environment.name)
    storage_gone = history.deleted(SECRETS, f"sh.helm.release.v1.{RELEASE}.v1", environment.name)
    assert max(release_gone.at, storage_gone.at) < history.deleted(NAMESPACES, environment.name).at


def test_a_failed_installation_says_why_and_a_good_push_repairs_it(
    environments: Environments, installer: Installer, repository: Repo, start_controller: StartController
) -> None:
    start_controller(release_engine=installer.engine)
    repository.commit("Break it", BREAKING)
    environment = environments.create()
    says(environment, BROKEN)
    assert environment.condition("Ready")["reason"] == "ReleaseFailed"
    assert image(environment) == ""

    repository.commit("Mend it", MENDING)
    environment.deployed()
    assert image(environment) == "one"


@pytest.mark.slow
def test_correct_values_repair_a_failed_installation(
    environments: Environments, installer: Installer, start_controller: StartController
) -> None:
    start_controller(release_engine=installer.engine)
    environment = environments.create(values=refusing("not like this", image_tag="one"))
    says(environment, "not like this")

    environment.patch_release(values=refusing("", image_tag="two"))
    environment.deployed()
    assert image(environment) == "two"


@pytest.mark.slow
def test_a_failed_upgrade_keeps_the_previous_version_until_a_good_push(
    environment: Environment, repository: Repo
) -> None:
    repository.commit("Break it", BREAKING)
    says(environment, BROKEN)
    assert image(environment) == "one"

    commit = repository.commit("Mend it", MENDING)
    environment.until(lambda obj: obj["status"]["release"].get("revision") == commit, "the good push is deployed")
    environment.deployed()


@pytest.mark.slow
def test_a_half_failed_upgrade_is_rolled_back_and_the_next_one_succeeds(
    environment: Environment, installer: Installer
) -> None:
    installer.fail(environment, "upgrade")
    environment.patch_release(values=tag("two"))
    says(environment, "pgrade failed", RELEASE)
    rolled_back = {
        "helm-operator": lambda release: release["status"]["phase"] == "RolledBack",
        "flux": lambda release: "Remediated" in json.dumps(release["status"]["conditions"]),
    }[installer.engine]
    eventually(lambda: rolled_back(installer.release(environment)), "it is rolled back")
    runs(environment, "one")
    if installer.engine == "flux":
        says(environment, "upgrade failed", "The previous version is still running.")

    installer.fail(environment, None)
    environment.patch_release(values=tag("three"))
    environment.deployed()
    assert image(environment) == "three"


@pytest.mark.slow
def test_a_new_release_name_uninstalls_the_old_release_first(
    environment: Environment, installer: Installer, history: History
) -> None:
    environment.patch_release(releaseName="other")
    assert environment.deployed()["status"]["release"]["name"] == "other"
    assert image(environment) == ""
    assert image(environment, "other") == "one"
    old, new = RELEASE, history.until(installer.releases, lambda v: v.name == "other", "the new release was seen")
    storage_gone = history.deleted(SECRETS, f"sh.helm.release.v1.{old}.v1", environment.name)
    assert history.deleted(installer.releases, old, environment.name).at < new.at
    assert storage_gone.at < new.at


@pytest.mark.slow
def test_manual_changes_in_a_release_are_reverted(environment: Environment, installer: Installer) -> None:
    before = installer.release(environment)
    assert before is not None
    body = {"spec": {"values": tag("stolen"), "releaseName": "stolen"}}
    environment.cluster.client.patch(installer.releases, RELEASE, body, namespace=environment.name)
    eventually(lambda: (installer.release(environment) or {}).get("spec") == before["spec"], "the release is as it was")
    environment.deployed()
    runs(environment, "one")


@pytest.mark.slow
def test_checks_by_the_engine_cause_no_writes_for_a_deployed_environment(
    environment: Environment, installer: Installer, requests: Requests
) -> None:
    environment.deployed()
    mark = requests.mark()
    # Several intervals of both engines.
    throughout(2.0, lambda: not requests.writes(mark), lambda: f"written: {requests.order(mark)}")


# What only one engine has


@pytest.fixture
def flux(make_installer: MakeInstaller) -> Installer:
    """Flux, running."""
    installer = make_installer("flux")
    installer.start()
    return installer


@pytest.mark.slow
def test_a_deleted_branch_is_reported_while_the_application_keeps_running(
    both_engines: Cluster,
    environments: Environments,
    flux: Installer,
    repository: Repo,
    start_controller: StartController,
) -> None:
    start_controller(release_engine="flux")
    # Of a repository without any branch Flux says something else.
    repository.commit("Begin", {}, branch="main")
    environment = environments.create()
    environment.deployed()
    repository.delete_branch(RELEASE)
    message = says(environment, "couldn't find remote ref", "The previous version is still running.")
    assert "Helm install succeeded" in message
    assert image(environment) == "one"
    assert both_engines.get(GIT_REPOSITORIES, RELEASE, environment.name) is not None

    repository.commit("Come back", {}, branch=RELEASE)
    environment.deployed()


@pytest.mark.slow
def test_a_new_branch_counts_as_deployed_only_when_its_chart_is_deployed(
    environments: Environments,
    flux: Installer,
    repository: Repo,
    history: History,
    start_controller: StartController,
) -> None:
    start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    commit = repository.commit("Say more", {"deploy/templates/more.yaml": _config_map("more")}, branch="other")
    chart = environment.get()["spec"]["application"]["release"]["chart"]
    environment.patch_release(chart={**chart, "ref": "other"})
    deployed = environment.deployed()
    assert deployed["status"]["release"]["revision"] == commit
    said = [
        version.status["release"].get("revision")
        for version in history.complete(ENVIRONMENTS, deployed)
        if version.status.get("applicationStatus") == "deployed"
        and version.status.get("observedGeneration") == deployed["metadata"]["generation"]
    ]
    assert set(said) == {commit}


@pytest.mark.slow
def test_a_chart_missing_from_the_repository_is_a_failure_after_the_grace_period(
    environments: Environments, flux: Installer, start_controller: StartController
) -> None:
    start_controller(release_engine="flux", chart_grace=1.0)
    environment = environments.create(chart={"git": GIT_URL, "path": "no/such/chart", "ref": RELEASE})
    environment.until(
        lambda obj: obj["status"]["applicationStatusMsg"] == "Waiting for the chart to be fetched.", "it is waited for"
    )
    says(environment, "no/such/chart")
    assert environment.condition("ReleaseReady")["reason"] == "ChartFetchFailed"
