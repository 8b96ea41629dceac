"""Whether the cluster has the spec of a file: equal but for what an API server adds, drops or holds for the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from controller.api.environment import Environment
from controller.apimachinery.objects import Object
from controller.pipeline import releasenames
from controller.pipeline.yamlfiles import show
from controller.pipeline.yamlfiles.document import Path
from controller.policy import fields

# What the CRD fills in where it is absent.
DEFAULTS: Final[Mapping[str, Any]] = {"suspend": False}
# Fields that the CRD does not know are dropped by the server.
_KNOWN: Final[Mapping[str, Any]] = {
    "suspend": bool,
    "namespaceLabels": dict,
    "application": {"release": fields.LISTED},
}
_VALUES: Final = ("application", "release", "values")
_SHOWN_LIMIT: Final = 3


def difference(wanted: Object, live: Object) -> str:
    """How the spec of `live` differs from that of `wanted`, in words for people; "" where it does not."""
    one, other = _effective(wanted), _effective(live)
    if _text(one) == _text(other):
        return ""
    if _text(_without_nulls(one, keep=())) == _text(other):
        nulls = ", ".join(_nulls(one, ())[:_SHOWN_LIMIT])
        return (
            f"the cluster has its spec without the null of {nulls}, which removes a default of the chart; `kubectl "
            "apply` drops a null: use `kubectl apply --server-side`"
        )
    return "the cluster has another spec of it still"


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
    # As text, because Python takes `true` and `1` for the same. A part that could not be read equals nothing (`repr`).
    return json.dumps(_whole_numbers(spec), sort_keys=True, default=repr)


def _known(value: Any, shape: Any) -> Any:
    if isinstance(shape, Mapping) and isinstance(value, Mapping):
        return {name: _known(item, shape[name]) for name, item in value.items() if name in shape}
    if isinstance(shape, list) and isinstance(value, list):
        return [_known(item, shape[0]) for item in value]
    return value


def _without_nulls(value: Any, path: tuple[str, ...] = (), *, keep: tuple[str, ...]) -> Any:
    """Without what is null in a mapping, but for what lies at the path `keep`.

    Null is the same as absent, except within the chart's values: there it removes a default of the chart.
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
        return [show(path)]
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
