"""The helm-controller's actions on a release, and what each writes into the HelmRelease's status."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from controller.apimachinery.conditions import FALSE, TRUE, UNKNOWN
from controller.apimachinery.timestamps import to_time
from hack.standins import plays
from hack.standins.events import Events
from hack.standins.flux import decision, snapshots
from hack.standins.flux.conditions import READY, STALLED
from hack.standins.flux.decision import Action
from hack.standins.flux.packaging import Chart
from hack.standins.flux.record import Record
from hack.standins.flux.release import INSTALL, UPGRADE, HelmRelease
from hack.standins.flux.snapshots import chart_name, full_name
from hack.standins.helm import storage
from hack.standins.helm.actions import Helm
from hack.standins.helm.engine import HelmError
from hack.standins.plays import Plays

RELEASED = "Released"
TESTED = "TestSuccess"
REMEDIATED = "Remediated"


class ActionFailed(Exception):
    """An action failed before it stored anything. It needs no remediation and is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """Bound to one HelmRelease and one run.

    Attributes:
        chart: what is to be released; None where there is only something to remove.
    """

    hr: HelmRelease
    record: Record
    helm: Helm
    events: Events
    plays: Plays
    chart: Chart | None = None
    values: Mapping[str, Any]

    @property
    def history(self) -> list[dict[str, Any]]:
        return list(self.record.status.get("history") or ())

    def run(self, action: Action) -> None:
        """Raises ActionFailed, HelmError."""
        match action:
            case Action.INSTALL:
                self._release(INSTALL, "Install")
            case Action.UPGRADE:
                self._release(UPGRADE, "Upgrade")
            case Action.TEST:
                self._test()
            case Action.UNLOCK:
                self._unlock()
            case Action.ROLLBACK:
                self._roll_back()
            case Action.UNINSTALL:
                self._remediate_by_uninstall()

    def uninstall(self) -> None:
        """Uninstall the last release, if there is one.

        Raises HelmError if that fails; the status then contains the reason.
        """
        current = snapshots.latest(self.history)
        if current is None:
            self.summarize()
            return
        said = f"for release {full_name(current)} with chart {chart_name(current)}"
        try:
            if not self.helm.history():
                words = f"Release {full_name(current)} was not found, assuming it is uninstalled"
                self.record.mark(RELEASED, FALSE, "UninstallSucceeded", words)
                self.summarize()
                return
            self._uninstall()
        except HelmError as error:
            self._refresh(changed="uninstall")
            self._failed(RELEASED, "UninstallFailed", f"Helm uninstall failed {said}: {error}")
            self.summarize()
            raise
        self.record.status["history"] = snapshots.gone(self.history, "uninstall")
        self.record.status.pop("inventory", None)
        self._ended(RELEASED, FALSE, "UninstallSucceeded", f"Helm uninstall succeeded {said}")
        self.summarize()

    def summarize(self) -> None:
        """Set Ready from the newest of Remediated, TestSuccess and Released. A remediated release is not ready."""
        if not self.hr.tests:
            self.record.drop(TESTED)
        types = [REMEDIATED, RELEASED]
        if self.hr.tests and not self.hr.ignores_test_failures:
            types.insert(1, TESTED)
        found = [condition for type_ in types if (condition := self.record.condition(type_))]
        if not found:
            return
        # Among equals `max` keeps the first: that of the highest priority.
        newest = max(found, key=lambda condition: int(condition["observedGeneration"]))
        status = FALSE if newest["type"] == REMEDIATED else newest["status"]
        if status == TRUE:
            self.record.drop(STALLED)
        self.record.ready(status, newest["reason"], newest["message"])

    def _release(self, action: str, reason: str) -> None:
        assert self.chart is not None
        status = self.record.status
        status["lastAttemptedReleaseAction"] = action
        if action == INSTALL:
            status["history"] = []
        self.record.drop(TESTED)
        self.record.drop(REMEDIATED)
        before = self.helm.history()
        since = max((release.version for release in before), default=0)
        # Helm writes the revision that it upgrades, even if the upgrade fails.
        deployed = (release.version for release in reversed(before) if release.status == storage.DEPLOYED)
        written = next(deployed, since)
        began = time.monotonic()
        failure = self._try(action)
        status["lastAttemptedReleaseActionDuration"] = f"{time.monotonic() - began:.3f}s"
        made = self._refresh(since=since, made=action, changed="", written=written)
        if failure:
            name = f"{self.hr.release_namespace}/{self.hr.release_name}"
            chart = f"{self.chart.name}@{self.chart.version}"
            message = f"Helm {action} failed for release {name} with chart {chart}: {failure}"
            self._failed(RELEASED, f"{reason}Failed", message)
            self.summarize()
            if not made:
                raise ActionFailed(failure)
            status[f"{action}Failures"] = decision.failures(status, action) + 1
            return
        current = self.history[0]
        said = f"for release {full_name(current)} with chart {chart_name(current)}"
        self._ended(RELEASED, TRUE, f"{reason}Succeeded", f"Helm {action} succeeded {said}")
        if self.hr.tests:
            awaiting = f"Helm release {full_name(current)} with chart {chart_name(current)} is awaiting tests"
            self.record.mark(TESTED, UNKNOWN, "AwaitingTests", awaiting)
        if self.hr.retry_interval(action) is not None:
            forget_failures(status)
        self.summarize()

    def _try(self, action: str) -> str:
        """Return the message of the failure, or ""."""
        assert self.chart is not None
        try:
            if action == INSTALL:
                self.helm.install(
                    self.chart.path,
                    self.values,
                    skip_crds=self.hr.skips_crds,
                    wait=self.hr.wait(INSTALL),
                    play=self.plays.play(plays.INSTALL, self.hr.obj),
                )
            else:
                self.helm.upgrade(
                    self.chart.path,
                    self.values,
                    reuse_values=bool(self.hr.section(UPGRADE).get("preserveValues")),
                    max_history=self.hr.max_history,
                    wait=self.hr.wait(UPGRADE),
                    play=self.plays.play(plays.UPGRADE, self.hr.obj),
                )
        except HelmError as error:
            return str(error).strip()
        return ""

    def _test(self) -> None:
        current = self.history[0]
        said = f"for release {full_name(current)} with chart {chart_name(current)}"
        now = to_time(datetime.now(UTC))
        try:
            self.helm.test(play=self.plays.play(plays.TEST, self.hr.obj))
        except HelmError as error:
            self._tested(current, {"test": {"lastStarted": now, "lastCompleted": now, "phase": "Failed"}})
            self._failed(TESTED, "TestFailed", f"Helm test failed {said}: {error}")
            attempted = str(self.record.status.get("lastAttemptedReleaseAction") or "")
            remediation = self.hr.remediation(attempted)
            if remediation is not None and not remediation.ignores_tests:
                failures = decision.failures(self.record.status, attempted)
                self.record.status[f"{attempted}Failures"] = failures + 1
        else:
            self._tested(current, {})
            self._ended(TESTED, TRUE, "TestSucceeded", f"Helm test succeeded {said}: no test hooks")
        self.summarize()

    def _tested(self, current: Mapping[str, Any], hooks: dict[str, Any]) -> None:
        self.record.status["history"] = [{**current, "testHooks": hooks}, *self.history[1:]]

    def _unlock(self) -> None:
        last = self.helm.last()
        if last is None:
            return
        before = last.status
        self.helm.unlock(f"Release unlocked from stale '{before}' state")
        self._refresh()
        release = snapshots.snapshot(last)
        message = f"Unlocked Helm release {full_name(release)} with chart {chart_name(release)} in {before} state"
        self._ended(RELEASED, FALSE, "PendingRelease", message)
        self.summarize()

    def _roll_back(self) -> None:
        target = decision.rollback_target(self.hr, self.record.status)
        assert target is not None
        said = f"Helm rollback to previous release {full_name(target)} with chart {chart_name(target)}"
        before = int(self.history[0]["version"])
        try:
            self.helm.rollback(
                wait=self.hr.wait("rollback"),
                play=self.plays.play(plays.ROLLBACK, self.hr.obj),
                version=int(target["version"]),
            )
        except HelmError as error:
            made = self._refresh(since=before, made="rollback", changed="rollback")
            self._failed(REMEDIATED, "RollbackFailed", f"{said} failed: {error}")
            self.summarize()
            if not made:
                raise
            return
        self._refresh(since=before, made="rollback", changed="rollback")
        self._ended(REMEDIATED, TRUE, "RollbackSucceeded", f"{said} succeeded")
        self.summarize()

    def _remediate_by_uninstall(self) -> None:
        current = self.history[0]
        said = f"Helm uninstall remediation for release {full_name(current)} with chart {chart_name(current)}"
        try:
            self._uninstall()
        except HelmError as error:
            self._refresh(changed="uninstall-remediation")
            self._failed(REMEDIATED, "UninstallFailed", f"{said} failed: {error}")
            return
        self.record.status["history"] = snapshots.gone(self.history, "uninstall-remediation")
        self._ended(REMEDIATED, TRUE, "UninstallSucceeded", f"{said} succeeded")

    def _uninstall(self) -> None:
        hooks = not self.hr.section("uninstall").get("disableHooks")
        self.helm.uninstall(play=self.plays.play(plays.UNINSTALL, self.hr.obj), hooks=hooks)

    def _refresh(self, *, since: int | None = None, **actions: Any) -> bool:
        """Bring the history up to date as `snapshots.refreshed` does; whether there are revisions after `since`."""
        try:
            stored = self.helm.history()
        except HelmError:
            # The account can no longer read the release: keep what is known.
            return False
        newest = max((release.version for release in stored), default=0)
        since = newest if since is None else since
        self.record.status["history"] = snapshots.refreshed(self.history, stored, since=since, **actions)
        return newest > since

    def _failed(self, type_: str, reason: str, message: str) -> None:
        self.record.status["failures"] = int(self.record.status.get("failures") or 0) + 1
        self.record.mark(type_, FALSE, reason, message)
        self.events.emit(self.hr.obj, "Warning", reason, message)

    def _ended(self, type_: str, status: str, reason: str, message: str) -> None:
        self.record.mark(type_, status, reason, message)
        self.events.emit(self.hr.obj, "Normal", reason, message)


