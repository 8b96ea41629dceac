"""The status of an environment, derived from what was observed and decided."""

from dataclasses import replace

import pytest

from controller.api.environment import Environment
from controller.environment import status
from controller.environment.decide import decide
from tests.unit.environment.support.builders import (
    GIT,
    LABELS,
    NAME,
    ago,
    environment,
    foreign_namespace,
    foreign_release,
    helm_release,
    namespace,
    namespace_target,
    observation,
    operator_options,
    operator_status,
    our_labels,
    release_target,
    words,
)

OPTIONS = operator_options()
IDLE = "Waiting For Next Reconciliation Loop"


def _status(options=OPTIONS, **seen):
    built = observation(**{"namespace": namespace(), **seen})
    return status.desired(built, decide(built, options), options)


def _of(phase, *, release=None, **changes):
    of = environment(**changes)
    return _status(environment=of, releases=[helm_release(of, status=operator_status(phase), **(release or {}))])


def _conditions(found):
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in found["conditions"]}


SITUATIONS = {
    "new": lambda: _status(namespace=None),
    "created": lambda: _of("Installing"),
    "pending": lambda: _of("ChartFetchFailed"),
    "deployed": lambda: _of("Succeeded"),
    "failed": lambda: _of("Failed"),
    "upgrading": lambda: _of("Succeeded", release={"generation": 2}),
    "refused": lambda: _status(namespace=foreign_namespace()),
    "bad": lambda: _status(environment=environment(chart={"git": "file:///etc"})),
    "terminating": lambda: _status(namespace=namespace(deleting=True)),
    "not our release": lambda: _status(answers={release_target(): foreign_release()}),
    "renamed": lambda: _status(releases=[helm_release(name="before")]),
    "going": lambda: _status(environment=environment(deleting=True), answers={namespace_target(): namespace()}),
    "blocked": lambda: _status(
        environment=environment(deleting=True),
        answers={
            namespace_target(): namespace(
                deleting=True,
                conditions=[{"type": "NamespaceFinalizersRemaining", "status": "True", "message": "x has finalizers"}],
            ),
            release_target(): None,
        },
    ),
}


@pytest.fixture(params=list(SITUATIONS))
def any_status(request):
    return SITUATIONS[request.param]()


# What holds in every situation


def test_reconciling_and_stalled_exist_only_while_true_and_never_together(any_status):
    conditions = _conditions(any_status)

    assert not {"Reconciling", "Stalled"} <= conditions.keys()
    assert all(conditions[type_][0] == "True" for type_ in ("Reconciling", "Stalled") if type_ in conditions)


def test_an_environment_is_ready_stalled_or_reconciling(any_status):
    ready = _conditions(any_status)["Ready"][0]

    assert (ready == "True") == (any_status["applicationStatus"] == "deployed")
    assert ready != "Unknown" or "Reconciling" in _conditions(any_status)


def test_the_status_and_every_condition_have_the_generation(any_status):
    assert any_status["observedGeneration"] == 1
    assert {condition["observedGeneration"] for condition in any_status["conditions"]} == {1}


def test_every_condition_has_a_reason_and_a_message_without_a_time(any_status):
    for condition in any_status["conditions"]:
        assert condition["reason"].isalnum()
        assert condition["message"]
        assert "2026" not in condition["message"]
    assert any_status["applicationStatusMsg"] != ""


def test_the_status_is_the_same_when_it_is_derived_again(any_status):
    for name, situation in SITUATIONS.items():
        assert situation() == situation(), name


# The guide's


def test_a_deployed_environment_reads_as_in_the_guide():
    found = _of("Succeeded", release={})

    assert {name: value for name, value in found.items() if name != "conditions"} == {
        "applicationStatus": "deployed",
        "applicationStatusMsg": "Release was successful for Helm release 'run-pipeline' in 'shop-74'.",
        "currentPhase": IDLE,
        "namespaceLabels": LABELS,
        "observedGeneration": 1,
        "namespace": NAME,
        "release": {"engine": "helm-operator", "name": "run-pipeline"},
    }
    assert _conditions(found) == {
        "Ready": ("True", "Deployed"),
        "NamespaceReady": ("True", "Active"),
        "ResourcesReady": ("True", "Applied"),
        "ReleaseReady": ("True", "Succeeded"),
    }


