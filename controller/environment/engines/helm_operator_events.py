"""Why a release of the Helm Operator failed. Only the operator's Events say it, never the status.

Such an Event is written a moment after the status. Older Events can be about an earlier failure, or about the first
fetch of the chart, which always fails. So Events from before the failure do not count.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.api.helm_operator import HELM_RELEASES, HelmRelease
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import CORE_EVENTS
from controller.apimachinery.timestamps import from_time
from controller.environment import core_events
from controller.environment.effects import Listing, Target


def warnings(target: Target, release: Object | None) -> Listing:
    """Return the Warning Events about a HelmRelease."""
    fields = {
        "involvedObject.kind": HELM_RELEASES.kind,
        "involvedObject.name": target.name,
        "involvedObject.uid": objects.uid(release or {}),
        "type": "Warning",
    }
    selector = ",".join(f"{field}={value}" for field, value in fields.items())
    return Listing(CORE_EVENTS, target.namespace, field_selector=selector)


def explain(release: Object | None, events: Sequence[Object]) -> str:
    """Return the note of the newest Event since the failure, or ""."""
    failed_at = from_time(HelmRelease(release or {}).failed_at)
    # Times have a resolution of a second. The name of an Event ends with its exact time.
    notes = [
        (moment, objects.name(event), str(event.get("message") or "").strip())
        for event in events
        if (moment := core_events.moment(event)) and (failed_at is None or moment >= failed_at)
    ]
    return max(notes)[-1] if notes else ""
