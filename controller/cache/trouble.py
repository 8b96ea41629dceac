"""One log line when a reflector's luck changes, none for every retry in between."""

from __future__ import annotations

import structlog

from controller.apimachinery.errors import Forbidden, NotFound, StatusError, Unauthorized
from controller.apimachinery.resources import Resource

log = structlog.get_logger(__name__)


class TroubleLog:
    """Remembers what is wrong in which phase ("connect", "list" or "watch"). For one thread."""

    def __init__(self, *, resource: Resource) -> None:
        self._resource = resource
        self._troubles: dict[str, str] = {}

    def report(self, phase: str, error: Exception) -> None:
        """It failed; logged if it is a new kind of failure."""
        kind = f"{type(error).__name__} {error.code}" if isinstance(error, StatusError) else type(error).__name__
        if self._troubles.get(phase) == kind:
            return
        self._troubles[phase] = kind
        log.warning(_sentence(error), resource=str(self._resource), error=str(error))

    def over(self, phase: str) -> None:
        """It works (again); logged if it did not."""
        if self._troubles.pop(phase, None) is not None:
            log.info(f"{phase} works again", resource=str(self._resource))


def _sentence(error: Exception) -> str:
    if isinstance(error, NotFound) and error.resource_missing:
        return "the resource is not installed in the cluster, waiting for it"
    if isinstance(error, (Forbidden, Unauthorized)):
        return "not allowed to list or watch, trying again until it is granted"
    return "cannot list or watch, trying again"
