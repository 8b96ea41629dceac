"""What the Helm Operator's status means: every phase, and every trap in it."""

import pytest

from controller.environment.engines.engine import WAITING_FOR_CHART, Health, State
from controller.environment.engines.helm_operator import health
from tests.unit.environment.support.builders import environment, helm_release, operator_status, words


def _health(status, *, generation=1, chart_patience=240.0, of=None):
    return health(helm_release(of, status=status, generation=generation), None, chart_patience=chart_patience)


def test_a_release_that_does_not_exist_is_pending():
    assert health(None, None, chart_patience=240.0) == Health(State.PENDING, "Pending", WAITING_FOR_CHART)


@pytest.mark.parametrize("status", [None, {}, {"releaseStatus": "deployed"}, {"phase": None}])
def test_a_release_that_the_operator_has_not_observed_is_pending(status):
    assert _health(status).state is State.PENDING


@pytest.mark.parametrize(
    ("phase", "state", "message"),
    [
        ("ChartFetched", State.DEPLOYING, words("Installing")),
        ("ChartFetchFailed", State.PENDING, WAITING_FOR_CHART),
        ("Installing", State.DEPLOYING, words("Installing")),
        ("Upgrading", State.DEPLOYING, words("Upgrading")),
        ("Deployed", State.DEPLOYING, words("Installing")),
        ("DeployFailed", State.FAILED, words("DeployFailed")),
        ("Testing", State.DEPLOYING, words("Testing")),
        ("Tested", State.DEPLOYING, words("Tested")),
        ("TestFailed", State.FAILED, words("TestFailed")),
        ("Succeeded", State.DEPLOYED, words("Succeeded")),
        ("Failed", State.FAILED, words("Failed")),
        ("RollingBack", State.DEPLOYING, words("RollingBack")),
        ("RolledBack", State.FAILED, words("RolledBack")),
        ("RollbackFailed", State.FAILED, words("RollbackFailed")),
    ],
)
def test_each_phase_has_its_state_and_message(phase, state, message):
    found = _health(operator_status(phase))

    assert (found.state, found.message) == (state, message)


def test_the_status_in_the_guide_is_deployed_with_the_guides_message():
    status = {
        "conditions": [
            {
                "type": "ChartFetched",
                "status": "False",
                "reason": "ChartFetchFailed",
                "message": words("ChartFetchFailed"),
                "lastTransitionTime": "2022-03-21T11:46:19Z",
            },
            {
                "type": "Deployed",
                "status": "True",
                "reason": "Deployed",
                "message": words("Deployed"),
                "lastTransitionTime": "2022-03-21T11:46:40Z",
            },
            {
                "type": "Released",
                "status": "True",
                "reason": "Succeeded",
                "message": words("Succeeded"),
                "lastTransitionTime": "2022-03-21T11:46:40Z",
            },
        ],
        "observedGeneration": 1,
        "phase": "Succeeded",
        "releaseName": "run-pipeline",
        "releaseStatus": "deployed",
        "revision": "6f50ff2ff844f5f7c2b6627e3d7319e4717ac847",
    }

    assert _health(status) == Health(
        State.DEPLOYED, "Succeeded", "Release was successful for Helm release 'run-pipeline' in 'shop-74'."
    )


# Overall state


def test_a_success_of_an_older_generation_means_that_the_next_is_in_progress():
    found = _health(operator_status("Succeeded", observed=1, revision="abc"), generation=2)

    assert (found.state, found.message) == (State.DEPLOYING, words("Upgrading"))


@pytest.mark.parametrize("phase", ["DeployFailed", "Failed", "RolledBack", "RollbackFailed", "TestFailed"])
def test_a_failure_of_an_older_generation_means_that_the_next_is_in_progress(phase):
    found = _health(operator_status(phase, observed=1), generation=2)

    assert (found.state, found.message) == (State.DEPLOYING, words("Installing"))


def test_a_release_being_upgraded_is_not_deployed_even_if_it_says_released():
    status = operator_status("Upgrading", conditions={"Released": ("True", "Succeeded")}, observed=1, revision="abc")

    assert _health(status, generation=2).state is State.DEPLOYING


