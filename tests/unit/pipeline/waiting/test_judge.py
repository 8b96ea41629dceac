"""Whether an environment is where it is wanted, for every state that it can be in."""

import pytest

from controller.pipeline.waiting import Goal, State
from controller.pipeline.waiting.judge import judge
from tests.unit.pipeline.waiting.environments import as_file, environment, later

DEPLOYED = environment(status="deployed", message="Release was successful.")
FAILED = environment(status="failed", message="Helm install failed: no such image")


@pytest.mark.parametrize(
    ("live", "state", "words"),
    [
        (None, State.PENDING, "not in the cluster yet"),
        (environment(), State.PENDING, "not looked at this spec yet"),
        (environment(status="pending", message="Waiting for the chart."), State.PENDING, "pending: Waiting for the"),
        (environment(status="deploying"), State.PENDING, "deploying"),
        (DEPLOYED, State.REACHED, "deployed: Release was successful."),
        (FAILED, State.FAILED, "Because: Helm install failed: no such image"),
        (environment(status="suspended", ready="True"), State.PENDING, "suspended"),
        (environment(status="suspended", ready="True", suspend=True), State.FAILED, "suspended by its own spec"),
        (environment(status="uninstalling", deleting=True), State.PENDING, "being taken down"),
        (environment(status="deployed", deleting=True), State.PENDING, "being taken down"),
        # What is said of an older spec counts neither for nor against the newer one.
        (later(DEPLOYED), State.PENDING, "not looked at this spec yet"),
        (later(FAILED), State.PENDING, "not looked at this spec yet"),
    ],
)
def test_deployed(live, state, words):
    judgement = judge(Goal.DEPLOYED, live)
    assert judgement.state is state
    assert words in judgement.message


def test_a_condition_of_an_older_generation_is_not_believed():
    half_written = environment(2, status="deployed")
    half_written["status"]["conditions"][0]["observedGeneration"] = 1
    assert judge(Goal.DEPLOYED, half_written).state is State.PENDING


@pytest.mark.parametrize("live", [DEPLOYED, FAILED, environment(status="suspended", suspend=True)])
def test_the_snapshot_before_does_not_count(live):
    judgement = judge(Goal.DEPLOYED, live, wanted=as_file(environment(tag="two")))
    assert judgement.state is State.PENDING
    assert "another spec" in judgement.message


@pytest.mark.parametrize("live", [DEPLOYED, FAILED])
def test_with_the_files_own_spec_it_does(live):
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
        (DEPLOYED, State.PENDING, "it is still there, and has not been deleted yet"),
        (environment(deleting=True), State.PENDING, "being taken down"),
        (deleting_namespace(), State.PENDING, "Deleting Namespace"),
        (blocked(), State.PENDING, "a Pod has a finalizer"),
    ],
)
def test_gone(live, state, words):
    judgement = judge(Goal.GONE, live)
    assert judgement.state is state
    assert words in judgement.message
