"""A Helm Operator in memory: one step at a time, in the original's words, with its habit of uninstalling afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from controller.environment.previews.kinds import INGRESSES
from tests.unit.environment.simulation.fake_api import FakeApi
from tests.unit.environment.support.builders import operator_status

OBSERVED = "the end of a sync"
DOMAIN = "preview.example.com"


class FakeOperator:
    """Every `step` moves each HelmRelease by one phase, and finishes an uninstall whose release is gone."""

    def __init__(self, api: FakeApi, *, now: Callable[[], str]) -> None:
        self._api = api
        self._now = now
        self._syncs: dict[tuple[str, int], Iterator[str]] = {}
        self._known: dict[str, tuple[str, str]] = {}
        self.failing = False
        self.stuck = False

    def step(self) -> bool:
        """Do a little; whether there was anything to do."""
        version = self._api.version
        self._uninstall()
        for release in list(self._api.all(HELM_RELEASES)):
            metadata = release["metadata"]
            self._known[metadata["uid"]] = (metadata["namespace"], release["spec"]["releaseName"])
            run = (metadata["uid"], metadata["generation"])
            unseen = int((release.get("status") or {}).get("observedGeneration") or 0) < metadata["generation"]
            if (unseen or run in self._syncs) and not metadata.get("deletionTimestamp"):
                self._sync(metadata["namespace"], metadata["name"], run)
        return self._api.version != version

    def retry(self) -> None:
        """The periodic sync: a release that failed is tried again."""
        for release in list(self._api.all(HELM_RELEASES)):
            if (release.get("status") or {}).get("phase") == "DeployFailed":
                metadata = release["metadata"]
                self._syncs[(metadata["uid"], metadata["generation"])] = self._phases(metadata["namespace"], release)

    def _sync(self, namespace: str, name: str, run: tuple[str, int]) -> None:
        release = self._api.peek(HELM_RELEASES, name, namespace)
        assert release is not None
        if run not in self._syncs:
            self._syncs[run] = self._phases(namespace, release)
        phase = next(self._syncs[run], "")
        if not phase:
            del self._syncs[run]
        if phase in ("", OBSERVED):
            self._change(namespace, name, lambda old: {**old, "observedGeneration": run[1]})
            return
        revision = "abc" if phase == "Succeeded" else ""
        entered = operator_status(phase, since=0, revision=revision, release=release["spec"]["releaseName"])
        self._change(namespace, name, lambda old: self._entered(old, entered))

    def _phases(self, namespace: str, release: Any) -> Iterator[str]:
        storage = f"sh.helm.release.v1.{release['spec']['releaseName']}.v1"
        if not release.get("status"):
            yield "ChartFetchFailed"
            yield OBSERVED
        yield "ChartFetched"
        yield "Upgrading" if self._api.peek(SECRETS, storage, namespace) else "Installing"
        if self.failing:
            yield "DeployFailed"
            return
        if self._api.peek(NAMESPACES, namespace):
            self._api.put(SECRETS, storage_secret(namespace, release["spec"]["releaseName"]))
            self._api.put(INGRESSES, chart_ingress(namespace, release["spec"]["releaseName"]))
        yield "Deployed"
        yield "Succeeded"

    def _entered(self, old: dict[str, Any], entered: dict[str, Any]) -> dict[str, Any]:
        before = {condition["type"]: condition for condition in old.get("conditions") or ()}
        for condition in entered["conditions"]:
            known = before.pop(condition["type"], {})
            unmoved = known.get("status") == condition["status"]
            condition["lastTransitionTime"] = known["lastTransitionTime"] if unmoved else self._now()
        conditions = [*before.values(), *entered["conditions"]]
        return {**old, **entered, "conditions": conditions, "observedGeneration": old.get("observedGeneration", 0)}

    def _change(self, namespace: str, name: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        def apply(release: dict[str, Any]) -> None:
            release["status"] = change(release.get("status") or {})

        self._api.edit(HELM_RELEASES, name, namespace, apply)

    def _uninstall(self) -> None:
        living = {release["metadata"]["uid"] for release in self._api.all(HELM_RELEASES)}
        names = {(r["metadata"]["namespace"], r["spec"]["releaseName"]) for r in self._api.all(HELM_RELEASES)}
        for uid in [uid for uid in self._known if uid not in living]:
            namespace, release_name = self._known[uid]
            if self.stuck:
                continue
            del self._known[uid]
            if (namespace, release_name) in names:
                # Recreated before the operator noticed the deletion: the new release upgrades the old storage.
                continue
            for secret in list(self._api.all(SECRETS, namespace)):
                if secret["metadata"]["labels"].get("name") == release_name:
                    self._api.remove(SECRETS, secret["metadata"]["name"], namespace)
                    self._api.remove(INGRESSES, release_name, namespace)


def chart_ingress(namespace: str, release_name: str) -> dict[str, Any]:
    """What the chart of every release contains: a way to the application."""
    return {
        "metadata": {"name": release_name, "namespace": namespace},
        "spec": {"tls": [{"hosts": [f"*.{DOMAIN}"]}], "rules": [{"host": f"{release_name}.{DOMAIN}"}]},
    }


def storage_secret(namespace: str, release_name: str) -> dict[str, Any]:
    """What Helm keeps of a release."""
    return {
        "metadata": {
            "name": f"sh.helm.release.v1.{release_name}.v1",
            "namespace": namespace,
            "labels": {"owner": "helm", "name": release_name, "status": "deployed"},
        },
        "type": "helm.sh/release.v1",
    }
