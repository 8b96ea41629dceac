"""Statuses that the original controllers wrote, and what they mean to us.

They are read from the folder beside the project that holds recorded material; without it there is nothing to test.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from controller.api.flux import GitRepository
from controller.environment.engines import flux, helm_operator
from controller.environment.engines.engine import WAITING_FOR_CHART, State
from controller.environment.engines.flux_health import STILL_RUNNING, SUSPENDED
from tests.unit.environment.support.described import status_of
from tests.unit.environment.support.flux_builders import deployed, source, words
from tests.unit.environment.support.real_definitions import FIXTURES

Json = dict[str, Any]

RECORDED = FIXTURES / "helmrelease-status"
INSTALLED = "Helm install succeeded for release default/podinfo.v1 with chart podinfo@6.5.4"
NOT_FOUND = (
    "failed to checkout and determine revision: unable to clone 'https://github.com/stefanprodan/podinfo': "
    'couldn\'t find remote ref "refs/heads/invalid"'
)
NO_RIGHT = (
    "failed to checkout and determine revision: unable to list remote for "
    "'https://github.com/stefanprodan/podinfo-faulty': authentication required"
)
BROKEN_TEST = (
    "Helm test failed for release podinfo/podinfo.v1 with chart podinfo@6.5.3: 1 error occurred: "
    "* pod podinfo-fault-test-a0tew failed"
)

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="no folder with recorded statuses beside the project")


def _yaml(name: str, *, generation: int, observed: int | None = None) -> Json:
    """A recorded object. Its generation was not recorded, nor which one was observed, and both decide."""
    obj: Json = yaml.load((RECORDED / name).read_text(), yaml.CSafeLoader)
    obj["metadata"]["generation"] = generation
    if observed is not None:
        obj.setdefault("status", {})["observedGeneration"] = observed
    return obj


def _described(name: str, *, generation: int) -> Json:
    return {"metadata": {"generation": generation}, "status": status_of((RECORDED / name).read_text())}


def _flux(helm: Json, git: Json | None = None) -> tuple[State, str, str]:
    found = flux.health(helm, source() if git is None else git, chart_patience=240)
    return found.state, found.reason, found.message


# HelmReleases of Flux


def test_deployed() -> None:
    helm = _yaml("helm.toolkit-v2.deployed.yaml", generation=2, observed=2)

    assert _flux(helm) == (State.DEPLOYED, "InstallSucceeded", INSTALLED)


def test_deployed_before_the_spec_changed() -> None:
    helm = _yaml("helm.toolkit-v2.deployed.yaml", generation=3, observed=2)

    assert _flux(helm)[0] is State.DEPLOYING


def test_upgrading() -> None:
    helm = _yaml("helm.toolkit-v2.upgrading.yaml", generation=3, observed=2)

    assert _flux(helm) == (State.DEPLOYING, "Progressing", "Running 'upgrade' action with timeout of 5m0s")


def test_upgrade_failed_and_rolled_back() -> None:
    state, reason, message = _flux(_yaml("helm.toolkit-v2.upgrade-failed-rolled-back.yaml", generation=5, observed=4))

    assert (state, reason) == (State.FAILED, "UpgradeFailed")
    assert message.startswith(
        'Helm upgrade failed for release default/podinfo with chart podinfo@6.5.4: cannot patch "podinfo" with kind '
        "Deployment: admission webhook"
    )
    assert message.endswith(f"… {STILL_RUNNING}")


def test_suspended() -> None:
    assert _flux(_yaml("helm.toolkit-v2.suspended.yaml", generation=1)) == (State.SUSPENDED, "Suspended", SUSPENDED)


def test_a_history_alone_says_nothing_about_the_state() -> None:
    helm = _yaml("helm.toolkit-v2.history.yaml", generation=1)

    assert helm["status"]["history"][0]["status"] == "deployed"
    assert _flux(helm) == (State.PENDING, "Pending", WAITING_FOR_CHART)
    assert flux.revision(helm, None) == "0cc9a8446c95"


def test_tested() -> None:
    helm = _described("helm.toolkit-v2.describe-tested-ok.txt", generation=1)

    assert _flux(helm) == (
        State.DEPLOYED,
        "TestSucceeded",
        "Helm test succeeded for release default/podinfo.v1 with chart podinfo@6.5.3: 3 test hooks completed "
        "successfully",
    )


def test_a_failed_test_of_an_installed_release() -> None:
    helm = _described("helm.toolkit-v2.describe-test-failed-stalled.txt", generation=1)

    assert _flux(helm) == (State.FAILED, "TestFailed", BROKEN_TEST)


# GitRepositories


@pytest.mark.parametrize(
    "git",
    [
        lambda: _yaml("source.toolkit.GitRepository.healthy.yaml", generation=1, observed=1),
        lambda: _described("source.toolkit.GitRepository.describe-ready.txt", generation=1),
    ],
)
def test_a_repository_that_is_ready_leaves_the_word_to_the_release(git: Any) -> None:
    assert _flux(deployed(), git()) == (State.DEPLOYED, "InstallSucceeded", words("InstallSucceeded"))


@pytest.mark.parametrize(
    ("git", "message"),
    [
        (lambda: _yaml("source.toolkit.GitRepository.degraded.yaml", generation=2, observed=1), NO_RIGHT),
        (lambda: _described("source.toolkit.GitRepository.describe-branch-missing.txt", generation=2), NOT_FOUND),
    ],
)
def test_a_repository_that_cannot_be_fetched_is_told_beside_the_release_that_stays_ready(
    git: Any, message: str
) -> None:
    told = f"{message} {STILL_RUNNING} {words('InstallSucceeded')}"

    assert _flux(deployed(), git()) == (State.FAILED, "GitOperationFailed", told)


def test_a_repository_that_nobody_has_looked_at() -> None:
    git = _yaml("source.toolkit.GitRepository.progressing.yaml", generation=1, observed=-1)

    assert _flux(deployed(), git)[0] is State.DEPLOYING
    assert _flux(deployed() | {"status": {}}, git)[0] is State.PENDING


def test_the_commit_of_a_recorded_artifact() -> None:
    obj = {"status": {"artifact": {"revision": "master@sha1:132f4e719209eb10b9485302f8593fc0e680f4fc"}}}
    text = (RECORDED / "source.toolkit.GitRepository.describe-ready.txt").read_text()

    assert obj["status"]["artifact"]["revision"] in text
    assert GitRepository(obj).commit == "132f4e719209eb10b9485302f8593fc0e680f4fc"


# HelmReleases of the Helm Operator


def test_operators_that_knew_no_phases_are_never_guessed_to_have_finished() -> None:
    release = _described("helm.fluxcd.io-v1.describe-quickstart-old-reasons.txt", generation=1)

    assert release["status"]["conditions"][1]["reason"] == "HelmSuccess"
    assert release["status"]["releaseStatus"] == "deployed"
    assert helm_operator.health(release, None, chart_patience=240).state is State.PENDING
