"""Read views of an Application and of the AppProject that limits it. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.client import DeletePropagation
from hack.standins.argocd.resources import BACKGROUND_FINALIZER, FINALIZER

# Defaults of the original: number of retries, and the pauses between them in seconds.
RETRIES = 5
FIRST_PAUSE, PAUSE_FACTOR, LONGEST_PAUSE = 5.0, 2, 180.0
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Application:
    """A read view of one Application."""

    obj: Object

    @property
    def key(self) -> str:
        return objects.key(self.obj)

    @property
    def name(self) -> str:
        return objects.name(self.obj)

    @property
    def namespace(self) -> str:
        return objects.namespace(self.obj)

    @property
    def spec(self) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.obj["spec"]
        return spec

    @property
    def source(self) -> Mapping[str, Any]:
        return self.spec.get("source") or {}

    @property
    def project(self) -> str:
        return str(self.spec["project"])

    @property
    def destination_namespace(self) -> str:
        return str(self.spec["destination"].get("namespace") or "")

    @property
    def status(self) -> Mapping[str, Any]:
        return self.obj.get("status") or {}

    @property
    def is_automated(self) -> bool:
        automated = self._policy.get("automated")
        return automated is not None and automated.get("enabled") is not False

    @property
    def prunes(self) -> bool:
        return self._automated("prune")

    @property
    def heals_itself(self) -> bool:
        return self._automated("selfHeal")

    @property
    def may_be_empty(self) -> bool:
        return self._automated("allowEmpty")

    @property
    def retries(self) -> int:
        """Return how often a failed sync is retried; below 0: without limit."""
        retry = self._policy.get("retry")
        return RETRIES if retry is None else int(retry.get("limit", 0))

    @property
    def refreshes(self) -> bool:
        """Whether another try of a failed sync takes the newest commit instead of the same one."""
        return bool((self._policy.get("retry") or {}).get("refresh"))

    def pause(self, failures: int) -> float:
        """Seconds before the next try of a sync that has failed so often."""
        backoff = (self._policy.get("retry") or {}).get("backoff") or {}
        first = _seconds(backoff.get("duration"), FIRST_PAUSE)
        longest = _seconds(backoff.get("maxDuration"), LONGEST_PAUSE)
        # Limit the exponent first: with unlimited retries the power would become too large.
        factor = int(backoff.get("factor") or PAUSE_FACTOR)
        return min(longest, first * float(factor ** min(failures - 1, 16)))

    @property
    def prune_propagation(self) -> DeletePropagation:
        """Return the propagation policy of pruning: Foreground, unless a sync option sets another one."""
        return DeletePropagation(self._options.get("PrunePropagationPolicy", "foreground").capitalize())

    @property
    def prunes_last(self) -> bool:
        return self._options.get("PruneLast") == "true"

    @property
    def finalizer(self) -> str:
        """Return the finalizer that makes a deletion of the Application delete its objects, or ""."""
        return next((f for f in objects.finalizers(self.obj) if f in (FINALIZER, BACKGROUND_FINALIZER)), "")

    @property
    def _policy(self) -> Mapping[str, Any]:
        return self.spec.get("syncPolicy") or {}

    @property
    def _options(self) -> Mapping[str, str]:
        pairs = (str(option).partition("=") for option in self._policy.get("syncOptions") or ())
        return {name: value for name, _, value in pairs}

    def _automated(self, name: str) -> bool:
        return bool((self._policy.get("automated") or {}).get(name))


def permits(project: Object, resource: Resource) -> bool:
    """Whether a project allows its Applications to contain objects of a kind."""
    spec = project.get("spec") or {}
    if not resource.namespaced:
        return _names(spec.get("clusterResourceWhitelist"), resource)
    return not _names(spec.get("namespaceResourceBlacklist"), resource)


def permits_source(project: Object, url: str) -> bool:
    """Whether a project lets its Applications come from a repository."""
    return any(fnmatch.fnmatchcase(url, glob) for glob in (project.get("spec") or {}).get("sourceRepos") or ())


def _names(entries: Any, resource: Resource) -> bool:
    return any(
        fnmatch.fnmatchcase(resource.group, entry["group"]) and fnmatch.fnmatchcase(resource.kind, entry["kind"])
        for entry in entries or ()
    )


def _seconds(text: Any, default: float) -> float:
    if not text:
        return default
    number, unit = str(text)[:-1], str(text)[-1]
    return float(number) * _SECONDS[unit] if unit in _SECONDS else float(text)
