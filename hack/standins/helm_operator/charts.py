"""Charts from git: which commit a HelmRelease gets, whether the chart changed, and when a new commit concerns it.

Keeps, per HelmRelease, the commit last handed out. A HelmRelease whose mirror is not there yet gets a failure, and a
wake-up when the mirror has come: its first sync always fails, unless another one uses the same repository already.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import SECRETS
from controller.client import Client
from hack.standins.git.commands import GitError
from hack.standins.git.mirrors import Mirror, Mirrors
from hack.standins.helm_operator.resource import HelmRelease


class ChartError(Exception):
    """The chart is not available; "chart not ready: ..." means that this resolves by itself."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in a folder, the commit it is from, and whether its files changed since the last attempted revision."""

    path: Path
    revision: str
    changed: bool


@dataclass(frozen=True, slots=True)
class _Source:
    """The chart source of a HelmRelease, and the last commit that it was given."""

    mirror: str
    ref: str
    head: str = ""


class Charts:
    """Chart sources of all HelmReleases. Thread-safe."""

    def __init__(
        self,
        *,
        client: Client,
        mirrors: Callable[[Callable[[str], None]], Mirrors],
        default_ref: str,
        releases: Callable[[], Iterable[HelmRelease]],
        enqueue: Callable[[str], None],
    ) -> None:
        """
        Args:
            mirrors: makes the mirrors, given what to call when one has changed.
            default_ref: the branch for a chart without `ref`.
            releases: all HelmReleases there are now.
            enqueue: has the HelmRelease of a key synced.
        """
        self._client = client
        self._default_ref = default_ref
        self._releases = releases
        self._enqueue = enqueue
        self._lock = threading.Lock()
        self._sources: dict[str, _Source] = {}
        self._mirrors = mirrors(self._mirror_changed)

    def fetch(self, hr: HelmRelease, folder: Path) -> Chart:
        """Unpack the repository of the chart into `folder`. Raises ChartError."""
        url, path = hr.chart.get("git"), hr.chart.get("path")
        if not url or not path:
            raise ChartError("could not find valid chart source configuration for release")
        mirror = self._mirrors.get(_mirror_name(hr))
        if mirror is None:
            self._request_mirror(hr)
            raise ChartError("chart not ready: no existing git mirror found")
        try:
            source, _ = self._look_up(hr, mirror)
            mirror.export(source.head, folder)
        except GitError as error:
            raise ChartError(f"chart unavailable: {error}") from error
        # A path that leads out of the repository finds nothing.
        chart = (folder / path).resolve()
        if not chart.is_relative_to(folder.resolve()):
            raise ChartError(f"chart unavailable: {path} is outside the repository")
        return Chart(chart, source.head, self._chart_changed(hr, mirror, source.head, path))

    def refresh(self, hr: HelmRelease) -> None:
        """Fetch the mirror now, because a changed chart source needs the newest commits."""
        mirror = self._mirrors.get(_mirror_name(hr))
        if mirror is not None:
            mirror.refresh()

    def forget(self, hr: HelmRelease) -> None:
        """Forget a HelmRelease that is deleted or starts over, and stop its mirror if no other one uses it."""
        with self._lock:
            source = self._sources.pop(hr.key, None)
        if source is not None and not self._users(source.mirror):
            self._mirrors.stop_one(source.mirror)

    def stop(self, timeout: float) -> None:
        """Stop all mirrors, each within `timeout` seconds."""
        self._mirrors.stop(timeout)

    def _mirror_changed(self, name: str) -> None:
        users = self._users(name)
        mirror = self._mirrors.get(name)
        if not users:
            self._mirrors.stop_one(name)
        if mirror is None:
            return
        for hr in users:
            try:
                _, news = self._look_up(hr, mirror)
            except (GitError, ChartError):
                continue  # the sync that is due anyway will report it
            if news:
                self._enqueue(hr.key)

    def _users(self, mirror: str) -> list[HelmRelease]:
        return [hr for hr in self._releases() if _mirror_name(hr) == mirror]

    def _look_up(self, hr: HelmRelease, mirror: Mirror) -> tuple[_Source, bool]:
        """The commit for a HelmRelease, and whether it is another one than before."""
        if mirror.error:
            raise ChartError(f"chart not ready: {mirror.error}")
        wanted = _Source(_mirror_name(hr), str(hr.chart.get("ref") or self._default_ref))
        with self._lock:
            known = self._sources.get(hr.key)
        head = mirror.resolve(wanted.ref)
        if known is None or replace(known, head="") != wanted:
            news = True
        else:
            news = known.head != head and bool(mirror.changed_files(known.head, head, str(hr.chart.get("path"))))
        source = replace(wanted, head=head)
        with self._lock:
            self._sources[hr.key] = source
        return source, news

    def _chart_changed(self, hr: HelmRelease, mirror: Mirror, head: str, path: str) -> bool:
        attempted = str(hr.status.get("lastAttemptedRevision") or "")
        try:
            return bool(attempted) and bool(mirror.changed_files(attempted, head, path))
        except GitError:
            return False  # the attempted commit may be gone after a force-push; the original does not look further

    def _request_mirror(self, hr: HelmRelease) -> None:
        url = str(hr.chart["git"])
        reference = hr.chart.get("secretRef")
        if reference:
            try:
                url = self._with_credentials(url, reference["name"], reference.get("namespace") or hr.namespace)
            except (ApiError, ChartError):
                return  # the original logs it; the HelmRelease only reports that the mirror is missing
        self._mirrors.request(_mirror_name(hr), url)

    def _with_credentials(self, url: str, name: str, namespace: str) -> str:
        """An https URL with the Secret's credentials, and, as in the original, entirely in lower case."""
        try:
            parts = urlsplit(url.lower())
        except ValueError as error:
            raise ChartError(str(error)) from error
        if parts.scheme != "https":
            return url
        data = self._client.get(SECRETS, name, namespace=namespace).get("data") or {}
        user, password = (_credential(data, key, f"{namespace}/{name}") for key in ("username", "password"))
        return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"))


def _credential(data: dict[str, str], key: str, secret: str) -> str:
    try:
        return base64.b64decode(data[key]).decode()
    except (KeyError, binascii.Error, UnicodeDecodeError) as error:
        raise ChartError(f"could not find {key} key in secret {secret}") from error


def _mirror_name(hr: HelmRelease) -> str:
    url = str(hr.chart.get("git") or "")
    reference = hr.chart.get("secretRef")
    return f"{hr.namespace}/{reference['name']}/{url}" if reference else url