@pytest.mark.parametrize("observed", [1, 2])
def test_a_running_upgrade_is_reported_with_its_own_message(observed):
    status = operator_status("Upgrading", observed=observed, revision="abc")

    assert _health(status, generation=2).message == words("Upgrading")


@pytest.mark.parametrize("phase", ["ChartFetched", "Upgrading", "Deployed"])
def test_the_stages_of_an_upgrade_share_one_message(phase):
    status = operator_status(phase, revision="abc", conditions={"Released": ("True", "Succeeded")})

    assert _health(status).message == words("Upgrading")


@pytest.mark.parametrize("releaseStatus", ["deployed", "failed", "pending-upgrade"])
def test_helms_own_status_is_ignored(releaseStatus):  # noqa: N803 - the field's name
    status = operator_status("Succeeded", observed=1) | {"releaseStatus": releaseStatus}

    assert _health(status, generation=2).state is not State.DEPLOYED
    assert _health(status, generation=1).state is State.DEPLOYED


def test_an_outdated_fetch_condition_is_ignored():
    status = operator_status("Succeeded", conditions={"ChartFetched": ("False", "ChartFetchFailed")})

    assert _health(status).state is State.DEPLOYED


def test_an_update_without_a_transition_does_not_count_as_a_change():
    one, other = operator_status("Succeeded"), operator_status("Succeeded")
    other["conditions"][0]["lastUpdateTime"] = "2030-01-01T00:00:00Z"

    assert _health(one) == _health(other)


# A chart that cannot be fetched


@pytest.mark.parametrize("left", [300, 1, 0.5])
def test_an_unavailable_chart_is_pending_during_the_grace_period(left):
    found = _health(operator_status("ChartFetchFailed"), chart_patience=left)

    assert found == Health(State.PENDING, "ChartFetchFailed", "Waiting for the chart to be fetched.", left)


def test_an_unavailable_chart_fails_with_its_message_after_the_grace_period():
    found = _health(operator_status("ChartFetchFailed"), chart_patience=0)

    assert found == Health(State.FAILED, "ChartFetchFailed", words("ChartFetchFailed"))


def test_a_missing_chart_of_an_older_generation_never_fails():
    found = _health(operator_status("ChartFetchFailed", observed=1), generation=2, chart_patience=0)

    assert found == Health(State.PENDING, "ChartFetchFailed", WAITING_FOR_CHART)


# Tests of the chart


def test_an_ignored_test_failure_does_not_count():
    of = environment(release={"test": {"enable": True, "ignoreFailures": True}})
    status = operator_status("TestFailed", conditions={"Released": ("True", "Succeeded")})

    assert _health(status, of=of).state is State.DEPLOYING


def test_a_test_failure_that_is_not_ignored_counts():
    of = environment(release={"test": {"enable": True}})

    assert _health(operator_status("TestFailed"), of=of).state is State.FAILED


def test_a_success_after_an_ignored_test_failure_is_a_success():
    of = environment(release={"test": {"enable": True, "ignoreFailures": True}})
    status = operator_status("Succeeded", conditions={"Tested": ("False", "TestFailed")})

    assert _health(status, of=of).state is State.DEPLOYED


# A rollback


def test_a_release_that_was_rolled_back_has_failed_even_if_it_runs():
    status = operator_status("RolledBack", conditions={"Released": ("False", "DeployFailed")}, revision="abc")

    found = _health(status)

    assert found.state is State.FAILED
    assert found.reason == "RolledBack"
    # applicationStatusMsg is the message of the Released condition, verbatim.
    assert found.message == words("DeployFailed")


def test_the_message_of_a_failure_is_that_of_the_released_condition():
    status = operator_status("Failed", conditions={"RolledBack": ("True", "RolledBack")})

    assert _health(status).message == words("Failed")


def test_a_success_is_not_assumed_against_the_released_condition():
    status = operator_status("Succeeded", conditions={"Released": ("False", "Failed")})

    assert _health(status).state is not State.DEPLOYED


@pytest.mark.parametrize("reason", ["HelmSuccess", "RepoChartInCache"])
def test_the_reasons_of_old_operators_are_ignored(reason):
    status = operator_status("Succeeded")
    status["conditions"][0]["reason"] = reason

    assert _health(status).state is State.DEPLOYED
