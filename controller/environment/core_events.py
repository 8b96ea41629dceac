"""Reads Events of the core API: when, and about what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.timestamps import from_time


def moment(event: Object) -> datetime | None:
    """Return when an Event happened last, or None if it does not say."""
    series = objects.mapping(event.get("series"))
    moments = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return from_time(next((str(found) for found in moments if found), None))


def regarding(event: Object) -> Mapping[str, Any]:
    """Return what an Event is about: `kind`, `name`, `uid`, and `fieldPath` for a container."""
    return objects.mapping(event.get("involvedObject"))


def reason(event: Object) -> str:
    """Return the reason of an Event, or ""."""
    return objects.text(event.get("reason"))
