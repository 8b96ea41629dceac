"""HelmRelease of the legacy Helm Operator (`helm.fluxcd.io/v1`): the constants that we rely on, and a typed view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource

HELM_RELEASES = Resource("helm.fluxcd.io", "v1", "helmreleases", "HelmRelease", namespaced=True)


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """A read view of one HelmRelease."""

    obj: Object

    @property
    def name(self) -> str:
        return objects.name(self.obj)

    @property
    def status(self) -> Mapping[str, Any]:
        return self.obj.get("status") or {}

    @property
    def phase(self) -> str:
        return str(self.status.get("phase") or "")

    @property
    def is_observed(self) -> bool:
        """Whether the operator's last finished sync was of the spec as it is now."""
        return int(self.status.get("observedGeneration") or 0) >= objects.generation(self.obj)

    @property
    def revision(self) -> str:
        """Git revision that is deployed, or ""."""
        return str(self.status.get("revision") or "")

    @property
    def failed_at(self) -> str:
        """When it came to stand in its phase, if that is a failure, or ""."""
        conditions = self.status.get("conditions") or ()
        of_phase = (c for c in conditions if (c.get("reason"), c.get("status")) == (self.phase, "False"))
        return max((str(condition.get("lastTransitionTime") or "") for condition in of_phase), default="")

    def condition(self, type_: str) -> Mapping[str, Any]:
        """The condition of that type, or an empty mapping."""
        return conditions.find(self.status.get("conditions"), type_) or {}
