"""How the cells of built-in kinds are read from objects (kubernetes/pkg/printers/internalversion)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..clock import age
from ..objects import Object

Cell = Callable[[Object], Any]


def dig(obj: Object, path: str, default: Any = None) -> Any:
    """The value at a dotted path, or `default`."""
    value: Any = obj
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            return default
    return value


def at(path: str, default: Any = "") -> Cell:
    """Shows the value at a path."""
    return lambda obj: dig(obj, path, default)


def count(*paths: str) -> Cell:
    """Shows how many entries the maps or lists at some paths have together."""
    return lambda obj: sum(len(dig(obj, path, ())) for path in paths)


def ratio(have: str, want: str, default: int = 0) -> Cell:
    """Shows `have/want`."""
    return lambda obj: f"{dig(obj, have, 0)}/{dig(obj, want, default)}"


def joined(items: Any, show: Callable[[Any], str], empty: str = "<none>") -> str:
    """Items shown one by one, with commas."""
    return ",".join(show(item) for item in items or ()) or empty


def containers(field: str) -> Cell:
    """Shows a field of each container of the pod template."""
    return lambda obj: joined(dig(obj, "spec.template.spec.containers"), lambda one: str(one.get(field, "")), "")


def selector(obj: Object) -> str:
    """The labels a selector demands."""
    found = dig(obj, "spec.selector", {})
    labels = found.get("matchLabels", found) if isinstance(found, dict) else {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "<none>"


def port(port: dict[str, Any]) -> str:
    """A port of a Service."""
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}"


def external(obj: Object) -> str:
    """The external address of a Service."""
    if dig(obj, "spec.type") == "ExternalName":
        return str(dig(obj, "spec.externalName", ""))
    if dig(obj, "spec.type") == "LoadBalancer":
        return "<pending>"
    return "<none>"


def event_object(obj: Object) -> str:
    """Return the object of an Event."""
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def event_seen(obj: Object) -> str:
    """Return how long ago an Event was last seen."""
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or obj.get("eventTime")
    observed = (obj.get("series") or {}).get("lastObservedTime")
    return age(observed or last or obj["metadata"].get("creationTimestamp"))


def binding_role(obj: Object) -> str:
    """The role a binding grants."""
    return f"{dig(obj, 'roleRef.kind', '')}/{dig(obj, 'roleRef.name', '')}"


def subjects(kind: str) -> Cell:
    """Shows the subjects of one kind."""

    def show(subject: dict[str, Any]) -> str:
        prefix = f"{subject.get('namespace')}/" if kind == "ServiceAccount" else ""
        return prefix + str(subject.get("name"))

    return lambda obj: ", ".join(show(one) for one in obj.get("subjects") or () if one.get("kind") == kind)


def pod_ready(obj: Object) -> str:
    """Ready containers of a Pod."""
    ready = sum(1 for status in dig(obj, "status.containerStatuses", ()) if status.get("ready"))
    return f"{ready}/{len(dig(obj, 'spec.containers', ()))}"


def seen(path: str) -> Cell:
    """Shows how long ago the time at a path was."""
    return lambda obj: age(dig(obj, path), unknown="<unknown>")


def event_source(obj: Object) -> str:
    """Return the source of an Event."""
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    component = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    return f"{component}, {source['host']}" if source.get("host") else str(component)
