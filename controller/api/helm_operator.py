"""The legacy Helm Operator's HelmRelease (`helm.fluxcd.io/v1`): the constants that we use, and a typed read view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource

HELM_RELEASES = Resource("helm.fluxcd.io", "v1", "helmreleases", "HelmRelease", namespaced=True)

# A commit has 40 digits. Another program could write a longer text, which must not fill our own status.
_REVISION_LIMIT: Final = 255


# It has no slots, because what is read many times in one reconcile is cached.
@dataclass(frozen=True)
class HelmRelease:
    """A read view of one HelmRelease."""

    obj: Object

    @property
    def name(self) -> str:
        return objects.name(self.obj)

    @cached_property
    def status(self) -> Mapping[str, Any]:
        return objects.mapping(self.obj.get("status"))

    @cached_property
    def phase(self) -> str:
        """One of the operator's phases, "Other" for any other value, or "" before the operator has set it."""
        phase = self.status.get("phase")
        return conditions.reason(phase) if phase else ""

    @property
    def is_observed(self) -> bool:
        """Whether the last sync that the operator finished was of the current spec."""
        return objects.number(self.status.get("observedGeneration")) >= objects.generation(self.obj)

    @property
    def revision(self) -> str:
        """The deployed git revision, or ""."""
        return objects.text(self.status.get("revision"))[:_REVISION_LIMIT]

    @property
    def failed_at(self) -> str:
        """The time at which it entered its phase if that is a failure, or ""."""
        of_phase = (c for c in self.conditions if (c.get("reason"), c.get("status")) == (self.phase, "False"))
        return max((objects.text(condition.get("lastTransitionTime")) for condition in of_phase), default="")

    @cached_property
    def conditions(self) -> tuple[Mapping[str, Any], ...]:
        return objects.mappings(self.status.get("conditions"))

    def condition(self, type_: str) -> Mapping[str, Any]:
        """The condition of that type, or an empty mapping."""
        return conditions.find(self.conditions, type_) or {}
