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
def test_a_release_that_the_operator_has_not_looked_at_is_pending(status):
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
def test_each_phase_has_its_state_and_its_own_words(phase, state, message):
    found = _health(operator_status(phase))

    assert (found.state, found.message) == (state, message)


def test_the_status_of_the_guide_is_deployed_with_the_guides_words():
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


def test_after_a_success_of_an_older_generation_the_next_one_is_on_its_way():
    found = _health(operator_status("Succeeded", observed=1, revision="abc"), generation=2)

    assert (found.state, found.message) == (State.DEPLOYING, words("Upgrading"))


@pytest.mark.parametrize("phase", ["DeployFailed", "Failed", "RolledBack", "RollbackFailed", "TestFailed"])
def test_after_a_failure_of_an_older_generation_the_next_one_is_on_its_way(phase):
    found = _health(operator_status(phase, observed=1), generation=2)

    assert (found.state, found.message) == (State.DEPLOYING, words("Installing"))


def test_a_release_that_is_upgraded_is_not_deployed_although_it_says_released():
    status = operator_status("Upgrading", conditions={"Released": ("True", "Succeeded")}, observed=1, revision="abc")

    assert _health(status, generation=2).state is State.DEPLOYING


@pytest.mark.parametrize("observed", [1, 2])
def test_an_upgrade_under_way_is_told_in_its_own_words(observed):
    status = operator_status("Upgrading", observed=observed, revision="abc")

    assert _health(status, generation=2).message == words("Upgrading")


@pytest.mark.parametrize("phase", ["ChartFetched", "Upgrading", "Deployed"])
def test_the_stages_of_an_upgrade_share_one_message(phase):
    status = operator_status(phase, revision="abc", conditions={"Released": ("True", "Succeeded")})

    assert _health(status).message == words("Upgrading")


@pytest.mark.parametrize("releaseStatus", ["deployed", "failed", "pending-upgrade"])
def test_helms_own_status_is_never_believed(releaseStatus):  # noqa: N803 - the field's name
    status = operator_status("Succeeded", observed=1) | {"releaseStatus": releaseStatus}

    assert _health(status, generation=2).state is not State.DEPLOYED
    assert _health(status, generation=1).state is State.DEPLOYED


def test_a_chart_that_stays_unfetched_in_the_conditions_does_not_matter():
    status = operator_status("Succeeded", conditions={"ChartFetched": ("False", "ChartFetchFailed")})

    assert _health(status).state is State.DEPLOYED


def test_an_update_of_a_condition_without_a_transition_is_no_news():
    one, other = operator_status("Succeeded"), operator_status("Succeeded")
    other["conditions"][0]["lastUpdateTime"] = "2030-01-01T00:00:00Z"

    assert _health(one) == _health(other)


# A chart that cannot be fetched


@pytest.mark.parametrize("left", [300, 1, 0.5])
def test_a_chart_that_cannot_be_fetched_is_waited_for_while_there_is_patience(left):
    found = _health(operator_status("ChartFetchFailed"), chart_patience=left)

    assert found == Health(State.PENDING, "ChartFetchFailed", "Waiting for the chart to be fetched.", left)


def test_a_chart_that_cannot_be_fetched_for_longer_is_a_failure_in_its_own_words():
    found = _health(operator_status("ChartFetchFailed"), chart_patience=0)

    assert found == Health(State.FAILED, "ChartFetchFailed", words("ChartFetchFailed"))


def test_a_missing_chart_of_an_older_generation_is_waited_for_without_end():
    found = _health(operator_status("ChartFetchFailed", observed=1), generation=2, chart_patience=0)

    assert found == Health(State.PENDING, "ChartFetchFailed", WAITING_FOR_CHART)


# Tests of the chart


def test_a_failed_test_that_is_ignored_is_no_failure():
    of = environment(release={"test": {"enable": True, "ignoreFailures": True}})
    status = operator_status("TestFailed", conditions={"Released": ("True", "Succeeded")})

    assert _health(status, of=of).state is State.DEPLOYING


def test_a_failed_test_that_is_not_ignored_is_a_failure():
    of = environment(release={"test": {"enable": True}})

    assert _health(operator_status("TestFailed"), of=of).state is State.FAILED


def test_after_an_ignored_failure_of_a_test_a_success_is_a_success():
    of = environment(release={"test": {"enable": True, "ignoreFailures": True}})
    status = operator_status("Succeeded", conditions={"Tested": ("False", "TestFailed")})

    assert _health(status, of=of).state is State.DEPLOYED


# A rollback


def test_a_release_that_was_rolled_back_has_failed_although_it_runs():
    status = operator_status("RolledBack", conditions={"Released": ("False", "DeployFailed")}, revision="abc")

    found = _health(status)

    assert found.state is State.FAILED
    assert found.reason == "RolledBack"
    # applicationStatusMsg is the message of the Released condition, verbatim.
    assert found.message == words("DeployFailed")


def test_the_words_of_a_failure_are_those_of_the_released_condition():
    status = operator_status("Failed", conditions={"RolledBack": ("True", "RolledBack")})

    assert _health(status).message == words("Failed")


def test_a_success_is_not_guessed_where_the_released_condition_says_otherwise():
    status = operator_status("Succeeded", conditions={"Released": ("False", "Failed")})

    assert _health(status).state is not State.DEPLOYED


@pytest.mark.parametrize("reason", ["HelmSuccess", "RepoChartInCache"])
def test_the_reasons_of_old_operators_do_not_matter(reason):
    status = operator_status("Succeeded")
    status["conditions"][0]["reason"] = reason

    assert _health(status).state is State.DEPLOYED
