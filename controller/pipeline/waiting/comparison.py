"""Whether the cluster has the spec of a file: equal but for what an API server adds, drops or holds for the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from controller.apimachinery.objects import Object
from controller.policy import fields

# What the CRD fills in where it is absent.
DEFAULTS: Final[Mapping[str, Any]] = {"suspend": False}
# Fields that the CRD does not know are dropped by the server.
_KNOWN: Final[Mapping[str, Any]] = {
    "suspend": bool,
    "namespaceLabels": dict,
    "application": {"release": fields.LISTED},
}


def same_spec(wanted: Object, live: Object) -> bool:
    """Whether `live` carries the spec of `wanted`."""
    return _canonical(wanted) == _canonical(live)


def _canonical(obj: Object) -> str:
    spec = obj.get("spec")
    known = _without_nulls(_known(spec, _KNOWN)) if isinstance(spec, Mapping) else {}
    # As text, because Python takes `true` and `1` for the same.
    return json.dumps(_whole_numbers({**DEFAULTS, **known}), sort_keys=True)


def _known(value: Any, shape: Any) -> Any:
    if isinstance(shape, Mapping) and isinstance(value, Mapping):
        return {name: _known(item, shape[name]) for name, item in value.items() if name in shape}
    if isinstance(shape, list) and isinstance(value, list):
        return [_known(item, shape[0]) for item in value]
    return value


def _without_nulls(value: Any) -> Any:
    # `kubectl apply` removes what is null, other clients keep it; nothing that we deploy differs by that alone.
    if isinstance(value, Mapping):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _whole_numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _whole_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
