"""The schemas of the Prometheus Operator's kinds, reduced to the fields that are used. So another field is refused."""


def _object(properties, required=()):
    return {"type": "object", "properties": properties, "required": list(required)}


def _map():
    return {"type": "object", "additionalProperties": {"type": "string"}}


def _kind(spec):
    return _object(
        {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}, "spec": spec},
        ["apiVersion", "kind", "metadata", "spec"],
    )


_DURATION = {
    "type": "string",
    "pattern": r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?)$",
}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_RELABELING = _object({"sourceLabels": _TEXTS, "targetLabel": {"type": "string"}})
_ENDPOINT = _object(
    {"port": {"type": "string"}, "interval": _DURATION, "relabelings": {"type": "array", "items": _RELABELING}}
)
_EXPRESSION = _object({"key": {"type": "string"}, "operator": {"enum": ["In"], "type": "string"}, "values": _TEXTS})
_SELECTOR = _object({"matchLabels": _map(), "matchExpressions": {"type": "array", "items": _EXPRESSION}})
_RULE = _object(
    {
        "alert": {"type": "string"},
        "record": {"type": "string"},
        "expr": {"type": "string"},
        "for": _DURATION,
        "labels": _map(),
        "annotations": _map(),
    },
    ["expr"],
)
_GROUP = _object({"name": {"type": "string", "minLength": 1}, "rules": {"type": "array", "items": _RULE}}, ["name"])


def _monitor(endpoints):
    fields = {
        "jobLabel": {"type": "string"},
        "selector": _SELECTOR,
        endpoints: {"type": "array", "items": _ENDPOINT},
    }
    return _kind(_object(fields, ["selector", endpoints]))


SCHEMAS = {
    "ServiceMonitor": _monitor("endpoints"),
    "PodMonitor": _monitor("podMetricsEndpoints"),
    "PrometheusRule": _kind(_object({"groups": {"type": "array", "items": _GROUP}})),
}
