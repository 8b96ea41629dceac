"""One run over a HelmRelease: fetch the chart, compose the values, decide, act, and report every step.

The order of steps, of their reports and of what follows a failure is the original's (pkg/release/release.go).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS, Resource
from controller.client import Client
from hack.standins import plays
from hack.standins.helm.actions import Helm
from hack.standins.helm.engine import HelmEngine, HelmError
from hack.standins.helm.storage import Release
from hack.standins.helm_operator import status
from hack.standins.helm_operator.charts import Chart, ChartError, Charts
from hack.standins.helm_operator.decision import Action, Compare, Install, SyncRefused, Upgrade, decide
from hack.standins.helm_operator.reporter import Reporter
from hack.standins.helm_operator.resource import ANTECEDENT, HelmRelease
from hack.standins.helm_operator.values import ValuesError, compose
from hack.standins.plays import Plays

CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", namespaced=True)


class SyncFailed(Exception):
    """A sync failed; the text goes into the Event."""


class Syncer:
    """Syncs and uninstalls HelmReleases."""

    def __init__(
        self,
        *,
        client: Client,
        engine: HelmEngine,
        charts: Charts,
        reporter: Reporter,
        plays: Plays,
        helm: Callable[[HelmRelease], Helm],
    ) -> None:
        """`helm` makes Helm's operations on the release of a HelmRelease."""
        self._client = client
        self._engine = engine
        self._charts = charts
        self._reporter = reporter
        self._plays = plays
        self._helm = helm

    def sync(self, hr: HelmRelease) -> None:
        """Sync a HelmRelease once. Raises SyncFailed."""
        if hr.helm_version != "v3":
            # Without Tiller the original ends here too, before it observes the generation.
            self._reporter.phase(hr, status.FAILED)
            raise SyncFailed(f"no client found for Helm '{hr.helm_version}'")
        with tempfile.TemporaryDirectory(prefix="chart-") as folder:
            try:
                self._sync(hr, Path(folder))
            finally:
                self._reporter.observed(hr)

    def uninstall(self, hr: HelmRelease) -> None:
        """Uninstall the release of a deleted HelmRelease. Raises HelmError; there is no retry."""
        try:
            self._helm(hr).uninstall(play=self._plays.play(plays.UNINSTALL, hr.obj))
        finally:
            self._charts.forget(hr)

    def _sync(self, hr: HelmRelease, folder: Path) -> None:
        chart = self._prepare(hr, folder)
        if chart.changed:
            self._reporter.phase(hr, status.CHART_FETCHED)
        helm = self._helm(hr)
        try:
            sources = _Sources(client=self._client, engine=self._engine, chart=chart.path)
            values = compose(hr.value_sources, hr.values, namespace=hr.namespace, sources=sources)
        except ValuesError as error:
            self._fail_early(hr)
            raise SyncFailed(f"failed to compose values for release: {error}") from error
        try:
            history = helm.history()
            antecedent = helm.annotation(history[-1], ANTECEDENT) if history else ""
            action = decide(hr, history, antecedent=antecedent, chart_changed=chart.changed)
        except (SyncRefused, HelmError) as error:
            self._fail_early(hr)
            raise SyncFailed(f"failed to determine sync action for release: {error}") from error
        _Run(hr, helm, chart, values, self._reporter, self._plays, self._charts).act(action)

    def _prepare(self, hr: HelmRelease, folder: Path) -> Chart:
        try:
            if self._plays.play(plays.FETCH, hr.obj).fail:
                raise ChartError("chart unavailable: failed on demand")
            return self._charts.fetch(hr, folder)
        except ChartError as error:
            self._reporter.phase(hr, status.CHART_FETCH_FAILED)
            raise SyncFailed(f"failed to prepare chart for release: {error}") from error

    def _fail_early(self, hr: HelmRelease) -> None:
        # The original writes this through a client for the target namespace, so it is lost when that is another one.
        if hr.target_namespace == hr.namespace:
            self._reporter.phase(hr, status.FAILED)


