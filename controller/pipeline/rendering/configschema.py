"""The form of `.tronador.yaml`: each key is a field of the environment by another name, and has that field's schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.api.environment import ENVIRONMENTS
from controller.pipeline.schemas import Schema, definitions

ROOT: Final = "application"
RELEASE: Final = "spec.application.release"
# The keys under `application`, in the order in which people write them, and the fields of the environment.
FIELDS: Final[Mapping[str, str]] = {
    "chart_path": f"{RELEASE}.chart.path",
    "secret_ref": f"{RELEASE}.chart.secretRef",
    "value_overrides": f"{RELEASE}.values",
    "values_from": f"{RELEASE}.valuesFrom",
    "namespaceLabels": "spec.namespaceLabels",
}
# What a pull request's author must not decide where the base branch's file is given: whose secrets the release reads,
# and whose namespace it seems to be.
POLICY_KEYS: Final = ("secret_ref", "values_from", "namespaceLabels")
_OLD: Final = "it is of a Tronador before its first release, and has no meaning any more; remove it"
# Keys that are found in real files, where they are not known (any more), and what to do about them.
KNOWN: Final[Mapping[tuple[str, ...], str]] = {
    **{(key,): f"it belongs under {ROOT}; move it there" for key in FIELDS},
    ("version",): _OLD,
    ("targetBranches",): _OLD,
    ("dependencies",): _OLD,
    (ROOT, "chartVarsPath"): "files of values within the chart are named in values_from, each by a chartFileRef",
    (ROOT, "values"): "did you mean value_overrides?",
    (ROOT, "labels"): "did you mean namespaceLabels?",
}


def config_schema() -> Schema:
    """The JSON Schema of a config file."""
    environment = next(item.schema for item in definitions() if item.kind == ENVIRONMENTS.kind)
    return _object(
        {
            ROOT: {
                **_object({key: _at(environment, field) for key, field in FIELDS.items()}),
                "required": ["chart_path"],
            }
        },
        required=[ROOT],
    )


def _object(properties: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, **others}


def _at(schema: Schema, field: str) -> Schema:
    for step in field.split("."):
        schema = schema["properties"][step]
    return schema
