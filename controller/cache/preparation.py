"""Checks, completes and transforms each object from the API server once, before it enters the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from controller.apimachinery import nesting, objects
from controller.apimachinery.findings import shown
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.cache.metrics import InformerMetrics
from controller.cache.texts import Texts

log = structlog.get_logger(__name__)

Transform = Callable[[dict[str, Any]], dict[str, Any]]


class Preparation:
    """Prepares the objects of one resource for the cache. Caches with the same `texts` share equal texts."""

    def __init__(
        self, *, resource: Resource, transform: Transform, metrics: InformerMetrics, texts: Texts | None = None
    ) -> None:
        self._resource = resource
        self._transform = transform
        self._metrics = metrics
        self._texts = texts or Texts()

    def prepare(self, raw: dict[str, Any], *, listed: bool) -> tuple[str, Object] | None:
        """Return the key and the final form of `raw`, or None if it is malformed or its transform fails.

        A rejected object is logged and counted. So is an object with a part that could not be read, but that object is
        accepted with an `Unreadable` in place of the part. `listed`: `raw` is an item of a list, which has no kind.
        """
        problem = self._problem(raw, listed=listed)
        if problem is not None:
            log.warning("object skipped", resource=str(self._resource), problem=problem)
            self._metrics.skipped.inc()
            return None
        raw["apiVersion"], raw["kind"] = self._resource.api_version, self._resource.kind
        try:
            obj = self._transform(raw)
        except Exception:  # an object on which the transform fails must not hold up the others
            log.exception("object transform failed", resource=str(self._resource), object=objects.key(raw))
            self._metrics.skipped.inc()
            return None
        if not self._texts.share(obj):
            self._report_unreadable(obj)
        return objects.key(obj), obj

    def _report_unreadable(self, obj: Object) -> None:
        fault = next(nesting.faults(obj, nesting.READ_LIMIT), None)
        if fault is not None:
            log.warning(
                "object partly unreadable",
                resource=str(self._resource),
                object=objects.key(obj),
                field=shown(fault.path),
                problem=fault.message,
            )
            self._metrics.unreadable.inc()

    def _problem(self, raw: Any, *, listed: bool) -> str | None:
        if not isinstance(raw, dict) or not isinstance(raw.get("metadata"), dict):
            return "no metadata"
        for field in ("name", "resourceVersion"):
            value = raw["metadata"].get(field)
            if not value or not isinstance(value, str):
                return f"no {field}"
        for field in ("labels", "annotations"):
            if not _is_map_of_strings(raw["metadata"].get(field)):
                return f"{field} is not a map of strings"
        found = (raw.get("apiVersion"), raw.get("kind"))
        wanted = (self._resource.api_version, self._resource.kind)
        if found != wanted and not (listed and found == (None, None)):
            return f"expected a {wanted[0]} {wanted[1]}, got a {found[0]} {found[1]}"
        return None


def _is_map_of_strings(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(isinstance(text, str) for text in value.values()))
