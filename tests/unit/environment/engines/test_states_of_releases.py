"""Statuses of the engines' controllers, and what they mean to us."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api.flux import GitRepository
from controller.environment.engines import flux, helm_operator
from controller.environment.engines.engine import WAITING_FOR_CHART, State
from controller.environment.engines.flux_health import STILL_RUNNING, SUSPENDED
from tests.samples import in_state
from tests.unit.environment.support.flux_builders import deployed, source, words

Json = dict[str, Any]

INSTALLED = "Helm install succeeded for release shop-74/shop.v1 with chart deploy@1.2.3"
NOT_FOUND = (
    "failed to checkout and determine revision: unable to clone 'https://git.example.com/acme/shop': "
    'couldn\'t find remote ref "refs/heads/gone"'
)
NO_RIGHT = (
    "failed to checkout and determine revision: unable to list remote for 'https://git.example.com/acme/private': "
    "authentication required"
)
BROKEN_TEST = (
    "Helm test failed for release shop-74/shop.v1 with chart deploy@1.2.3: 1 error occurred: * pod shop-smoke failed"
)


def _release(state: str, **metadata: Any) -> Json:
    found = in_state("flux-helmreleases", state)
    return {**found, "metadata": {**found["metadata"], **metadata}}


def _repository(state: str) -> Json:
    return in_state("flux-gitrepositories", state)


def _flux(helm: Json, git: Json | None = None) -> tuple[State, str, str]:
    found = flux.health(helm, source() if git is None else git, chart_patience=240)
    return found.state, found.reason, found.message


# HelmReleases of Flux


def test_deployed() -> None:
    helm = _release("deployed")

    assert _flux(helm) == (State.DEPLOYED, "InstallSucceeded", INSTALLED)


def test_deployed_before_the_spec_changed() -> None:
    helm = _release("deployed", generation=3)

    assert _flux(helm)[0] is State.DEPLOYING


def test_upgrading() -> None:
    helm = _release("upgrading")

    assert _flux(helm) == (State.DEPLOYING, "Progressing", "Running 'upgrade' action with timeout of 5m0s")


def test_upgrade_failed_and_rolled_back() -> None:
    state, reason, message = _flux(_release("rolled-back"))

    assert (state, reason) == (State.FAILED, "UpgradeFailed")
    assert message.startswith(
        'Helm upgrade failed for release shop-74/shop with chart deploy@1.2.3: cannot patch "shop" with kind '
        "Deployment: admission webhook"
    )
    assert message.endswith(f"… {STILL_RUNNING}")


def test_suspended() -> None:
    assert _flux(_release("suspended")) == (State.SUSPENDED, "Suspended", SUSPENDED)


def test_a_history_alone_says_nothing_about_the_state() -> None:
    helm = _release("history")

    assert helm["status"]["history"][0]["status"] == "deployed"
    assert _flux(helm) == (State.PENDING, "Pending", WAITING_FOR_CHART)
    assert flux.revision(helm, None) == "1e5f00a2b3c4"


def test_tested() -> None:
    helm = _release("tested")

    assert _flux(helm) == (
        State.DEPLOYED,
        "TestSucceeded",
        "Helm test succeeded for release shop-74/shop.v1 with chart deploy@1.2.3: 2 test hooks completed successfully",
    )


def test_a_failed_test_of_an_installed_release() -> None:
    helm = _release("test-failed")

    assert _flux(helm) == (State.FAILED, "TestFailed", BROKEN_TEST)


# GitRepositories


def test_a_repository_that_is_ready_leaves_the_word_to_the_release() -> None:
    assert _flux(deployed(), _repository("healthy")) == (
        State.DEPLOYED,
        "InstallSucceeded",
        words("InstallSucceeded"),
    )


@pytest.mark.parametrize(("state", "message"), [("degraded", NO_RIGHT), ("branch-missing", NOT_FOUND)])
def test_a_failed_fetch_is_shown_beside_a_release_that_stays_ready(state: str, message: str) -> None:
    shown = f"{message} {STILL_RUNNING} {words('InstallSucceeded')}"

    assert _flux(deployed(), _repository(state)) == (State.FAILED, "GitOperationFailed", shown)


def test_a_repository_that_no_controller_has_looked_at_is_waited_for() -> None:
    git = _repository("progressing")

    assert _flux(deployed(), git)[0] is State.DEPLOYING
    assert _flux(deployed() | {"status": {}}, git)[0] is State.PENDING


def test_the_commit_of_an_artifact_is_read_from_its_revision() -> None:
    assert GitRepository(_repository("healthy")).commit == "6f50ff2ff844f5f7c2b6627e3d7319e4717ac847"


# HelmReleases of the Helm Operator


def test_operators_that_knew_no_phases_are_never_guessed_to_have_finished() -> None:
    release = in_state("helm-operator-helmreleases", "before-phases")

    assert release["status"]["conditions"][1]["reason"] == "HelmSuccess"
    assert release["status"]["releaseStatus"] == "deployed"
    assert helm_operator.health(release, None, chart_patience=240).state is State.PENDING
