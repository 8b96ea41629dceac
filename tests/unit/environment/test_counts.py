"""How many environments are in which status."""

from controller.api.environment import FINALIZER
from controller.environment import counts
from tests.unit.environment.support.builders import environment


def test_environments_are_counted_by_their_status_and_new_ones_are_pending():
    found = [environment(status={"applicationStatus": state}) for state in ("deployed", "failed", "deployed")]

    assert counts.by_status([*found, environment()]) == {"deployed": 2, "failed": 1, "pending": 1}


def test_an_environment_that_only_others_hold_is_not_counted():
    status = {"applicationStatus": "uninstalling"}
    ours = environment(deleting=True, finalizers=[FINALIZER, "others"], status=status)
    theirs = environment(deleting=True, finalizers=["others"], status=status)

    assert counts.by_status([ours, theirs]) == {"uninstalling": 1}


def test_each_true_condition_that_shows_a_problem_is_counted():
    stalled = {"type": "Stalled", "status": "True"}
    contested = {"type": "Contested", "status": "True"}
    odd = {"type": "TeardownBlocked", "status": "False"}
    found = [
        environment(status={"conditions": [stalled, contested]}),
        environment(status={"conditions": [stalled, odd]}),
    ]

    assert counts.abnormal([*found, environment()]) == {"Contested": 1, "Stalled": 2, "TeardownBlocked": 0}
