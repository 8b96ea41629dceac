"""The schema of `.tronador.yaml`. Each key stands for a field of the environment, and uses that field's schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.api.environment import ENVIRONMENTS, PREVIEW_URL_ANNOTATION
from controller.apimachinery.findings import Path
from controller.pipeline.schemas import Schema, schema_of

ROOT: Final = "application"
RELEASE: Final[Path] = ("spec", "application", "release")
# The keys under `application`, in the usual order, and the fields of the environment that they set.
FIELDS: Final[Mapping[str, Path]] = {
    "chart_path": (*RELEASE, "chart", "path"),
    "secret_ref": (*RELEASE, "chart", "secretRef"),
    "value_overrides": (*RELEASE, "values"),
    "values_from": (*RELEASE, "valuesFrom"),
    "namespaceLabels": ("spec", "namespaceLabels"),
    "expire_after": ("spec", "lifecycle", "expireAfter"),
    "preview_url": ("metadata", "annotations", PREVIEW_URL_ANNOTATION),
}
# Annotations have no schema of their own. The policy has the rules about URLs, with a message for each.
_SCHEMAS: Final[Mapping[str, Schema]] = {
    "preview_url": {
        "type": "string",
        "minLength": 1,
        "description": "URL of the application in the environment, with placeholders",
    },
}
# Keys that are taken from the file of the base branch if it is given. The author of a pull request must not decide
# which secrets the release reads, which labels its namespace gets, and where the link in a comment of ours leads.
POLICY_KEYS: Final = ("secret_ref", "values_from", "namespaceLabels", "preview_url")
_OLD: Final = "it dates from before the first release of Tronador and no longer has an effect; remove it"
# Unsupported keys that occur in real files, and their remedies.
KNOWN: Final[Mapping[tuple[str, ...], str]] = {
    **{(key,): f"move it under {ROOT}" for key in FIELDS},
    ("version",): _OLD,
    ("targetBranches",): _OLD,
    ("dependencies",): _OLD,
    (ROOT, "chartVarsPath"): "list values files of the chart in values_from, each with a chartFileRef",
    (ROOT, "values"): "did you mean value_overrides?",
    (ROOT, "labels"): "did you mean namespaceLabels?",
    (ROOT, "lifecycle"): "did you mean expire_after?",
    (ROOT, "url"): "did you mean preview_url?",
}


def config_schema() -> Schema:
    """Return the JSON Schema of a config file."""
    environment = schema_of(ENVIRONMENTS.kind)
    return _object(
        {
            ROOT: {
                **_object({key: _SCHEMAS.get(key) or _at(environment, path) for key, path in FIELDS.items()}),
                "required": ["chart_path"],
            }
        },
        required=[ROOT],
    )


def _object(properties: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, **others}


def _at(schema: Schema, path: Path) -> Schema:
    for step in path:
        schema = schema["properties"][step]
    return schema
