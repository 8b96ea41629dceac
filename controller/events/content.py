"""Builds the content of an Event. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import EVENTS

# The limits of the API (pkg/apis/core/validation/events.go).
_NOTE_LIMIT = 1024
_NAME_LIMIT = 253
# The namespace that the API requires for Events about cluster-scoped objects.
_DEFAULT_NAMESPACE = "default"


def build(
    *,
    regarding: Object,
    related: Object | None,
    moment: datetime,
    stamp: int,
    controller: str,
    instance: str,
    type_: str,
    reason: str,
    action: str,
    note: str,
) -> dict[str, Any]:
    """Return the Event. `stamp` makes its name unique. Raises ValueError if an object has no name or no kind."""
    reference = _reference(regarding)
    suffix = f".{stamp:x}"
    event: dict[str, Any] = {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {
            "name": reference["name"][: _NAME_LIMIT - len(suffix)] + suffix,
            "namespace": reference.get("namespace") or _DEFAULT_NAMESPACE,
        },
        "eventTime": micro_time(moment),
        "reportingController": controller,
        "reportingInstance": instance,
        "type": type_,
        "reason": reason,
        "action": action,
        "note": _cut(note),
        "regarding": reference,
    }
    if related is not None:
        event["related"] = _reference(related)
    return event


def _reference(obj: Object) -> dict[str, str]:
    """Return an ObjectReference to `obj`, which is an object or already a reference."""
    meta = objects.metadata(obj) or obj
    reference = {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj.get("kind"),
        "namespace": meta.get("namespace"),
        "name": meta.get("name"),
        "uid": meta.get("uid"),
    }
    if not reference["name"] or not reference["kind"]:
        raise ValueError(f"an object without a name or kind cannot be referred to: {reference}")
    return {key: str(value) for key, value in reference.items() if value}


def _cut(note: str) -> str:
    """Return `note` cut to `_NOTE_LIMIT` bytes, which is how the API counts, without cutting a character in half."""
    data = note.encode(errors="replace")
    return note if len(data) <= _NOTE_LIMIT else data[: _NOTE_LIMIT - 3].decode(errors="ignore") + "..."


def micro_time(moment: datetime) -> str:
    """Return `moment` in the format of times in Events: UTC with six decimals."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
