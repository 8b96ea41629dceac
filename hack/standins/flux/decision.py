"""Decides what the helm-controller does next: the state of a release, and the action for that state. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hack.standins.flux import snapshots
from hack.standins.flux.release import INSTALL, UPGRADE, HelmRelease
from hack.standins.flux.snapshots import Snapshot
from hack.standins.helm import storage
from hack.standins.helm.storage import Release


class State(Enum):
    """A stored release compared with the wanted one."""

    ABSENT = "absent"
    LOCKED = "locked"
    UNMANAGED = "unmanaged"
    OUT_OF_SYNC = "out of sync"
    UNTESTED = "untested"
    FAILED = "failed"
    IN_SYNC = "in sync"


class Action(Enum):
    """An action. The values appear in messages."""

    INSTALL = "install"
    UPGRADE = "upgrade"
    TEST = "test"
    UNLOCK = "unlock"
    ROLLBACK = "rollback"
    UNINSTALL = "uninstall"

    @property
    def is_release(self) -> bool:
        return self in (Action.INSTALL, Action.UPGRADE)

    @property
    def is_remediation(self) -> bool:
        return self in (Action.ROLLBACK, Action.UNINSTALL)

    @property
    def type(self) -> str:
        """Actions of one type are done once in a run."""
        return "release" if self.is_release else "remediate" if self.is_remediation else self.value


class RetriesExceeded(Exception):
    """No retries are left."""


class MissingRollbackTarget(Exception):
    """No revision is available to roll back to."""


class UnknownState(Exception):
    """The release has a status that the controller does not know."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should be released: the chart's name and version, and the values."""

    chart_name: str
    chart_version: str
    values: Mapping[str, Any]


def state(hr: HelmRelease, status: Mapping[str, Any], last: Release | None, wanted: Wanted) -> State:
    """The state of a release. Raises UnknownState.

    Args:
        status: of the HelmRelease, as it is now.
        last: the newest revision in storage.
    """
    if last is None:
        return State.ABSENT
    if last.status in storage.PENDING:
        return State.LOCKED
    current = snapshots.latest(status.get("history") or ())
    if current is None or not snapshots.is_of(current, last):
        return State.UNMANAGED
    if last.status == storage.FAILED:
        return State.FAILED
    if last.status != storage.DEPLOYED:
        raise UnknownState(f"unable to determine state for release with status '{last.status}'")
    if (current["chartName"], current["chartVersion"]) != (wanted.chart_name, wanted.chart_version):
        return State.OUT_OF_SYNC
    if current["configDigest"] != snapshots.config_digest(wanted.values):
        return State.OUT_OF_SYNC
    if hr.tests and not snapshots.was_tested(current):
        return State.UNTESTED
    if hr.tests and snapshots.failed_tests(current) and not _ignores_tests(hr, status):
        return State.FAILED
    return State.IN_SYNC


def action(hr: HelmRelease, status: Mapping[str, Any], found: State, *, forced: bool) -> Action | None:
    """The action for a state; None when all is done. Raises RetriesExceeded, MissingRollbackTarget."""
    match found:
        case State.IN_SYNC:
            return Action.UPGRADE if forced else None
        case State.LOCKED:
            return Action.UNLOCK
        case State.UNTESTED:
            return Action.TEST
        case State.UNMANAGED:
            return Action.UPGRADE
        case State.ABSENT:
            return _unless_exhausted(hr, status, Action.INSTALL, forced=forced)
        case State.OUT_OF_SYNC:
            return _unless_exhausted(hr, status, Action.UPGRADE, forced=forced)
        case State.FAILED:
            return _after_failure(hr, status, forced=forced)


def failures(status: Mapping[str, Any], action: str) -> int:
    """Return the number of failures of `install` or `upgrade`."""
    return int(status.get(f"{action}Failures") or 0)


def retries_left(hr: HelmRelease, status: Mapping[str, Any]) -> bool:
    """Whether the last action may be retried."""
    attempted = str(status.get("lastAttemptedReleaseAction") or "")
    remediation = hr.remediation(attempted)
    return remediation is None or not remediation.exhausted(failures(status, attempted))


def target_changed(hr: HelmRelease, status: Mapping[str, Any], chart_name: str) -> bool:
    """Whether the release has another name, namespace or chart now, so that the old one has to be uninstalled first."""
    current = snapshots.latest(status.get("history") or ())
    stored_in = status.get("storageNamespace")
    if current is None or not stored_in:
        return False
    reinstalls = hr.section(UPGRADE).get("chartNameChangeStrategy") != "InPlaceUpdate"
    return (
        stored_in != hr.storage_namespace
        or current["namespace"] != hr.release_namespace
        or current["name"] != hr.release_name
        or (reinstalls and current["chartName"] != chart_name)
    )


def _unless_exhausted(hr: HelmRelease, status: Mapping[str, Any], wanted: Action, *, forced: bool) -> Action:
    remediation = hr.remediation(wanted.value)
    if remediation is not None and remediation.exhausted(failures(status, wanted.value)) and not forced:
        raise RetriesExceeded
    return wanted


def _after_failure(hr: HelmRelease, status: Mapping[str, Any], *, forced: bool) -> Action:
    attempted = str(status.get("lastAttemptedReleaseAction") or "")
    remediation = hr.remediation(attempted)
    if remediation is None or hr.retry_interval(attempted) is not None:
        return Action.UPGRADE
    count = failures(status, attempted)
    if count <= 0 or forced:
        # What the failure was about has changed since.
        return Action.UPGRADE
    if remediation.exhausted(count) and not remediation.of_last:
        raise RetriesExceeded
    if remediation.strategy == "uninstall":
        return Action.UNINSTALL
    if rollback_target(hr, status) is None:
        raise MissingRollbackTarget
    return Action.ROLLBACK


def rollback_target(hr: HelmRelease, status: Mapping[str, Any]) -> Snapshot | None:
    """The revision that a rollback leads to."""
    history: Sequence[Snapshot] = status.get("history") or ()
    return snapshots.previous(history, ignore_tests=_ignores_tests(hr, status))


def _ignores_tests(hr: HelmRelease, status: Mapping[str, Any]) -> bool:
    remediation = hr.remediation(str(status.get("lastAttemptedReleaseAction") or INSTALL))
    return remediation is not None and remediation.ignores_tests
