"""A row in the table of phases is all that a new phase needs besides its own file."""

import pytest

from controller.environment import decide as table
from controller.environment import status
from controller.environment.decide import RELEASE_READY, decide
from controller.environment.decision import Continue, Stop, Wait
from controller.environment.plan import Phase, Plan, Ready, Step
from tests.unit.environment.support.builders import (
    environment,
    helm_release,
    namespace,
    observation,
    operator_options,
    operator_status,
    phase,
)

OPTIONS = operator_options()
WAIT = Wait(reason="QuotaPending", message="The quota is not there yet.")


@pytest.fixture
def add_phase(monkeypatch):
    """Add a phase before the one that makes the release, to the table and nowhere else."""

    def add(decision, *, condition="QuotaReady", **flags):
        added = Phase("quota", lambda observation, options: decision, condition, "Reserving Quota", **flags)
        at = [known.name for known in table.PHASES].index("source")
        monkeypatch.setattr(table, "PHASES", (*table.PHASES[:at], added, *table.PHASES[at:]))

    return add


def _seen(**changes):
    release = helm_release(status=operator_status("Succeeded"))
    return observation(**{"environment": environment(), "namespace": namespace(), "releases": [release]} | changes)


def _status(**changes):
    seen = _seen(**changes)
    return status.desired(seen, decide(seen, OPTIONS), OPTIONS)


def _conditions(found):
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in found["conditions"]}


def _quota(observation):
    return Ready("QuotaGranted", "The quota is reserved.")


def test_a_new_phase_is_part_of_the_plan_and_of_the_metrics(add_phase):
    before = table.names()
    add_phase(Continue())

    assert [step.phase.name for step in decide(_seen(), OPTIONS).steps][6:9] == ["resources", "quota", "source"]
    assert set(table.names()) - set(before) == {"quota"}


def test_a_new_phase_that_waits_shows_its_own_condition_and_current_phase(add_phase):
    add_phase(WAIT, ready=_quota)

    found = _status()

    assert found["currentPhase"] == "Reserving Quota"
    assert _conditions(found) == {
        "Ready": ("Unknown", "QuotaPending"),
        "NamespaceReady": ("True", "Active"),
        "ResourcesReady": ("True", "Applied"),
        "QuotaReady": ("Unknown", "QuotaPending"),
        "Reconciling": ("True", "QuotaPending"),
    }


def test_a_new_phase_that_has_done_its_work_says_so_in_its_condition(add_phase):
    add_phase(Continue(), ready=_quota)

    assert _conditions(_status())["QuotaReady"] == ("True", "QuotaGranted")
    assert _conditions(_status())["Ready"] == ("True", "Deployed")


def test_a_new_phase_may_share_the_condition_of_others(add_phase):
    add_phase(Stop(reason="QuotaExceeded", message="No quota is left."), condition=RELEASE_READY)

    assert _conditions(_status())[RELEASE_READY] == ("False", "QuotaExceeded")
    assert "QuotaReady" not in _conditions(_status())


@pytest.mark.parametrize(("beside", "state"), [(True, "deployed"), (False, "pending")])
def test_a_new_phase_says_whether_a_running_release_outweighs_it(add_phase, beside, state):
    add_phase(WAIT, beside_release=beside)

    assert _status()["applicationStatus"] == state


@pytest.mark.parametrize("suspended", [True, False])
def test_a_new_phase_says_whether_it_decides_for_suspended_environments(add_phase, suspended):
    add_phase(Continue(), while_suspended=suspended)

    steps = decide(_seen(environment=environment(suspend=True)), OPTIONS).steps
    assert ("quota" in [step.phase.name for step in steps]) is suspended


def test_every_phase_of_the_table_has_a_name_of_its_own_and_something_to_show():
    assert len(set(table.names())) == len(table.names())
    assert all(phase.condition and phase.shown_as for phase in table.PHASES)
    assert all(table.ready(condition, _seen()) for condition in table.conditions() if condition != RELEASE_READY)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("namespace", "Provisioning Namespace"),
        ("access", "Applying Resources"),
        ("resources", "Applying Resources"),
        ("source", "Deploying Release"),
        ("release", "Deploying Release"),
        ("prune", "Uninstalling Release"),
        ("health", "Waiting For Release"),
    ],
)
def test_a_phase_that_waits_shows_what_the_environment_waits_for(name, shown):
    plan = Plan((Step(phase(name), WAIT),))

    assert status.desired(_seen(releases=[]), plan, OPTIONS)["currentPhase"] == shown
