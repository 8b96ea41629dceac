"""Logs when a reflector starts to fail and when it recovers, but not every retry in between."""

from __future__ import annotations

import structlog

from controller.apimachinery.errors import Forbidden, NotFound, StatusError, Unauthorized
from controller.apimachinery.resources import Resource

log = structlog.get_logger(__name__)


class TroubleLog:
    """Remembers the current failure of each phase ("connect", "list" or "watch"). For one thread."""

    def __init__(self, *, resource: Resource) -> None:
        self._resource = resource
        self._troubles: dict[str, str] = {}

    def report(self, phase: str, error: Exception) -> None:
        """Record a failure of `phase`, and log it if it is of a new kind."""
        kind = f"{type(error).__name__} {error.code}" if isinstance(error, StatusError) else type(error).__name__
        if self._troubles.get(phase) == kind:
            return
        self._troubles[phase] = kind
        details = {"resource": str(self._resource), "operation": phase, "error": str(error)}
        if isinstance(error, NotFound) and error.resource_missing:
            log.warning("resource not installed", **details)
        elif isinstance(error, (Forbidden, Unauthorized)):
            log.warning("list or watch not permitted", **details)
        else:
            log.warning("list or watch failed", **details)

    def over(self, phase: str) -> None:
        """Record that `phase` works, and log that if it failed before."""
        if self._troubles.pop(phase, None) is not None:
            log.info("list or watch recovered", resource=str(self._resource), operation=phase)
