"""What `helm install`, `upgrade`, `rollback`, `test` and `uninstall` do, with their effects through the API.

Two things differ from Helm: hooks are not waited for (a test bed runs no pods), and a play can make an operation take
longer or fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.apimachinery import objects, patches
from controller.apimachinery.errors import ApiError
from controller.apimachinery.objects import Object
from controller.client import Client
from hack.standins.helm import storage
from hack.standins.helm.applier import Applier
from hack.standins.helm.engine import HelmEngine, HelmError, Rendered
from hack.standins.helm.kinds import Kinds
from hack.standins.helm.ordering import in_uninstall_order
from hack.standins.helm.rollout import Rollout
from hack.standins.helm.storage import Release, ReleaseStorage
from hack.standins.helm.values import merge
from hack.standins.plays import Play


def _words(error: Exception) -> str:
    return str(getattr(error, "message", "") or error)


@contextmanager
def _helm_errors() -> Iterator[None]:
    """Turn API errors into HelmError."""
    try:
        yield
    except ApiError as error:
        raise HelmError(_words(error)) from error


class Helm:
    """Helm's operations on one release. Every failure is a HelmError; what it leaves behind is what Helm leaves."""

    def __init__(
        self,
        *,
        client: Client,
        engine: HelmEngine,
        kinds: Kinds,
        pause: Callable[[float], bool],
        name: str,
        namespace: str,
        field_manager: str,
    ) -> None:
        """
        Args:
            pause: waits for that many seconds, or less when the program is stopping: then it returns True.
            field_manager: whose the applied fields are.
        """
        self._engine = engine
        self._name = name
        self._namespace = namespace
        self._storage = ReleaseStorage(client=client)
        self._applier = Applier(
            client=client, kinds=kinds, release=name, namespace=namespace, field_manager=field_manager
        )
        self._rollout = Rollout(applier=self._applier, pause=pause)

    @_helm_errors()
    def last(self) -> Release | None:
        """The newest revision, or None."""
        return self._storage.last(self._name, self._namespace)

    @_helm_errors()
    def history(self) -> list[Release]:
        """All revisions, oldest first."""
        return self._storage.history(self._name, self._namespace)

    @_helm_errors()
    def install(self, chart: Path, values: Mapping[str, Any], *, skip_crds: bool, wait: float, play: Play) -> Release:
        """Install revision 1. A failure leaves it in storage as `failed`, unless it came before anything was stored.

        `wait`: seconds within which the workloads must become ready; 0: do not wait.
        """
        if self.last() is not None:
            raise HelmError("cannot re-use a name that is still in use")
        rendered = self._render(chart, values, revision=1, is_upgrade=False)
        if not skip_crds:
            self._rollout.install_crds(rendered.crds)
        self._applier.refuse_foreign(manifest.object for manifest in rendered.manifests)
        release = self._new(rendered, values, version=1, status=storage.PENDING_INSTALL, first=None)
        self._storage.create(release)
        try:
            self._roll_out(release, "install", wait, play)
        except (ApiError, HelmError) as error:
            self._store_failure(release, f'Release "{self._name}" failed: {_words(error)}')
            raise
        return self._store(release.moved(storage.DEPLOYED, "Install complete"))

    @_helm_errors()
    def upgrade(
        self, chart: Path, values: Mapping[str, Any], *, reuse_values: bool, max_history: int, wait: float, play: Play
    ) -> Release:
        """Make the next revision. A failure leaves it as `failed`, beside the deployed one. `wait`: see `install`."""
        history = self.history()
        if not history:
            raise HelmError(f'"{self._name}" has no deployed releases')
        last = history[-1]
        if last.status in storage.PENDING:
            raise HelmError("another operation (install/upgrade/rollback) is in progress")
        current = next((item for item in reversed(history) if item.status == storage.DEPLOYED), last)
        wanted = merge(current.config, values) if reuse_values else values
        rendered = self._render(chart, wanted, revision=last.version + 1, is_upgrade=True)
        before = self._objects(current)
        known = {self._applier.identity(obj) for obj in before}
        created = [item.object for item in rendered.manifests if self._applier.identity(item.object) not in known]
        self._applier.refuse_foreign(created)
        release = self._new(
            rendered, wanted, version=last.version + 1, status=storage.PENDING_UPGRADE, first=last.first_deployed
        )
        self._storage.create(release, max_history=max_history)
        try:
            self._roll_out(release, "upgrade", wait, play)
            self._rollout.remove_dropped(before, (item.object for item in rendered.manifests))
        except (ApiError, HelmError) as error:
            self._store_failure(release, f'Upgrade "{self._name}" failed: {_words(error)}')
            raise
        self._supersede(history)
        if current.status != storage.DEPLOYED:
            # Without a deployed revision, a failed one was the current one.
            self._store(current.moved(storage.SUPERSEDED, current.description))
        return self._store(release.moved(storage.DEPLOYED, "Upgrade complete"))

    @_helm_errors()
    def rollback(self, *, wait: float, play: Play, version: int = 0) -> Release:
        """Make a new revision that is what another one was: the one before the last, or `version`.

        `wait`: see `install`.
        """
        history = self.history()
        if not history:
            raise HelmError("release: not found")
        last = history[-1]
        version = version or last.version - 1
        target = next((item for item in history if item.version == version), None)
        if target is None:
            raise HelmError(f"release has no {version} version")
        release = replace(
            target,
            version=last.version + 1,
            status=storage.PENDING_ROLLBACK,
            description=f"Rollback to {target.version}",
            last_deployed=datetime.now(UTC),
        )
        self._storage.create(release)
        wanted = self._objects(release)
        try:
            self._rollout.apply(wanted)
            self._rollout.play(play)
            self._rollout.wait_ready(wanted, min(wait, play.longest_wait))
            self._rollout.remove_dropped(self._objects(last), wanted)
        except (ApiError, HelmError) as error:
            self._store_failure(release, f'Rollback "{self._name}" failed: {_words(error)}')
            raise
        self._supersede(history)
        return self._store(release.moved(storage.DEPLOYED, release.description))

    @_helm_errors()
    def unlock(self, description: str) -> None:
        """Give up the operation that the newest revision waits for: the revision has failed."""
        last = self.last()
        if last is not None:
            self._store(last.moved(storage.FAILED, description))

    @_helm_errors()
    def test(self, *, play: Play) -> None:
        """Run the release's test hooks."""
        last = self.last()
        if last is None:
            raise HelmError("release: not found")
        self._rollout.run_hooks("test", self._hooks(last))
        self._rollout.play(play)

    @_helm_errors()
    def uninstall(self, *, play: Play, hooks: bool = True) -> None:
        """Remove the release's objects, then its storage. A failure leaves both, the release as `uninstalling`.

        `hooks`: run the chart's delete hooks.
        """
        history = self.history()
        if not history:
            raise HelmError(f"uninstall: Release not loaded: {self._name}: release: not found")
        last = self._store(history[-1].moved(storage.UNINSTALLING, "Deletion in progress (or silently failed)"))
        found = self._hooks(last) if hooks else []
        self._rollout.run_hooks("pre-delete", found)
        self._rollout.play(play)
        for obj in in_uninstall_order(self._objects(last)):
            self._applier.delete(obj)
        self._rollout.run_hooks("post-delete", found)
        for release in history:
            self._storage.delete(release)

    @_helm_errors()
    def differs(self, release: Release, chart: Path, values: Mapping[str, Any], *, reuse_values: bool) -> bool:
        """Whether an upgrade would change chart or values. The live objects are not looked at: as in the original."""
        wanted = merge(release.config, values) if reuse_values else values
        rendered = self._render(chart, wanted, revision=release.version + 1, is_upgrade=True)
        return not (patches.equal(release.config, wanted) and patches.equal(release.chart, rendered.chart))

    @_helm_errors()
    def annotation(self, release: Release, key: str) -> str:
        """An annotation of the release's first object, or "" where it or the object is missing."""
        first = next(iter(self._objects(release)), None)
        live = self._applier.get(first) if first is not None else None
        return objects.annotations(live).get(key, "") if live is not None else ""

    @_helm_errors()
    def annotate(self, release: Release, key: str, value: str) -> None:
        """Set an annotation on all of the release's objects."""
        for obj in self._objects(release):
            self._applier.annotate(obj, key, value)

    def _render(self, chart: Path, values: Mapping[str, Any], *, revision: int, is_upgrade: bool) -> Rendered:
        return self._engine.render(
            chart, name=self._name, namespace=self._namespace, revision=revision, is_upgrade=is_upgrade, values=values
        )

    def _new(
        self, rendered: Rendered, values: Mapping[str, Any], *, version: int, status: str, first: datetime | None
    ) -> Release:
        now = datetime.now(UTC)
        return Release(
            name=self._name,
            namespace=self._namespace,
            version=version,
            status=status,
            description="Initial install underway" if version == 1 else "Preparing upgrade",
            config=values,
            chart=rendered.chart,
            manifest="".join(f"---\n# Source: {item.path}\n{item.text}\n" for item in rendered.manifests),
            hooks=tuple(hook.text for hook in rendered.hooks),
            first_deployed=first or now,
            last_deployed=now,
            notes=rendered.notes,
        )

    def _roll_out(self, release: Release, operation: str, wait: float, play: Play) -> None:
        wanted, hooks = self._objects(release), self._hooks(release)
        self._rollout.roll_out(wanted, hooks, operation, wait=wait, play=play)

    def _objects(self, release: Release) -> list[Object]:
        return list(self._engine.parse(release.manifest))

    def _hooks(self, release: Release) -> list[Object]:
        return [obj for hook in release.hooks for obj in self._engine.parse(hook)]

    def _store(self, release: Release) -> Release:
        self._storage.update(release)
        return release

    def _store_failure(self, release: Release, description: str) -> None:
        try:
            self._storage.update(release.moved(storage.FAILED, description))
        except ApiError:
            return  # the operation's own error is what the caller must see

    def _supersede(self, history: Iterable[Release]) -> None:
        for release in history:
            if release.status == storage.DEPLOYED:
                self._store(release.moved(storage.SUPERSEDED, release.description))
