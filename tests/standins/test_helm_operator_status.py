"""The Helm Operator's vocabulary, word for word."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hack.standins.helm_operator import status as vocabulary
from hack.standins.helm_operator.status import with_observed_generation, with_phase, with_release_status

THEN = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
NOW = THEN + timedelta(minutes=3)
X = "Helm release 'run-pipeline' in 'environment'."


def enter(status: dict[str, Any], phase: str, *, now: datetime = THEN, **more: Any) -> dict[str, Any]:
    return with_phase(status, phase, release="run-pipeline", namespace="environment", now=now, **more)


def summary(status: dict[str, Any]) -> list[tuple[str, str]]:
    return [(condition["type"], condition["status"]) for condition in status["conditions"]]


@pytest.mark.parametrize(
    ("phase", "conditions", "message"),
    [
        ("ChartFetched", [("ChartFetched", "True")], f"Chart fetch was successful for {X}"),
        ("ChartFetchFailed", [("ChartFetched", "False"), ("Released", "False")], f"Chart fetch failed for {X}"),
        ("Installing", [("Deployed", "Unknown")], f"Running installation for {X}"),
        ("Upgrading", [("Deployed", "Unknown")], f"Running upgrade for {X}"),
        ("Deployed", [("Deployed", "True")], f"Installation or upgrade succeeded for {X}"),
        ("DeployFailed", [("Deployed", "False"), ("Released", "False")], f"Installation or upgrade failed for {X}"),
        ("Testing", [("Tested", "Unknown")], f"Testing {X}"),
        ("Tested", [("Tested", "True")], f"Tested {X}"),
        ("TestFailed", [("Tested", "False"), ("Released", "False")], f"Test failed for {X}"),
        ("Succeeded", [("Released", "True")], f"Release was successful for {X}"),
        ("Failed", [("Released", "False")], f"Release failed for {X}"),
        ("RollingBack", [("RolledBack", "Unknown")], f"Rolling back {X}"),
        ("RolledBack", [("RolledBack", "True")], f"Rolled back {X}"),
        ("RollbackFailed", [("RolledBack", "False")], f"Rollback failed for {X}"),
    ],
)
def test_each_phase_sets_its_conditions_with_the_phase_as_their_reason(
    phase: str, conditions: list[tuple[str, str]], message: str
) -> None:
    status = enter({}, phase)
    assert status["phase"] == phase
    assert summary(status) == conditions
    assert {condition["reason"] for condition in status["conditions"]} == {phase}
    assert {condition["message"] for condition in status["conditions"]} == {message}
    assert {condition["lastUpdateTime"] for condition in status["conditions"]} == {"2026-01-31T12:00:00Z"}


def test_every_phase_of_the_vocabulary_is_in_the_table_above() -> None:
    assert len(vocabulary.PHASES) == 14


def test_an_ignored_test_failure_leaves_the_release_alone() -> None:
    assert summary(enter({}, "TestFailed", ignore_test_failures=True)) == [("Tested", "False")]


def test_the_first_release_of_a_slow_mirror_ends_with_a_stale_failed_fetch() -> None:
    """The three conditions of a healthy release, in the order in which users see them."""
    status: dict[str, Any] = {}
    for phase in ("ChartFetchFailed", "Installing", "Deployed", "Succeeded"):
        status = enter(status, phase, revision="6f50ff2f")
    assert summary(status) == [("ChartFetched", "False"), ("Deployed", "True"), ("Released", "True")]
    assert (status["lastAttemptedRevision"], status["revision"]) == ("6f50ff2f", "6f50ff2f")


def test_every_sync_moves_the_update_time_and_a_status_the_transition_time() -> None:
    once = enter({}, "Succeeded")
    again = enter(once, "Succeeded", now=NOW)
    failed = enter(again, "Failed", now=NOW + timedelta(minutes=3))

    assert again["conditions"][0]["lastUpdateTime"] == "2026-01-31T12:03:00Z"
    assert again["conditions"][0]["lastTransitionTime"] == "2026-01-31T12:00:00Z"
    assert failed["conditions"][0]["lastTransitionTime"] == "2026-01-31T12:06:00Z"


def test_released_stays_true_while_upgrading() -> None:
    status = enter(enter({}, "Succeeded"), "Upgrading", now=NOW)
    assert summary(status) == [("Released", "True"), ("Deployed", "Unknown")]


def test_rollbacks_are_counted_and_forgotten_on_success() -> None:
    status = enter(enter({}, "RollingBack"), "RolledBack")
    assert (status["rollbackCount"], summary(status)) == (1, [("RolledBack", "True")])
    status = enter(enter(status, "RollingBack"), "RolledBack")
    assert status["rollbackCount"] == 2
    status = enter(status, "Succeeded")
    assert "rollbackCount" not in status
    assert summary(status) == [("Released", "True")]


def test_a_failed_attempt_does_not_record_a_deployed_revision() -> None:
    status = enter(enter({"revision": "old"}, "Upgrading", revision="new"), "DeployFailed", revision="new")
    assert (status["revision"], status["lastAttemptedRevision"]) == ("old", "new")


def test_the_observed_generation_never_goes_back() -> None:
    assert with_observed_generation({"observedGeneration": 3}, 2) == {"observedGeneration": 3}
    assert with_observed_generation({}, 2) == {"observedGeneration": 2}


def test_the_release_s_status_is_kept_when_the_release_vanishes() -> None:
    status = with_release_status({}, release="x", release_status="deployed")
    assert status == {"releaseName": "x", "releaseStatus": "deployed"}
    assert with_release_status(status, release="x", release_status="") == status


def test_nothing_is_changed_in_place() -> None:
    before = enter({}, "Succeeded")
    conditions = list(before["conditions"])
    enter(before, "Failed", now=NOW)
    assert before["conditions"] == conditions
