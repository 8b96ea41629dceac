"""Flux's HelmRelease (v2) and GitRepository (v1): the constants that we use, and typed read views."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource

HELM_RELEASES = Resource("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease", namespaced=True)
GIT_REPOSITORIES = Resource("source.toolkit.fluxcd.io", "v1", "gitrepositories", "GitRepository", namespaced=True)

# On a Secret or ConfigMap with values for a release: makes Flux react to its changes at once.
WATCH_LABEL = "reconcile.fluxcd.io/watch"
WATCHED = "Enabled"
# On an object of Flux: its controller looks at the object now, whenever the value changes.
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
# On every object of Flux: its controllers remove it after they have cleaned up for the object.
FINALIZER = "finalizers.fluxcd.io"
# On an object of Flux: the part after it becomes a key of the metadata of each event about the object.
EVENT_PREFIX = "event.toolkit.fluxcd.io/"
# A commit has 40 digits. Another program could write a longer text, which must not fill our own status.
_COMMIT_LIMIT: Final = 255
# With `reconcileStrategy: Revision` a chart's version ends in the first 12 digits of its commit. If there are
# valuesFiles, the generation of the chart's object follows.
_OF_COMMIT: Final = re.compile(r"\+([0-9a-f]{12})(\.[0-9]+)?$")


@dataclass(frozen=True, slots=True)
class FluxObject:
    """The common part of all Flux objects."""

    obj: Object

    @property
    def generation(self) -> int:
        return objects.generation(self.obj)

    @property
    def is_deleting(self) -> bool:
        return objects.is_deleting(self.obj)

    @property
    def status(self) -> Mapping[str, Any]:
        return objects.mapping(self.obj.get("status"))

    @property
    def is_observed(self) -> bool:
        """Whether the controller has finished with the current spec, successfully or not."""
        return objects.number(self.status.get("observedGeneration")) == self.generation

    def condition(self, type_: str) -> Mapping[str, Any]:
        """The condition of that type, or an empty mapping."""
        return conditions.find(self.status.get("conditions"), type_) or {}

    def current(self, type_: str) -> Mapping[str, Any]:
        """Return the condition of that type, or an empty mapping if it is missing or concerns an older generation."""
        condition = self.condition(type_)
        return condition if condition.get("observedGeneration") == self.generation else {}


@dataclass(frozen=True, slots=True)
class HelmRelease(FluxObject):
    """A read view of one HelmRelease."""

    @property
    def is_suspended(self) -> bool:
        return objects.mapping(self.obj.get("spec")).get("suspend") is True

    @property
    def is_untried(self) -> bool:
        """Whether the last try to release was with an older spec."""
        return 0 < objects.number(self.status.get("lastAttemptedGeneration")) < self.generation

    @property
    def attempted_commit(self) -> str:
        """The beginning of the commit whose chart was tried last, or ""."""
        return commit_of_chart(objects.text(self.status.get("lastAttemptedRevision")))

    @property
    def deployed_commit(self) -> str:
        """The beginning of the commit whose chart is deployed, or ""."""
        history = objects.mappings(self.status.get("history"))
        deployed: Mapping[str, Any] = next((entry for entry in history if entry.get("status") == "deployed"), {})
        return commit_of_chart(objects.text(deployed.get("chartVersion")))


@dataclass(frozen=True, slots=True)
class GitRepository(FluxObject):
    """A read view of one GitRepository."""

    @property
    def commit(self) -> str:
        """The commit of the artifact, or ""."""
        revision = objects.text(objects.mapping(self.status.get("artifact")).get("revision"))
        # branch@sha1:6f50ff2f..., or without the branch.
        return revision.rpartition(":")[2][:_COMMIT_LIMIT]


def commit_of_chart(version: str) -> str:
    """Return the beginning of the commit that a chart of that version was built from, or "" if it is not known."""
    found = _OF_COMMIT.search(version)
    return found[1] if found else ""
