"""The statuses of the Helm Operator: phases, the conditions of each, and their messages. Pure functions.

A status is only ever the phase's own words. Why something failed stands in Events, nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.apimachinery.timestamps import to_time

CHART_FETCHED = "ChartFetched"
CHART_FETCH_FAILED = "ChartFetchFailed"
INSTALLING = "Installing"
UPGRADING = "Upgrading"
DEPLOYED = "Deployed"
DEPLOY_FAILED = "DeployFailed"
TESTING = "Testing"
TESTED = "Tested"
TEST_FAILED = "TestFailed"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
ROLLING_BACK = "RollingBack"
ROLLED_BACK = "RolledBack"
ROLLBACK_FAILED = "RollbackFailed"

# phase -> (the conditions it sets as (type, status) in the order written, the sentence's beginning)
_PHASES: Mapping[str, tuple[tuple[tuple[str, str], ...], str]] = {
    CHART_FETCHED: ((("ChartFetched", "True"),), "Chart fetch was successful for"),
    CHART_FETCH_FAILED: ((("ChartFetched", "False"), ("Released", "False")), "Chart fetch failed for"),
    INSTALLING: ((("Deployed", "Unknown"),), "Running installation for"),
    UPGRADING: ((("Deployed", "Unknown"),), "Running upgrade for"),
    DEPLOYED: ((("Deployed", "True"),), "Installation or upgrade succeeded for"),
    DEPLOY_FAILED: ((("Deployed", "False"), ("Released", "False")), "Installation or upgrade failed for"),
    TESTING: ((("Tested", "Unknown"),), "Testing"),
    TESTED: ((("Tested", "True"),), "Tested"),
    TEST_FAILED: ((("Tested", "False"), ("Released", "False")), "Test failed for"),
    SUCCEEDED: ((("Released", "True"),), "Release was successful for"),
    FAILED: ((("Released", "False"),), "Release failed for"),
    ROLLING_BACK: ((("RolledBack", "Unknown"),), "Rolling back"),
    ROLLED_BACK: ((("RolledBack", "True"),), "Rolled back"),
    ROLLBACK_FAILED: ((("RolledBack", "False"),), "Rollback failed for"),
}
PHASES = tuple(_PHASES)


def message(phase: str, *, release: str, namespace: str) -> str:
    """Return the message of a phase."""
    return f"{_PHASES[phase][1]} Helm release '{release}' in '{namespace}'."


def with_phase(
    status: Mapping[str, Any],
    phase: str,
    *,
    release: str,
    namespace: str,
    now: datetime,
    revision: str = "",
    ignore_test_failures: bool = False,
) -> dict[str, Any]:
    """Return the status after entering a phase.

    Conditions that the phase sets move to the end of the list. Their update time is `now`; their transition time stays
    unless the status changes. Success forgets a rollback, a rollback is counted. `revision` is recorded as attempted
    when an installation or upgrade begins, and as deployed on success.
    """
    conditions = list(status.get("conditions") or ())
    after = {**status, "phase": phase}
    for type_, value in _PHASES[phase][0]:
        if phase == TEST_FAILED and type_ == "Released" and ignore_test_failures:
            continue
        before = next((condition for condition in conditions if condition["type"] == type_), None)
        unmoved = before is not None and before["status"] == value
        moved_at = before.get("lastTransitionTime") if before is not None and unmoved else None
        conditions = [condition for condition in conditions if condition["type"] != type_]
        conditions.append(
            {
                "type": type_,
                "status": value,
                "reason": phase,
                "message": message(phase, release=release, namespace=namespace),
                "lastUpdateTime": to_time(now),
                "lastTransitionTime": moved_at or to_time(now),
            }
        )
        if (type_, value) == ("Released", "True"):
            conditions = [condition for condition in conditions if condition["type"] != "RolledBack"]
            after.pop("rollbackCount", None)
        elif (type_, value) == ("RolledBack", "True"):
            after["rollbackCount"] = int(status.get("rollbackCount") or 0) + 1
    after["conditions"] = conditions
    if revision and phase in (INSTALLING, UPGRADING):
        after["lastAttemptedRevision"] = revision
    if revision and phase == SUCCEEDED:
        after["revision"] = revision
    return after


def with_observed_generation(status: Mapping[str, Any], generation: int) -> dict[str, Any]:
    """The status after a sync of `generation` has ended, however it ended."""
    return {**status, "observedGeneration": max(generation, int(status.get("observedGeneration") or 0))}


def with_release_status(status: Mapping[str, Any], *, release: str, release_status: str) -> dict[str, Any]:
    """Return the status with the state of the release in Helm; unchanged if the release does not exist."""
    if not release_status:
        return dict(status)
    return {**status, "releaseName": release, "releaseStatus": release_status}