class _Run:
    """The part of a sync that acts. Failures collect, because one leads to the next action."""

    def __init__(
        self,
        hr: HelmRelease,
        helm: Helm,
        chart: Chart,
        values: Mapping[str, Any],
        reporter: Reporter,
        plays: Plays,
        charts: Charts,
    ) -> None:
        self._hr = hr
        self._helm = helm
        self._chart = chart
        self._values = values
        self._reporter = reporter
        self._plays = plays
        self._charts = charts
        self._errors: list[str] = []

    def act(self, action: Action) -> None:
        match action:
            case Install():
                self._install()
            case Upgrade(current=current):
                self._upgrade(current)
            case Compare(current=current, against=against):
                self._compare(against)
        if self._errors:
            raise SyncFailed(", previous error:".join(reversed(self._errors)))

    def _compare(self, against: Release) -> None:
        try:
            differs = self._helm.differs(against, self._chart.path, self._values, reuse_values=self._hr.reuse_values)
        except HelmError as error:
            self._reporter.phase(self._hr, status.FAILED)
            self._errors.append(f"dry-run upgrade failed: dry-run upgrade for comparison failed: {error}")
            return
        if differs:
            self._upgrade(against)
        elif not self._hr.has_rolled_back:
            self._reporter.phase(self._hr, status.SUCCEEDED)

    def _install(self) -> None:
        self._reporter.phase(self._hr, status.INSTALLING, revision=self._chart.revision)
        try:
            release = self._helm.install(
                self._chart.path,
                self._values,
                skip_crds=self._hr.skip_crds,
                wait=self._hr.wait_seconds,
                play=self._plays.play(plays.INSTALL, self._hr.obj),
            )
        except HelmError as error:
            self._reporter.phase(self._hr, status.DEPLOY_FAILED)
            self._errors.append(f"installation failed: {error}")
            self._undo_install()
            return
        self._reporter.phase(self._hr, status.DEPLOYED)
        self._conclude(release, undo=self._undo_install)

    def _upgrade(self, current: Release) -> None:
        self._reporter.phase(self._hr, status.UPGRADING, revision=self._chart.revision)
        try:
            release = self._helm.upgrade(
                self._chart.path,
                self._values,
                reuse_values=self._hr.reuse_values,
                max_history=self._hr.max_history,
                wait=self._hr.wait_seconds,
                play=self._plays.play(plays.UPGRADE, self._hr.obj),
            )
        except HelmError as error:
            self._reporter.phase(self._hr, status.DEPLOY_FAILED)
            self._errors.append(f"upgrade failed: {error}")
            self._roll_back(current)
            return
        self._reporter.phase(self._hr, status.DEPLOYED)
        self._conclude(release, undo=lambda: self._roll_back(current))

    def _conclude(self, release: Release, *, undo: Callable[[], None]) -> None:
        if self._hr.tests and not self._test() and not self._hr.ignores_test_failures:
            undo()
            return
        self._reporter.phase(self._hr, status.SUCCEEDED, revision=self._chart.revision)
        self._annotate(release)

    def _test(self) -> bool:
        self._reporter.phase(self._hr, status.TESTING)
        try:
            self._helm.test(play=self._plays.play(plays.TEST, self._hr.obj))
        except HelmError as error:
            self._reporter.phase(self._hr, status.TEST_FAILED)
            self._errors.append(f"test failed: {error}")
            return False
        self._reporter.phase(self._hr, status.TESTED)
        return True

    def _roll_back(self, current: Release) -> None:
        if not self._hr.rolls_back:
            return
        try:
            latest = self._helm.last()
        except HelmError as error:
            self._errors.append(f"unable to determine if rollback should be performed: {error}")
            return
        if latest is None or latest.version <= current.version:
            return
        self._reporter.phase(self._hr, status.ROLLING_BACK)
        try:
            release = self._helm.rollback(
                wait=self._hr.rollback_wait_seconds, play=self._plays.play(plays.ROLLBACK, self._hr.obj)
            )
        except HelmError as error:
            self._reporter.phase(self._hr, status.ROLLBACK_FAILED)
            self._errors.append(f"rollback failed: {error}")
            return
        self._reporter.phase(self._hr, status.ROLLED_BACK)
        self._annotate(release)

    def _undo_install(self) -> None:
        # The original only logs a failure here: the Event still reports why the installation failed.
        with suppress(HelmError):
            self._helm.uninstall(play=self._plays.play(plays.UNINSTALL, self._hr.obj))
        self._charts.forget(self._hr)

    def _annotate(self, release: Release) -> None:
        with suppress(HelmError):
            self._helm.annotate(release, ANTECEDENT, self._hr.id)


class _Sources:
    """Where the values of one release come from."""

    def __init__(self, *, client: Client, engine: HelmEngine, chart: Path) -> None:
        self._client = client
        self._engine = engine
        self._chart = chart

    def config_map(self, name: str, namespace: str) -> Object:
        return self._client.get(CONFIG_MAPS, name, namespace=namespace)

    def secret(self, name: str, namespace: str) -> Object:
        return self._client.get(SECRETS, name, namespace=namespace)

    def chart_file(self, path: str) -> str:
        file = (self._chart / path).resolve()
        if not file.is_relative_to(self._chart):
            raise FileNotFoundError(path)
        return file.read_text(errors="replace")

    def parse(self, text: str) -> list[dict[str, Any]]:
        return self._engine.parse(text)