def test_the_deployed_revision_is_shown():
    release = helm_release(status=operator_status("Succeeded", revision="6f50ff2"))

    assert _status(releases=[release])["release"]["revision"] == "6f50ff2"


# Progress


@pytest.mark.parametrize(
    ("phase", "state", "message"),
    [
        ("ChartFetchFailed", "pending", "Waiting for the chart to be fetched."),
        ("ChartFetched", "deploying", words("Installing")),
        ("Installing", "deploying", words("Installing")),
        ("Deployed", "deploying", words("Installing")),
        ("Upgrading", "deploying", words("Upgrading")),
    ],
)
def test_a_release_in_progress_is_neither_ready_nor_failed(phase, state, message):
    found = _of(phase)

    assert (found["applicationStatus"], found["applicationStatusMsg"]) == (state, message)
    assert found["currentPhase"] == "Waiting For Release"
    assert _conditions(found) == {
        "Ready": ("Unknown", "Progressing"),
        "NamespaceReady": ("True", "Active"),
        "ResourcesReady": ("True", "Applied"),
        "ReleaseReady": ("Unknown", "Progressing"),
        "Reconciling": ("True", "Progressing"),
    }


def test_a_new_or_changed_release_is_being_deployed():
    assert _status()["currentPhase"] == "Deploying Release"
    changed = environment(release={"values": {"tag": "2"}})
    seen = observation(
        environment=changed, namespace=namespace(), releases=[helm_release(status=operator_status("Succeeded"))]
    )
    plan = decide(seen, OPTIONS)
    answer = helm_release(changed, status=operator_status("Succeeded"), generation=2)
    found = status.desired(replace(seen, answers={release_target(): answer}), plan, OPTIONS)
    assert found["currentPhase"] == "Deploying Release"


def test_an_old_success_is_not_shown_for_a_new_generation():
    found = _of("Succeeded", release={"generation": 2})

    assert found["applicationStatus"] != "deployed"
    assert _conditions(found)["Ready"][0] == "Unknown"


def test_the_stages_of_an_installation_share_one_status():
    stages = [_of(phase) for phase in ("ChartFetched", "Installing", "Deployed")]

    assert stages[0] == stages[1] == stages[2]


@pytest.mark.parametrize(("passing", "want"), [("Installing", True), ("Succeeded", False), ("Failed", False)])
def test_only_an_intermediate_state_is_temporary(passing, want):
    assert status.is_passing(_of(passing), Environment({})) is want


# Failure


def test_a_failed_release_is_idle_and_not_stalled():
    found = _of("Failed")

    assert (found["applicationStatus"], found["currentPhase"]) == ("failed", IDLE)
    assert found["applicationStatusMsg"] == words("Failed")
    assert _conditions(found) == {
        "Ready": ("False", "ReleaseFailed"),
        "NamespaceReady": ("True", "Active"),
        "ResourcesReady": ("True", "Applied"),
        "ReleaseReady": ("False", "Failed"),
    }


def test_a_long_message_is_shortened_for_the_table():
    long = environment(release={"valuesFrom": [{}] * 64})

    assert len(_status(environment=long)["applicationStatusMsg"]) == 1024


@pytest.mark.parametrize(
    ("situation", "reason"),
    [("bad", "InvalidSpec"), ("refused", "NamespaceNotOwned"), ("not our release", "ReleaseNotOwned")],
)
def test_a_problem_that_needs_a_person_is_stalled_with_its_reason(situation, reason):
    found = SITUATIONS[situation]()

    assert (found["applicationStatus"], found["currentPhase"]) == ("failed", IDLE)
    assert _conditions(found)["Stalled"] == ("True", reason)
    assert _conditions(found)["Ready"] == ("False", reason)


# The namespace


def test_the_status_shows_that_a_namespace_is_not_ready():
    assert _conditions(SITUATIONS["refused"]())["NamespaceReady"] == ("False", "NamespaceNotOwned")
    waiting = SITUATIONS["terminating"]()
    assert _conditions(waiting)["NamespaceReady"] == ("Unknown", "NamespaceTerminating")
    assert (waiting["applicationStatus"], waiting["currentPhase"]) == ("pending", "Provisioning Namespace")


