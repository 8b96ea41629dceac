"""The charts of HelmReleases: packaged in the background, again for every new artifact of their source.

In the original these are objects, HelmCharts, that the helm-controller makes and the source-controller reconciles; here
they live in memory, but become ready as late, and are spoken of in the same words.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import structlog

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.threads import start_thread
from controller.workqueue import RateLimitingQueue
from hack.standins import plays
from hack.standins.flux.artifacts import Artifacts
from hack.standins.flux.packaging import Chart, PackagingError, package
from hack.standins.flux.release import HelmRelease
from hack.standins.flux.repository import GitRepository, sha_of
from hack.standins.git.commands import GitError
from hack.standins.plays import Plays

log = structlog.get_logger(__name__)

NOT_RECONCILED = "latest generation of object has not been reconciled"


class ChartNotReady(Exception):
    """The chart is not ready. The message is the original's."""


@dataclass(frozen=True, slots=True)
class _HelmChart:
    """The state that the original keeps in a HelmChart object.

    Attributes:
        template: `chart.spec` of the HelmRelease, `generation` counts its changes.
        observed: the last generation that ended, well or stalled.
        revision: of the source's artifact that was looked at last.
        chart: the last good one.
        error: why packaging a newer one failed, or "".
    """

    release: HelmRelease
    template: dict[str, Any] = field(default_factory=dict)
    generation: int = 1
    observed: int = -1
    revision: str = ""
    chart: Chart | None = None
    error: str = ""


class Charts:
    """Thread-safe. `start` once, `stop` once."""

    def __init__(
        self,
        *,
        artifacts: Artifacts,
        source: Callable[[str], Object | None],
        folder: Path,
        plays: Plays,
        parse: Callable[[str], list[dict[str, Any]]],
    ) -> None:
        """
        Args:
            source: the GitRepository of a key.
            folder: for packaged charts.
            parse: see `package`.
        """
        self._artifacts = artifacts
        self._source = source
        self._folder = folder
        self._plays = plays
        self._parse = parse
        self._lock = threading.Lock()
        self._charts: dict[str, _HelmChart] = {}
        self._queue = RateLimitingQueue(name="helm-charts")
        self._thread: threading.Thread | None = None
        # Callback with the key of a HelmRelease whose chart has changed; the owner of this object sets it.
        self.on_change: Callable[[str], None] = lambda _key: None

    def start(self) -> None:
        """Begin to package, in a thread of its own."""
        self._thread = start_thread("helm-charts", self._work)

    def stop(self, timeout: float) -> None:
        """End within `timeout` seconds."""
        self._queue.shutdown()
        if self._thread is not None:
            self._thread.join(timeout)

    def get(self, hr: HelmRelease) -> Chart:
        """The chart of a HelmRelease. Raises ChartNotReady; `on_change` follows when that has changed."""
        with self._lock:
            known = self._charts.get(hr.key)
            if known is None:
                known = _HelmChart(hr, dict(hr.chart))
            elif known.template != hr.chart:
                known = replace(known, release=hr, template=dict(hr.chart), generation=known.generation + 1)
            else:
                known = replace(known, release=hr)
            self._charts[hr.key] = known
        if known.observed != known.generation or known.error:
            self._queue.add(hr.key)
        name = f"HelmChart '{hr.namespace}/{hr.chart_name}' is not ready"
        if known.observed != known.generation:
            raise ChartNotReady(f"{name}: {known.error or NOT_RECONCILED}")
        if known.error:
            raise ChartNotReady(f"{name}: {known.error}")
        if known.chart is None:
            raise ChartNotReady(f"{name}: does not have an artifact")
        return known.chart

    def source_changed(self, obj: Object) -> None:
        """A GitRepository has appeared or changed."""
        revision = str(GitRepository(obj).artifact.get("revision") or "")
        with self._lock:
            affected = [
                key
                for key, chart in self._charts.items()
                if _source_key(chart) == objects.key(obj) and chart.revision != revision
            ]
        for key in affected:
            self._queue.add(key)

    def forget(self, key: str) -> None:
        """A HelmRelease is gone."""
        with self._lock:
            self._charts.pop(key, None)
        shutil.rmtree(self._folder / key, ignore_errors=True)

    def _work(self) -> None:
        while (key := self._queue.get()) is not None:
            with self._lock:
                chart = self._charts.get(key)
            if chart is not None:
                try:
                    self._reconcile(key, chart)
                except Exception:  # a bug that one chart meets must not end the thread
                    log.exception("packaging crashed", helmrelease=key)
            self._queue.done(key)

    def _reconcile(self, key: str, before: _HelmChart) -> None:
        after = self._packaged(before)
        with self._lock:
            current = self._charts.get(key)
            if current is None or current.generation != before.generation:
                return
            self._charts[key] = after
        if after.chart is not None and after.chart != before.chart:
            self.on_change(key)

    def _packaged(self, before: _HelmChart) -> _HelmChart:
        kind, name = before.template["sourceRef"]["kind"], before.template["sourceRef"]["name"]
        source = self._source(_source_key(before))
        if source is None or kind != "GitRepository":
            return replace(before, error=f'failed to get source: {kind}.source.toolkit.fluxcd.io "{name}" not found')
        artifact = GitRepository(source).artifact
        if not artifact:
            return replace(before, error=f"no artifact available for {kind} source '{name}'")
        looked_at = replace(before, revision=str(artifact["revision"]), error="")
        try:
            chart = self._make(looked_at, objects.key(source), artifact)
        except GitError as error:
            return replace(before, error=str(error))
        except PackagingError as error:
            return replace(looked_at, observed=before.generation, error=str(error))
        same = before.chart is not None and before.observed == before.generation
        if same and before.chart is not None and before.chart.version == chart.version:
            # A chart of the same version is held for the same chart, whatever changed in it.
            shutil.rmtree(chart.path, ignore_errors=True)
            chart = before.chart
        return replace(looked_at, observed=before.generation, chart=chart)

    def _make(self, chart: _HelmChart, source: str, artifact: Any) -> Chart:
        if self._plays.play(plays.FETCH, chart.release.obj).fail:
            raise PackagingError("invalid chart reference: failed on demand")
        parent = self._folder / chart.release.key
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="tree-") as tree:
            self._artifacts.unpack(source, artifact, Path(tree))
            target = Path(tempfile.mkdtemp(dir=parent, prefix="chart-")) / "chart"
            return package(
                Path(tree),
                target,
                chart.template,
                sha=sha_of(str(artifact["revision"])),
                generation=chart.generation,
                build_folder=_build_folder(chart),
                parse=self._parse,
            )


def _build_folder(chart: _HelmChart) -> str:
    # The original makes a temporary folder for each build. It builds a broken chart once for each commit and template.
    number = zlib.crc32(f"{chart.revision} {chart.generation}".encode())
    return f"/tmp/helmchart-{chart.release.namespace}-{chart.release.chart_name}-{number}/source"  # noqa: S108


def _source_key(chart: _HelmChart) -> str:
    reference = chart.template.get("sourceRef") or {}
    return objects.join_key(str(reference.get("namespace") or chart.release.namespace), str(reference.get("name")))
