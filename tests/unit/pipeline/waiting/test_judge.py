"""Whether an environment has reached a goal, for every state it can be in."""

import pytest

from controller.api.environment import ACTIVE_AT_ANNOTATION
from controller.pipeline.waiting import Goal, State
from controller.pipeline.waiting.judge import judge
from tests.unit.pipeline.waiting.environments import as_file, environment, later

DEPLOYED = environment(status="deployed", message="Release was successful.")
FAILED = environment(status="failed", message="Helm install failed: no such image")
EXPIRED = environment(status="expired", ready="False", message="The lifetime is over.")


def used(obj):
    return later(obj, generation=1, annotations={ACTIVE_AT_ANNOTATION: "noon"})


@pytest.mark.parametrize(
    ("live", "state", "words"),
    [
        (None, State.PENDING, "not in the cluster yet"),
        (environment(), State.PENDING, "not processed this spec yet"),
        (environment(status="pending", message="Waiting for the chart."), State.PENDING, "pending: Waiting for the"),
        (environment(status="deploying"), State.PENDING, "deploying"),
        (DEPLOYED, State.REACHED, "deployed: Release was successful."),
        (FAILED, State.FAILED, "Because: Helm install failed: no such image"),
        (environment(status="suspended", ready="True"), State.PENDING, "suspended"),
        (environment(status="suspended", ready="True", suspend=True), State.FAILED, "spec.suspend is true"),
        (environment(status="uninstalling", deleting=True), State.PENDING, "being deleted"),
        (environment(status="deployed", deleting=True), State.PENDING, "being deleted"),
        (environment(status="uninstalling", ready="False"), State.PENDING, "uninstalling"),
        (EXPIRED, State.FAILED, "expired: The lifetime is over."),
        # A push, or another sign of use, brings it back.
        (later(EXPIRED), State.PENDING, "not processed this spec yet"),
        (used(EXPIRED), State.PENDING, "expired"),
        # The status of an older spec does not count for the newer one.
        (later(DEPLOYED), State.PENDING, "not processed this spec yet"),
        (later(FAILED), State.PENDING, "not processed this spec yet"),
    ],
)
def test_the_progress_towards_deployed_follows_status_and_conditions(live, state, words):
    judgement = judge(Goal.DEPLOYED, live)
    assert judgement.state is state
    assert words in judgement.message


def test_a_condition_of_an_older_generation_does_not_count():
    half_written = environment(2, status="deployed")
    half_written["status"]["conditions"][0]["observedGeneration"] = 1
    assert judge(Goal.DEPLOYED, half_written).state is State.PENDING


@pytest.mark.parametrize("live", [DEPLOYED, FAILED, environment(status="suspended", suspend=True)])
def test_the_state_of_a_previous_snapshot_does_not_count(live):
    judgement = judge(Goal.DEPLOYED, live, wanted=as_file(environment(tag="two")))
    assert judgement.state is State.PENDING
    assert "a different spec" in judgement.message


@pytest.mark.parametrize("live", [DEPLOYED, FAILED])
def test_the_state_counts_if_the_spec_is_that_of_the_file(live):
    assert judge(Goal.DEPLOYED, live, wanted=as_file(live)) == judge(Goal.DEPLOYED, live)


def blocked():
    obj = environment(status="uninstalling", deleting=True)
    obj["status"]["conditions"].append(
        {"type": "TeardownBlocked", "status": "True", "message": "a Pod has a finalizer"}
    )
    return obj


def deleting_namespace():
    obj = environment(status="uninstalling", deleting=True)
    obj["status"]["currentPhase"] = "Deleting Namespace"
    return obj


@pytest.mark.parametrize(
    ("live", "state", "words"),
    [
        (None, State.REACHED, "gone"),
        (DEPLOYED, State.PENDING, "it still exists and has not been deleted yet"),
        (environment(deleting=True), State.PENDING, "being deleted"),
        (deleting_namespace(), State.PENDING, "Deleting Namespace"),
        (blocked(), State.PENDING, "a Pod has a finalizer"),
    ],
)
def test_the_progress_towards_gone_follows_the_deletion(live, state, words):
    judgement = judge(Goal.GONE, live)
    assert judgement.state is state
    assert words in judgement.message