@pytest.mark.parametrize(("situation", "state"), [("renamed", "Unknown"), ("not our release", "False")])
def test_a_blocked_release_does_not_affect_the_namespace_and_its_labels(situation, state):
    found = SITUATIONS[situation]()

    assert _conditions(found)["NamespaceReady"] == ("True", "Active")
    assert _conditions(found)["ReleaseReady"][0] == state
    assert found["namespaceLabels"] == LABELS


def test_labels_are_not_mirrored_before_our_namespace_exists():
    assert "namespaceLabels" not in SITUATIONS["refused"]()


def test_a_label_that_the_operator_overrides_is_not_mirrored():
    options = operator_options(namespace_labels={"team": "platform"})
    labels = our_labels({**LABELS, "team": "platform"})

    found = _status(options, namespace=namespace(labels=labels, applied=labels))

    assert found["namespaceLabels"] == {"kind": "pr", "stakater.com/tenant": "veeru"}


def test_the_status_shows_an_uninstall_before_a_rename():
    found = SITUATIONS["renamed"]()

    assert found["currentPhase"] == "Uninstalling Release"
    assert _conditions(found)["Reconciling"] == ("True", "UninstallingRelease")


def test_the_old_release_is_remembered_until_it_is_uninstalled():
    before = {"engine": "helm-operator", "name": "before", "revision": "1"}

    found = _status(environment=environment(status={"release": before}))

    assert found["release"] == before


# Suspension


def test_a_suspended_environment_keeps_its_state_and_is_suspended():
    deployed = _of("Succeeded")

    found = _status(environment=environment(suspend=True, generation=2, status=deployed))

    assert found["applicationStatus"] == "suspended"
    assert found["currentPhase"] == "Suspended"
    assert found["observedGeneration"] == 2
    same = ("applicationStatusMsg", "namespaceLabels", "namespace", "release", "conditions")
    assert {name: found[name] for name in same} == {name: deployed[name] for name in same}


def test_a_suspended_environment_is_not_reconciling():
    found = _status(environment=environment(suspend=True, status=_of("Installing")))

    assert "Reconciling" not in _conditions(found)


# Teardown


@pytest.mark.parametrize(
    ("answers", "phase"),
    [
        ({namespace_target(): namespace()}, "Uninstalling Release"),
        ({namespace_target(): namespace(), release_target(): helm_release()}, "Uninstalling Release"),
        ({namespace_target(): namespace(deleting=True), release_target(): None}, "Deleting Namespace"),
    ],
)
def test_the_status_shows_the_steps_of_a_teardown(answers, phase):
    found = _status(environment=environment(deleting=True), answers=answers)

    assert (found["applicationStatus"], found["currentPhase"]) == ("uninstalling", phase)
    assert _conditions(found)["Ready"] == ("False", "Terminating")
    assert "Reconciling" in _conditions(found)


def test_a_blocked_teardown_says_what_remains():
    found = SITUATIONS["blocked"]()

    assert found["currentPhase"] == "Deleting Namespace"
    [blocked] = [condition for condition in found["conditions"] if condition["type"] == "TeardownBlocked"]
    assert blocked["status"] == "True"
    assert "x has finalizers" in blocked["message"]


# Transition times


def test_a_transition_time_changes_only_with_the_status():
    before = _of("Installing")
    for condition in before["conditions"]:
        condition["lastTransitionTime"] = ago(1000)
    upgraded = environment(status=before, generation=2)
    release = helm_release(upgraded, status=operator_status("Succeeded"))

    after = _status(environment=upgraded, releases=[release])

    times = {condition["type"]: condition["lastTransitionTime"] for condition in after["conditions"]}
    assert times == {"Ready": ago(0), "NamespaceReady": ago(1000), "ResourcesReady": ago(1000), "ReleaseReady": ago(0)}
    assert {condition["observedGeneration"] for condition in after["conditions"]} == {2}


def test_a_correct_status_does_not_change():
    deployed = _of("Succeeded")
    for condition in deployed["conditions"]:
        condition["lastTransitionTime"] = ago(1000)

    assert _of("Succeeded", status=deployed) == deployed


def test_a_message_about_the_chart_names_only_its_fields():
    # A message that repeated the whole spec would show what authors keep in values.
    secret = environment(release={"values": {"password": "hunter2"}}, chart={"git": GIT, "path": ""})

    assert "hunter2" not in str(_status(environment=secret))