def forget_failures(status: dict[str, Any]) -> None:
    """Reset the counts of failures."""
    for counter in ("failures", "installFailures", "upgradeFailures"):
        status.pop(counter, None)


def forget_older(actions: Actions) -> None:
    """Shorten the history to what a rollback could need."""
    hr = actions.hr
    attempted = str(actions.record.status.get("lastAttemptedReleaseAction") or "")
    if hr.retry_interval(attempted) is not None:
        actions.record.status["history"] = actions.history[: snapshots.MAX_SNAPSHOTS]
        return
    remediation = hr.remediation(attempted)
    ignore = remediation.ignores_tests if remediation is not None else hr.ignores_test_failures
    actions.record.status["history"] = snapshots.truncated(actions.history, ignore_tests=ignore)


def in_sync(actions: Actions) -> None:
    """Handle a release that is in sync: correct the conditions that an earlier failure left behind."""
    record = actions.record
    forget_older(actions)
    current = actions.history[0]
    said = f"succeeded for release {full_name(current)} with chart {chart_name(current)}"
    if record.is_(REMEDIATED, TRUE):
        record.drop(REMEDIATED)
        record.mark(RELEASED, TRUE, "UpgradeSucceeded", f"Helm upgrade {said}")
    failed = {"InstallFailed": ("InstallSucceeded", "install"), "UpgradeFailed": ("UpgradeSucceeded", "upgrade")}
    reason = record.condition(RELEASED).get("reason")
    if reason in failed and not (record.is_(READY, TRUE) and record.is_(RELEASED, TRUE)):
        reason, action = failed[reason]
        record.mark(RELEASED, TRUE, reason, f"Helm {action} {said}")
