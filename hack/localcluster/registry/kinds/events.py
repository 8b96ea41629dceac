"""Events: one store, two faces. They are kept in the core form; events.k8s.io renames the fields."""

from __future__ import annotations

from typing import Any

from ...fielderrors import FieldError, invalid, required
from ...objects import Object
from ...selectors.fields import FieldReader
from ...validation.names import qualified_name
from ..resource import Face
from ..strategy import GarbageCollection, field_readers
from .builtin import BuiltinStrategy

# events.k8s.io name → core name, in the order in which events.k8s.io shows them.
_NAMES = {
    "eventTime": "eventTime",
    "series": "series",
    "reportingController": "reportingComponent",
    "reportingInstance": "reportingInstance",
    "action": "action",
    "reason": "reason",
    "regarding": "involvedObject",
    "related": "related",
    "note": "message",
    "type": "type",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_CORE_NAMES = {core: new for new, core in _NAMES.items()}
_IMMUTABLE = (
    "involvedObject",
    "reason",
    "reportingComponent",
    "reportingInstance",
    "action",
    "related",
    "message",
    "type",
)
_INVOLVED = tuple(
    f"involvedObject.{name}"
    for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
)
_SELECTABLE = (
    "metadata.name",
    "metadata.namespace",
    *_INVOLVED,
    "reason",
    "reportingComponent",
    "source",
    "type",
)


# Fields that Go writes even when they are empty. They are not stored, so that no manager owns them.
_ALWAYS_SHOWN: dict[str, Any] = {
    "involvedObject": {},
    "source": {},
    "firstTimestamp": None,
    "lastTimestamp": None,
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}


class CoreEventsFace(Face):
    """Events as the core group shows them."""

    def shown(self, obj: Object) -> Object:
        """Return the Event with the fields that every response contains."""
        return {**_ALWAYS_SHOWN, **obj}


class EventsFace(Face):
    """Events as events.k8s.io/v1 shows them."""

    def shown(self, obj: Object) -> Object:
        """Core names to events.k8s.io names."""
        always = {key: _ALWAYS_SHOWN[key] for key in ("source", "firstTimestamp", "lastTimestamp", "eventTime")}
        return {"kind": "Event", "apiVersion": "events.k8s.io/v1", **_renamed({**always, **obj}, _CORE_NAMES)}

    def stored(self, obj: Object) -> Object:
        """events.k8s.io names to core names."""
        return {"kind": "Event", "apiVersion": "v1", **_renamed(obj, _NAMES)}


def _renamed(obj: Object, table: dict[str, str]) -> Object:
    return {table.get(key, key): value for key, value in obj.items() if key not in ("kind", "apiVersion")}


class EventStrategy(BuiltinStrategy):
    """Events of either version; what is stored, compared and validated is the core form."""

    garbage_collection: GarbageCollection = "unsupported"
    create_on_update = True

    @property
    def readers(self) -> dict[str, FieldReader]:
        """Add the field selectors on the object concerned, under the core or the events.k8s.io names."""
        readers = field_readers(*_SELECTABLE)
        readers["source"] = _source
        if self.group:
            for path in _INVOLVED:
                readers["regarding" + path.removeprefix("involvedObject")] = readers[path]
            readers["reportingController"] = readers["reportingComponent"]
        return readers

    def unknown_field_text(self, path: str) -> str:
        """The refusal of any other field."""
        return f"field label not supported: {path}"

    def default(self, obj: Object) -> Object:
        """Remove the empty values that clients send because their types cannot omit them."""
        return {key: value for key, value in obj.items() if value not in ({}, "")}

    def validate(self, obj: Object) -> list[FieldError]:
        """Check an Event of the newer form. events.k8s.io accepts no other form."""
        errors = self._common_errors(obj)
        if not self.group:
            return errors
        errors += _series_errors(obj.get("series"))
        if not obj.get("eventTime"):
            errors.append(required("eventTime"))
        if obj.get("type") not in ("Normal", "Warning"):
            errors.append(invalid("type", "", f"has invalid value: {obj.get('type') or ''}"))
        for field in ("firstTimestamp", "lastTimestamp", "count", "source"):
            if obj.get(field):
                errors.append(invalid(field, "", "needs to be unset"))
        return errors

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """events.k8s.io: everything but the series is immutable."""
        errors = self._common_errors(obj)
        if not self.group:
            return errors
        if obj.get("series") != old.get("series"):
            errors += _series_errors(obj.get("series"))
        for field in _IMMUTABLE:
            if (obj.get(field) or None) != (old.get(field) or None):
                shown = "reportingController" if field == "reportingComponent" else field
                errors.append(invalid(shown, obj.get(field), "field is immutable"))
        return errors

    def _common_errors(self, obj: Object) -> list[FieldError]:
        namespace = obj["metadata"].get("namespace", "")
        involved = (obj.get("involvedObject") or {}).get("namespace") or ""
        new_form = bool(obj.get("eventTime"))
        fitting = (namespace,) if involved else ("default", "kube-system") if new_form else ("default",)
        errors: list[FieldError] = []
        if (involved or namespace) not in fitting:
            errors.append(invalid("involvedObject.namespace", involved, "does not match event.namespace"))
        return errors + (_form_errors(obj, self.group) if new_form else [])


def _form_errors(obj: Object, group: str) -> list[FieldError]:
    errors: list[FieldError] = []
    name = "reportingController" if group else "reportingComponent"
    controller = obj.get("reportingComponent") or ""
    if not controller:
        errors.append(required(name))
    errors += [invalid(name, controller, text) for text in qualified_name(controller)]
    for field in ("reportingInstance", "action", "reason"):
        value = obj.get(field) or ""
        if not value:
            errors.append(required(field))
        errors += _length(field, value, 128)
    return errors + _length("message", obj.get("message") or "", 1024)


def _series_errors(series: dict[str, Any] | None) -> list[FieldError]:
    if series is None:
        return []
    errors: list[FieldError] = []
    if (series.get("count") or 0) < 2:
        errors.append(invalid("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(required("series.lastObservedTime"))
    return errors


def _length(field: str, value: str, limit: int) -> list[FieldError]:
    # The server passes an empty value to this error, whatever the text was.
    return [invalid(field, "", f"can have at most {limit} characters")] if len(value.encode()) > limit else []


def _source(obj: Object) -> str:
    source = obj.get("source") or {}
    return str(source.get("component") or obj.get("reportingComponent") or "")
