"""Flux in memory: one step at a time, with its finalizers, and its habit of forgetting a release that is suspended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.api.flux import GIT_REPOSITORIES, HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, SECRETS, SERVICE_ACCOUNTS, Resource
from controller.environment.previews.kinds import INGRESSES
from tests.unit.environment.simulation.fake_api import FakeApi
from tests.unit.environment.simulation.fake_operator import chart_ingress, storage_secret

FINALIZER = "finalizers.fluxcd.io"
COMMIT = "6f50ff2ff844f5f7c2b6627e3d7319e4717ac847"


class FakeFlux:
    """Every `step` moves each GitRepository and each HelmRelease a little further."""

    def __init__(self, api: FakeApi, *, now: Callable[[], str]) -> None:
        self._api = api
        self._now = now
        self.failing = False
        self.stuck = False
        # Releases, by name, that were let go without an uninstall.
        self.abandoned: set[str] = set()

    def step(self) -> bool:
        """Do a little; whether there was anything to do."""
        version = self._api.version
        for source in list(self._api.all(GIT_REPOSITORIES)):
            self._fetch(source)
        for release in list(self._api.all(HELM_RELEASES)):
            self._install(release)
        return self._api.version != version

    def retry(self) -> None:
        """The next try of a release that failed."""
        for release in list(self._api.all(HELM_RELEASES)):
            if _is(release, "Ready", "False"):
                self._say(HELM_RELEASES, release, "Unknown", "Progressing", observed=False)

    def _fetch(self, source: dict[str, Any]) -> None:
        if source["metadata"].get("deletionTimestamp"):
            self._let_go(GIT_REPOSITORIES, source)
        elif not self._hold(GIT_REPOSITORIES, source) and not _is(source, "Ready", "True"):
            artifact = {"artifact": {"revision": f"{source['spec']['ref'].get('branch', 'HEAD')}@sha1:{COMMIT}"}}
            self._say(GIT_REPOSITORIES, source, "True", "Succeeded", **artifact)

    def _install(self, release: dict[str, Any]) -> None:
        if release["metadata"].get("deletionTimestamp"):
            self._uninstall(release)
        elif release["spec"].get("suspend") or self._hold(HELM_RELEASES, release) or _is(release, "Ready", "True"):
            return
        elif not self._is_fetched(release):
            self._say(HELM_RELEASES, release, "False", "SourceNotReady", observed=False)
        elif not _is(release, "Ready", "Unknown"):
            if not _is(release, "Ready", "False") or _reason(release) == "SourceNotReady":
                self._say(HELM_RELEASES, release, "Unknown", "Progressing", observed=False)
        elif self.failing:
            self._say(HELM_RELEASES, release, "False", "InstallFailed")
        else:
            if self._api.peek(NAMESPACES, release["metadata"]["namespace"]):
                place = release["metadata"]["namespace"], release["spec"]["releaseName"]
                self._api.put(SECRETS, storage_secret(*place))
                self._api.put(INGRESSES, chart_ingress(*place))
                self.abandoned.discard(release["spec"]["releaseName"])
            attempt = {"history": [{"chartVersion": f"0.0.0+{COMMIT[:12]}", "status": "deployed"}]}
            self._say(HELM_RELEASES, release, "True", "InstallSucceeded", **attempt)

    def _uninstall(self, release: dict[str, Any]) -> None:
        namespace, name = release["metadata"]["namespace"], release["spec"]["releaseName"]
        if self.stuck:
            return
        account = release["spec"].get("serviceAccountName")
        can_act = not account or self._api.peek(SERVICE_ACCOUNTS, account, namespace) is not None
        if can_act and not release["spec"].get("suspend"):
            self._api.remove(SECRETS, f"sh.helm.release.v1.{name}.v1", namespace)
            self._api.remove(INGRESSES, name, namespace)
        else:
            self.abandoned.add(name)
        self._let_go(HELM_RELEASES, release)

    def _is_fetched(self, release: dict[str, Any]) -> bool:
        metadata = release["metadata"]
        source = self._api.peek(GIT_REPOSITORIES, metadata["name"], metadata["namespace"])
        return source is not None and _is(source, "Ready", "True")

    def _hold(self, resource: Resource, obj: dict[str, Any]) -> bool:
        if FINALIZER in obj["metadata"].get("finalizers", ()):
            return False
        self._edit(resource, obj, lambda found: found["metadata"].update(finalizers=[FINALIZER]))
        return True

    def _let_go(self, resource: Resource, obj: dict[str, Any]) -> None:
        self._edit(resource, obj, lambda found: found["metadata"].update(finalizers=[]))

    def _say(
        self, resource: Resource, obj: dict[str, Any], ready: str, reason: str, *, observed: bool = True, **more: Any
    ) -> None:
        generation = obj["metadata"]["generation"]
        condition = {
            "type": "Ready",
            "status": ready,
            "reason": reason,
            "message": f"{reason} of {obj['metadata']['name']}",
            "observedGeneration": generation,
            "lastTransitionTime": self._now(),
        }
        before = (obj.get("status") or {}).get("observedGeneration", -1)
        status = {"observedGeneration": generation if observed else before, "conditions": [condition], **more}
        self._edit(resource, obj, lambda found: found.update(status={**(found.get("status") or {}), **status}))

    def _edit(self, resource: Resource, obj: dict[str, Any], change: Callable[[dict[str, Any]], Any]) -> None:
        self._api.edit(resource, obj["metadata"]["name"], obj["metadata"]["namespace"], change)


def _is(obj: dict[str, Any], type_: str, status: str) -> bool:
    """Whether the condition of the current generation has that status."""
    found = next((c for c in (obj.get("status") or {}).get("conditions", ()) if c["type"] == type_), {})
    return found.get("status") == status and found.get("observedGeneration") == obj["metadata"]["generation"]


def _reason(obj: dict[str, Any]) -> str:
    return str(obj["status"]["conditions"][0]["reason"])
