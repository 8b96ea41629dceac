"""The helm-controller's decisions: tables of a release's state and the action that follows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hack.standins.flux import snapshots
from hack.standins.flux.decision import (
    Action,
    MissingRollbackTarget,
    RetriesExceeded,
    State,
    UnknownState,
    Wanted,
    action,
    retries_left,
    state,
    target_changed,
)
from hack.standins.flux.release import HelmRelease
from hack.standins.helm.storage import Release

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = {"replicas": 1}
WANTED = Wanted("application", "0.0.0+abc", VALUES)


def release(status: str = "deployed", *, version: int = 1, **changes: Any) -> Release:
    fields: dict[str, Any] = {
        "name": "run",
        "namespace": "environment",
        "version": version,
        "status": status,
        "description": "",
        "config": VALUES,
        "chart": {"metadata": {"name": "application", "version": "0.0.0+abc"}},
        "manifest": "",
        "hooks": (),
        "first_deployed": NOW,
        "last_deployed": NOW,
    }
    return Release(**{**fields, **changes})


def helm_release(**spec: Any) -> HelmRelease:
    return HelmRelease({"metadata": {"name": "run", "namespace": "environment"}, "spec": {"interval": "1m", **spec}})


def status_of(*releases: Release, **fields: Any) -> dict[str, Any]:
    """A status that remembers these revisions, newest first."""
    return {"history": [snapshots.snapshot(one) for one in releases], "storageNamespace": "environment", **fields}


TESTED = {"test": {"enable": True}}


@pytest.mark.parametrize(
    ("spec", "status", "last", "want"),
    [
        ({}, {}, None, State.ABSENT),
        ({}, status_of(release()), None, State.ABSENT),
        ({}, {}, release(), State.UNMANAGED),
        ({}, status_of(release()), release(manifest="other"), State.UNMANAGED),
        ({}, status_of(release()), release(version=2), State.UNMANAGED),
        ({}, status_of(release()), release("pending-upgrade", version=2), State.LOCKED),
        ({}, status_of(release("failed")), release("failed"), State.FAILED),
        ({}, status_of(release()), release(), State.IN_SYNC),
        ({}, status_of(release(config={})), release(config={}), State.OUT_OF_SYNC),
        (TESTED, status_of(release()), release(), State.UNTESTED),
    ],
)
def test_the_state_is_what_storage_has_compared_with_what_is_remembered_and_wanted(
    spec: dict[str, Any], status: dict[str, Any], last: Release | None, want: State
) -> None:
    assert state(helm_release(**spec), status, last, WANTED) is want


def test_another_chart_version_is_out_of_sync() -> None:
    wanted = Wanted("application", "0.0.0+def", VALUES)
    assert state(helm_release(), status_of(release()), release(), wanted) is State.OUT_OF_SYNC


def test_an_uninstall_that_never_ended_is_an_unknown_state() -> None:
    left = release("uninstalling")
    with pytest.raises(UnknownState, match="status 'uninstalling'"):
        state(helm_release(), status_of(left), left, WANTED)


def failed(action: str, count: int, *more: Release) -> dict[str, Any]:
    """A status after `count` failures of an action."""
    counters = {f"{action}Failures": count, "lastAttemptedReleaseAction": action}
    return status_of(release("failed", version=2), *more, **counters)


RETRY = {"strategy": {"name": "RetryOnFailure"}}


@pytest.mark.parametrize(
    ("spec", "status", "found", "want"),
    [
        ({}, {}, State.ABSENT, Action.INSTALL),
        ({}, {}, State.IN_SYNC, None),
        ({}, {}, State.LOCKED, Action.UNLOCK),
        ({}, {}, State.UNMANAGED, Action.UPGRADE),
        ({}, {}, State.OUT_OF_SYNC, Action.UPGRADE),
        ({}, {}, State.UNTESTED, Action.TEST),
        # One failure is too many where nothing is said about remediation.
        ({}, failed("install", 1), State.ABSENT, RetriesExceeded),
        ({}, failed("install", 1), State.FAILED, RetriesExceeded),
        ({}, failed("upgrade", 1), State.OUT_OF_SYNC, RetriesExceeded),
        # The counters were reset: the reason of the failure may be gone.
        ({}, failed("install", 0), State.FAILED, Action.UPGRADE),
        ({"install": {"remediation": {"retries": 2}}}, failed("install", 2), State.FAILED, Action.UNINSTALL),
        ({"install": {"remediation": {"retries": 2}}}, failed("install", 3), State.FAILED, RetriesExceeded),
        ({"install": {"remediation": {"retries": -1}}}, failed("install", 99), State.FAILED, Action.UNINSTALL),
        (
            {"install": {"remediation": {"retries": 0, "remediateLastFailure": True}}},
            failed("install", 1),
            State.FAILED,
            Action.UNINSTALL,
        ),
        (
            {"upgrade": {"remediation": {"retries": 1}}},
            failed("upgrade", 2, release("superseded")),
            State.FAILED,
            Action.ROLLBACK,
        ),
        ({"upgrade": {"remediation": {"retries": 1}}}, failed("upgrade", 1), State.FAILED, MissingRollbackTarget),
        (
            {"upgrade": {"remediation": {"retries": 1, "strategy": "uninstall"}}},
            failed("upgrade", 1, release("superseded")),
            State.FAILED,
            Action.UNINSTALL,
        ),
        ({"install": RETRY}, failed("install", 9), State.FAILED, Action.UPGRADE),
        ({"upgrade": RETRY}, failed("upgrade", 9), State.FAILED, Action.UPGRADE),
    ],
)
def test_the_action_follows_from_the_state_the_failures_and_the_remediation(
    spec: dict[str, Any], status: dict[str, Any], found: State, want: Any
) -> None:
    hr = helm_release(**spec)
    if isinstance(want, type):
        with pytest.raises(want):
            action(hr, status, found, forced=False)
    else:
        assert action(hr, status, found, forced=False) is want


@pytest.mark.parametrize("found", [State.IN_SYNC, State.OUT_OF_SYNC, State.FAILED])
def test_a_force_request_upgrades_despite_earlier_failures(found: State) -> None:
    assert action(helm_release(), failed("upgrade", 3), found, forced=True) is Action.UPGRADE


@pytest.mark.parametrize(("retries", "failures", "left"), [(0, 1, False), (2, 2, True), (2, 3, False), (-1, 99, True)])
def test_retries_are_counted_by_failures(retries: int, failures: int, left: bool) -> None:
    hr = helm_release(install={"remediation": {"retries": retries}})
    assert retries_left(hr, failed("install", failures)) is left


@pytest.mark.parametrize(
    ("spec", "chart", "want"),
    [
        ({"releaseName": "run"}, "application", False),
        ({"releaseName": "other"}, "application", True),
        ({"releaseName": "run", "targetNamespace": "other"}, "application", True),
        ({"releaseName": "run", "storageNamespace": "other"}, "application", True),
        ({"releaseName": "run"}, "renamed", True),
        ({"releaseName": "run", "upgrade": {"chartNameChangeStrategy": "InPlaceUpdate"}}, "renamed", False),
    ],
)
def test_another_name_or_place_or_chart_means_that_the_old_one_has_to_go(
    spec: dict[str, Any], chart: str, want: bool
) -> None:
    assert target_changed(helm_release(**spec), status_of(release()), chart) is want


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        ({"releaseName": "given"}, "given"),
        ({}, "run"),
        ({"targetNamespace": "there"}, "there-run"),
        ({"targetNamespace": "t" * 60}, "t" * 40 + "-"),
    ],
)
def test_a_release_is_named_after_its_object_and_shortened_for_helm(spec: dict[str, Any], want: str) -> None:
    name = helm_release(**spec).release_name
    assert name.startswith(want)
    assert len(name) <= 53


def test_the_history_keeps_what_a_rollback_needs() -> None:
    history = [snapshots.snapshot(release(status, version=version)) for version, status in (
        (5, "failed"),
        (4, "failed"),
        (3, "superseded"),
        (2, "superseded"),
    )]  # fmt: skip
    target = snapshots.previous(history, ignore_tests=False)
    assert target is not None
    assert target["version"] == 3
    assert [each["version"] for each in snapshots.truncated(history, ignore_tests=False)] == [5, 4, 3]


def test_a_rollback_skips_a_revision_with_failed_tests_unless_ignored() -> None:
    tested = {**snapshots.snapshot(release("superseded")), "testHooks": {"test": {"phase": "Failed"}}}
    history = [snapshots.snapshot(release("failed", version=2)), tested]
    assert snapshots.previous(history, ignore_tests=False) is None
    assert snapshots.previous(history, ignore_tests=True) == tested
