"""What stands in an Event. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import EVENTS

# Limits of the API (pkg/apis/core/validation/events.go).
_NOTE_LIMIT = 1024
_NAME_LIMIT = 253
# Where Events about cluster-scoped objects have to live.
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
    """The Event. `stamp` makes its name unique. ValueError: there is nothing that `regarding` refers to."""
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
    """An ObjectReference to `obj`, which may be one already."""
    meta = objects.metadata(obj) or obj
    reference = {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj.get("kind"),
        "namespace": meta.get("namespace"),
        "name": meta.get("name"),
        "uid": meta.get("uid"),
    }
    if not reference["name"] or not reference["kind"]:
        raise ValueError(f"cannot refer to {reference}")
    return {key: str(value) for key, value in reference.items() if value}


def _cut(note: str) -> str:
    """At most `_NOTE_LIMIT` bytes, as the API counts, and no character cut in half."""
    data = note.encode(errors="replace")
    return note if len(data) <= _NOTE_LIMIT else data[: _NOTE_LIMIT - 3].decode(errors="ignore") + "..."


def micro_time(moment: datetime) -> str:
    """As the API writes times of Events: six decimals, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
