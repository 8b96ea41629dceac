"""Since when the environments of a cluster have been expired. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from controller.api.environment import Environment
from controller.apimachinery import conditions
from controller.apimachinery.objects import Object
from controller.apimachinery.timestamps import from_time
from controller.pipeline import gitops
from controller.pipeline.waiting import comparison
from controller.sweep.candidates import Candidate

_EXPIRED: Final = "expired"


def is_expired(live: Object) -> bool:
    """Return whether the status of an environment says that it has expired."""
    return Environment(live).status.get("applicationStatus") == _EXPIRED


def since(candidate: Candidate, live: Object) -> datetime | None:
    """Return since when the environment of a file has been expired in the cluster; None if it is not, or may not be.

    What was pushed after it had expired brings it back. So an environment that differs from its file does not count.
    """
    environment = Environment(live)
    if environment.is_deleting or not is_expired(live):
        return None
    if environment.status.get("observedGeneration") != environment.generation:
        return None
    if gitops.origin_of(live) != candidate.origin or comparison.difference(candidate.environment.obj, live):
        return None
    ready = conditions.find(environment.conditions, "Ready") or {}
    # Neither alone is enough: a lifetime may have been shortened afterwards, and Ready may have been False before.
    moments = [from_time(environment.status.get("expiresAt")), from_time(ready.get("lastTransitionTime"))]
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None
