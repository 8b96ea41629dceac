"""Compares the spec in the cluster with the one in a file, apart from what an API server adds, drops or normalizes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from controller.api.environment import Environment
from controller.apimachinery.findings import Path, shown
from controller.apimachinery.objects import Object
from controller.pipeline import releasenames
from controller.policy import fields

# Default values of the CRD.
DEFAULTS: Final[Mapping[str, Any]] = {"suspend": False}
# The fields of the CRD. An API server drops all others.
_KNOWN: Final[Mapping[str, Any]] = {
    "suspend": bool,
    "lifecycle": {"expireAfter": str},
    "namespaceLabels": dict,
    "application": {"release": fields.LISTED},
}
_VALUES: Final = ("application", "release", "values")
_SHOWN_LIMIT: Final = 3


def difference(wanted: Object, live: Object) -> str:
    """Return a message for users that says how the spec of `live` differs from `wanted`, or "" if they are equal."""
    one, other = _effective(wanted), _effective(live)
    if _text(one) == _text(other):
        return ""
    if _text(_without_nulls(one, keep=())) == _text(other):
        nulls = ", ".join(_nulls(one, ())[:_SHOWN_LIMIT])
        return (
            f"the spec in the cluster lacks the null of {nulls}, which removes a default of the chart; `kubectl apply` "
            "drops nulls: use `kubectl apply --server-side`"
        )
    return "the cluster still has a different spec"


def _effective(obj: Object) -> Mapping[str, Any]:
    spec = obj.get("spec")
    known = _known(spec, _KNOWN) if isinstance(spec, Mapping) else {}
    found = {**DEFAULTS, **_without_nulls(known, keep=_VALUES)}
    environment = Environment(obj)
    if (name := releasenames.current(environment)) != environment.release.get("releaseName"):
        release = {**found["application"]["release"], "releaseName": name}
        found["application"] = {**found["application"], "release": release}
    return found


def _text(spec: Mapping[str, Any]) -> str:
    # Compare as text, because `True == 1` in Python. A part that could not be read (written by `repr`) equals nothing.
    return json.dumps(_whole_numbers(spec), sort_keys=True, default=repr)


def _known(value: Any, shape: Any) -> Any:
    if isinstance(shape, Mapping) and isinstance(value, Mapping):
        return {name: _known(item, shape[name]) for name, item in value.items() if name in shape}
    if isinstance(shape, list) and isinstance(value, list):
        return [_known(item, shape[0]) for item in value]
    return value


def _without_nulls(value: Any, path: tuple[str, ...] = (), *, keep: tuple[str, ...]) -> Any:
    """Return `value` without the nulls in its mappings, except below the path `keep`.

    A null is the same as an absent field, except in the chart's values, where it removes a default of the chart.
    """
    if path and path == keep:
        return value
    if isinstance(value, Mapping):
        return {
            name: _without_nulls(item, (*path, name), keep=keep) for name, item in value.items() if item is not None
        }
    if isinstance(value, list):
        return [_without_nulls(item, (*path, "[]"), keep=keep) for item in value]
    return value


def _nulls(value: Any, path: Path) -> list[str]:
    if value is None:
        return [shown(path)]
    if isinstance(value, Mapping):
        return [found for name, item in value.items() for found in _nulls(item, (*path, name))]
    if isinstance(value, list):
        return [found for position, item in enumerate(value) for found in _nulls(item, (*path, position))]
    return []


def _whole_numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _whole_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
