"""The JSON schema of the chart's values. Helm refuses values that do not match, and editors use it for completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hack.chart import options

Schema = Mapping[str, Any]
_TEXT: Final = {"type": "string"}
_BOOL: Final = {"type": "boolean"}
_MAP: Final = {"type": "object", "additionalProperties": _TEXT}
# Passed on to Kubernetes unchanged. The API server checks their fields.
_ANY_OBJECT: Final = {"type": "object"}
_ANY_LIST: Final = {"type": "array", "items": {"type": "object"}}
_DURATION: Final = {"type": "string", "pattern": "^([0-9]+(ms|[smhd]))+$"}
_NAME: Final = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "maxLength": 253}
# Of repositories, without https://.
_PREFIX: Final = {"type": "string", "pattern": "^[^,=/ ]*[^,=/: ](/[^,= ]*)?$"}
# The name of a shard becomes a part of the names of its Deployment and Service.
_SHARD: Final = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 40}
# Required, because a blank section would lose its switches.
_SECTIONS: Final = (
    *("image", "serviceAccount", "rbac", "policies", "quotas", "gatewayApi", "users", "crds", "pdb", "networkPolicy"),
    *("serviceMonitor", "podMonitor", "prometheusRule", "dashboard", "report"),
)
_PORTS: Final = {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 65535}, "minItems": 1}


def _object(*required: str, **properties: Schema) -> Schema:
    """Return the schema of an object with only these properties. Switches are required: Helm drops blank values."""
    switches = [name for name, schema in properties.items() if schema == _BOOL]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [*required, *switches],
        "properties": properties,
    }


def schema() -> Schema:
    """Return the schema of values.yaml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Values of the chart tronador",
        **_object(
            *_SECTIONS,
            image=_object(
                "repository",
                repository={"type": "string", "minLength": 1},
                tag={"type": "string", "pattern": r"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$"},
                digest={"type": "string", "pattern": "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})?$"},
                pullPolicy={"enum": ["", "Always", "IfNotPresent", "Never"]},
                pullSecrets={"type": "array", "items": _object(name=_NAME)},
            ),
            shards={"type": "array", "items": _SHARD, "uniqueItems": True},
            replicas={"type": "integer", "minimum": 0},
            resources=_ANY_OBJECT,
            nodeSelector=_MAP,
            tolerations=_ANY_LIST,
            affinity=_ANY_OBJECT,
            topologySpreadConstraints=_ANY_LIST,
            priorityClassName=_TEXT,
            terminationGracePeriodSeconds={"type": "integer", "minimum": 1},
            podAnnotations=_MAP,
            podLabels=_MAP,
            podSecurityContext=_ANY_OBJECT,
            securityContext=_ANY_OBJECT,
            serviceAccount=_object("name", create=_BOOL, name=_NAME, annotations=_MAP),
            rbac=_object(create=_BOOL),
            policies=_object(create=_BOOL),
            quotas=_object(enabled=_BOOL),
            gatewayApi=_object(enabled=_BOOL),
            users=_object(enabled=_BOOL),
            crds=_object(install=_BOOL),
            options=options.schema(),
            extraArgs={"type": "array", "items": _TEXT},
            extraEnv=_ANY_LIST,
            extraVolumes=_ANY_LIST,
            extraVolumeMounts=_ANY_LIST,
            pdb=_object(enabled=_BOOL, maxUnavailable={"type": ["integer", "string"], "minimum": 0}),
            networkPolicy=_object(enabled=_BOOL, apiServerPorts=_PORTS),
            serviceMonitor=_object(enabled=_BOOL, interval=_DURATION, labels=_MAP),
            podMonitor=_object(enabled=_BOOL, interval=_DURATION, labels=_MAP),
            prometheusRule=_object(enabled=_BOOL, labels=_MAP),
            dashboard=_object(enabled=_BOOL, labels=_MAP, annotations=_MAP),
            report=_object(
                enabled=_BOOL,
                credentials={
                    "type": "array",
                    "items": _object("prefix", "secret", prefix=_PREFIX, secret=_NAME),
                },
                replicas={"type": "integer", "minimum": 0},
                resources=_ANY_OBJECT,
                options=options.schema_for_report(),
            ),
            # Helm passes this to a chart that is part of another chart.
            **{"global": _ANY_OBJECT},
        ),
    }
