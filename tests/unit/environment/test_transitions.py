"""Which changes of a status are worth an Event: transitions, and nothing else."""

import pytest

from controller.environment import transitions


def _status(state, *, generation=1, message="words", **conditions):
    return {
        "applicationStatus": state,
        "applicationStatusMsg": message,
        "observedGeneration": generation,
        "conditions": [
            {"type": type_, "status": status, "reason": reason, "message": message}
            for type_, (status, reason) in conditions.items()
        ],
    }


FAILED = _status("failed", ReleaseReady=("False", "Failed"))
STALLED = _status("failed", Stalled=("True", "InvalidSpec"))
NOT_OURS = _status("failed", ReleaseReady=("False", "ReleaseNotOwned"), Stalled=("True", "ReleaseNotOwned"))
HELD = _status(
    "pending",
    NamespaceReady=("False", "NamespaceTerminating"),
    Reconciling=("True", "NamespaceTerminating"),
)
WAITING = _status(
    "pending",
    NamespaceReady=("Unknown", "NamespaceTerminating"),
    Reconciling=("True", "NamespaceTerminating"),
)
RELEASE_HELD = _status(
    "pending",
    ReleaseReady=("False", "ReleaseTerminating"),
    Reconciling=("True", "ReleaseTerminating"),
)
LACKING = _status("deployed", ResourcesReady=("False", "UnknownKind"))
BLOCKED = _status("uninstalling", TeardownBlocked=("True", "TeardownBlocked"))


@pytest.mark.parametrize(
    ("before", "after", "want"),
    [
        ({}, _status("pending"), []),
        ({}, _status("deployed"), ["Deployed"]),
        (_status("deploying"), _status("deployed"), ["Deployed"]),
        (_status("deployed"), _status("deployed"), []),
        (_status("deployed"), _status("deployed", message="other words"), []),
        (_status("deployed"), _status("deployed", generation=2), ["Deployed"]),
        (_status("deploying"), FAILED, ["ReleaseFailed"]),
        (FAILED, FAILED, []),
        (FAILED, _status("failed", message="now explained", ReleaseReady=("False", "Failed")), []),
        (FAILED, _status("failed", ReleaseReady=("False", "RolledBack")), ["ReleaseFailed"]),
        (FAILED, _status("failed", generation=2, ReleaseReady=("False", "Failed")), ["ReleaseFailed"]),
        (FAILED, _status("deployed"), ["Deployed"]),
        (_status("deployed"), LACKING, ["ResourcesNotApplied"]),
        (LACKING, LACKING, []),
        (LACKING, _status("deployed", ResourcesReady=("False", "Forbidden")), ["ResourcesNotApplied"]),
        (_status("deployed", ResourcesReady=("True", "UnknownKind")), LACKING, ["ResourcesNotApplied"]),
        (_status("deployed"), _status("deployed", ResourcesReady=("Unknown", "SecretMissing")), []),
        (
            _status("deployed"),
            _status("failed", ResourcesReady=("False", "UnknownKind"), Stalled=("True", "UnknownKind")),
            ["Stalled"],
        ),
        ({}, STALLED, ["Stalled"]),
        (STALLED, STALLED, []),
        (STALLED, _status("failed", Stalled=("True", "NamespaceNotOwned")), ["Stalled"]),
        (STALLED, _status("failed", message="other", Stalled=("True", "InvalidSpec")), ["Stalled"]),
        (_status("deploying"), NOT_OURS, ["Stalled"]),
        (_status("uninstalling"), BLOCKED, ["TeardownBlocked"]),
        (BLOCKED, BLOCKED, []),
        ({}, WAITING, []),
        (WAITING, HELD, ["NamespaceTerminating"]),
        (HELD, HELD, []),
        (HELD, {**HELD, "applicationStatusMsg": "less remains"}, []),
        (HELD, _status("deployed"), ["Deployed"]),
        ({}, RELEASE_HELD, ["ReleaseTerminating"]),
        (_status("deploying"), _status("suspended"), ["Suspended"]),
        (_status("suspended"), _status("suspended"), []),
        (_status("suspended"), _status("deploying"), ["Resumed"]),
    ],
)
def test_each_change_of_the_status_has_its_events(before, after, want):
    assert [event.reason for event in transitions.events(before, after)] == want


def test_a_failure_emits_a_warning_with_the_releases_message():
    [event] = transitions.events({}, FAILED)

    assert (event.type, event.note) == ("Warning", "words")


def test_a_success_emits_an_event_with_the_releases_message():
    [event] = transitions.events({}, _status("deployed", message="Release was successful"))

    assert (event.type, event.note) == ("Normal", "Release was successful")


def test_a_new_failure_has_the_reason_that_metrics_count():
    assert transitions.release_failure({}, FAILED) == "Failed"
    assert transitions.release_failure(FAILED, FAILED) == ""
    assert transitions.release_failure({}, STALLED) == ""
    assert transitions.release_failure({}, NOT_OURS) == ""
    assert transitions.release_failure({}, RELEASE_HELD) == ""
